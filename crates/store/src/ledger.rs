//! Ledgers: running accounts of all records, so that a record that is missing or put back shows.
//!
//! Every batch advances one ledger of its node, in the same commit: the ledger's sum gains the terms of what the batch
//! writes and loses the terms of what the batch replaces or removes. The terms of all records therefore sum up to the
//! sums of all ledgers, whichever nodes wrote them and in whichever order.
//!
//! A ledger serves one commit at a time. A node has several, so that its commits need not wait for each other, and
//! no two nodes share one. So that none of them can be put back alone with the records that it accounts for, each
//! ledger also notes how far all the other ledgers were when it was written: see `docs/key-hierarchy.md`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::notary::TERM_BYTES;
use crate::{Key, Revision, StoreError};

/// How many ledgers a node has at most: so many of its commits can be under way at the same time.
const LEDGERS_MAX: u16 = 32;
/// All ledgers lie between these keys.
pub(crate) const RANGE: (&[u8], &[u8]) = (b"-/-/ledger/", b"-/-/ledger0");

/// Which node a ledger belongs to.
pub(crate) type Node = [u8; 16];

/// A number of records, and the sum of their terms modulo 2^256. Not to be shown: whoever knows sums may find other
/// records with the same sum.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Balance {
    high: u128,
    low: u128,
    records: i64,
}

/// How far each ledger of each node is: the versions, in the order of the ledgers' numbers. 0 for none.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Seen(BTreeMap<Node, Vec<u64>>);

/// What is written in a ledger.
pub(crate) struct Entry {
    pub(crate) balance: Balance,
    pub(crate) seen: Seen,
}

/// A ledger as the store has it.
#[derive(Clone, Copy)]
pub(crate) struct LedgerState {
    /// Where it was last changed; `None` if there is none yet.
    pub(crate) at: Option<Revision>,
    pub(crate) version: u64,
    pub(crate) balance: Balance,
}

/// The ledgers of this node, and what is known of those of all nodes.
pub(crate) struct Ledgers {
    node: Node,
    places: Semaphore,
    /// The ledgers that no commit uses, by number; `None` for one that has to be read first.
    idle: Mutex<BTreeMap<u16, Option<LedgerState>>>,
    seen: Mutex<Seen>,
    /// The highest version that was seen or given out.
    clock: AtomicU64,
}

/// A ledger in the hands of one commit. Unless [`Taken::leave`] says how it stands, the next commit reads it first.
pub(crate) struct Taken<'a> {
    ledgers: &'a Ledgers,
    number: u16,
    standing: Option<LedgerState>,
    _place: SemaphorePermit<'a>,
}

impl Balance {
    pub(crate) fn add(&mut self, term: &[u8; TERM_BYTES]) {
        self.records = self.records.wrapping_add(1);
        self.shift(halves(term), false);
    }

    pub(crate) fn subtract(&mut self, term: &[u8; TERM_BYTES]) {
        self.records = self.records.wrapping_sub(1);
        self.shift(halves(term), true);
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.records = self.records.wrapping_add(other.records);
        self.shift((other.high, other.low), false);
    }

    /// How many records it is about.
    pub(crate) fn records(&self) -> i64 {
        self.records
    }

    fn shift(&mut self, (high, low): (u128, u128), down: bool) {
        let (low, carried) = if down { self.low.overflowing_sub(low) } else { self.low.overflowing_add(low) };
        let high = high.wrapping_add(u128::from(carried));
        self.high = if down { self.high.wrapping_sub(high) } else { self.high.wrapping_add(high) };
        self.low = low;
    }
}

fn halves(term: &[u8; TERM_BYTES]) -> (u128, u128) {
    let (high, low) = term.split_at(TERM_BYTES / 2);
    let number = |half: &[u8]| half.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    (number(high), number(low))
}

impl Seen {
    /// Notes that a ledger has come this far.
    pub(crate) fn note(&mut self, node: Node, number: u16, version: u64) {
        let versions = self.0.entry(node).or_default();
        let index = usize::from(number);
        if versions.len() <= index {
            versions.resize(index + 1, 0);
        }
        if let Some(known) = versions.get_mut(index) {
            *known = version.max(*known);
        }
    }

    /// The first ledger that is not as far in `self` as it is in `other`.
    pub(crate) fn behind(&self, other: &Self) -> Option<Key> {
        other.0.iter().find_map(|(node, versions)| {
            let own = self.0.get(node).map(Vec::as_slice).unwrap_or_default();
            let index = versions
                .iter()
                .enumerate()
                .position(|(index, version)| *version > own.get(index).copied().unwrap_or_default())?;
            Some(key(node, u16::try_from(index).ok()?))
        })
    }
}

impl Entry {
    /// Sum, number of records, number of nodes; for each node its id, the number of its ledgers, their versions.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Balance { high, low, records } = self.balance;
        let mut bytes = [&high.to_be_bytes()[..], &low.to_be_bytes(), &records.to_be_bytes()].concat();
        bytes.extend(count(self.seen.0.len()));
        for (node, versions) in &self.seen.0 {
            bytes.extend(node);
            bytes.extend(count(versions.len()));
            bytes.extend(versions.iter().flat_map(|version| version.to_be_bytes()));
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let high = u128::from_be_bytes(chunk(&mut rest)?);
        let low = u128::from_be_bytes(chunk(&mut rest)?);
        let records = i64::from_be_bytes(chunk(&mut rest)?);
        let mut seen = Seen::default();
        for _ in 0..u16::from_be_bytes(chunk(&mut rest)?) {
            let node = chunk(&mut rest)?;
            let ledgers = u16::from_be_bytes(chunk(&mut rest)?);
            let versions = (0..ledgers).map(|_| chunk(&mut rest).map(u64::from_be_bytes));
            seen.0.insert(node, versions.collect::<Option<_>>()?);
        }
        rest.is_empty().then_some(Self { balance: Balance { high, low, records }, seen })
    }
}

fn count(of: usize) -> [u8; 2] {
    u16::try_from(of).unwrap_or(u16::MAX).to_be_bytes()
}

fn chunk<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*chunk)
}

/// Where a ledger stands.
pub(crate) fn key(node: &Node, number: u16) -> Key {
    let node: String = node.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("-/-/ledger/{node}/{number:05}").into()
}

/// Whose ledger stands under a key.
pub(crate) fn parse_key(key: &[u8]) -> Option<(Node, u16)> {
    let text = std::str::from_utf8(key.strip_prefix(RANGE.0)?).ok()?;
    let (node, number) = text.split_once('/')?;
    let id = u128::from_str_radix(node, 16).ok()?.to_be_bytes();
    let number = number.parse().ok()?;
    // Only the one way of writing it.
    (self::key(&id, number) == key).then_some((id, number))
}

/// Whether a key is a ledger's.
pub(crate) fn is_ledger(key: &[u8]) -> bool {
    key.starts_with(RANGE.0)
}

impl Ledgers {
    pub(crate) fn new(node: Node) -> Self {
        Self {
            node,
            places: Semaphore::new(LEDGERS_MAX.into()),
            idle: Mutex::new((0..LEDGERS_MAX).map(|number| (number, None)).collect()),
            seen: Mutex::default(),
            clock: AtomicU64::new(0),
        }
    }

    /// Takes the lowest ledger that no other commit uses; waits for one.
    pub(crate) async fn take(&self) -> Result<Taken<'_>, StoreError> {
        let gone = || StoreError::Unavailable("there is no ledger".to_owned());
        let place = self.places.acquire().await.map_err(|_| gone())?;
        let (number, standing) = lock(&self.idle).pop_first().ok_or_else(gone)?;
        Ok(Taken { ledgers: self, number, standing, _place: place })
    }

    /// Notes that a record of this version exists.
    pub(crate) fn learn(&self, version: u64) {
        self.clock.fetch_max(version, Ordering::AcqRel);
    }

    /// Notes that a ledger has come this far.
    pub(crate) fn learn_of(&self, node: Node, number: u16, version: u64) {
        self.learn(version);
        lock(&self.seen).note(node, number, version);
    }

    /// A version that is higher than all that were seen or given out.
    pub(crate) fn next_version(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::AcqRel).saturating_add(1)
    }

    /// How far all ledgers are known to be.
    pub(crate) fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

impl Taken<'_> {
    /// Where the ledger stands.
    pub(crate) fn key(&self) -> Key {
        key(&self.ledgers.node, self.number)
    }

    /// How the ledger stands, if that is known. From here on it is not, until [`Taken::leave`] says so again.
    pub(crate) fn standing(&mut self) -> Option<LedgerState> {
        self.standing.take()
    }

    /// Says how the ledger stands.
    pub(crate) fn leave(&mut self, standing: LedgerState) {
        if standing.at.is_some() {
            self.ledgers.learn_of(self.ledgers.node, self.number, standing.version);
        }
        self.standing = Some(standing);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // Before the place becomes free: whoever gets a place finds a ledger.
        lock(&self.ledgers.idle).insert(self.number, self.standing.take());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_carry_and_borrow() {
        let (mut one, mut all) = ([0; TERM_BYTES], [0xFF; TERM_BYTES]);
        one[TERM_BYTES - 1] = 1;
        all[0] = 0x7F;
        let mut balance = Balance::default();
        balance.subtract(&one);
        assert!(balance == Balance { high: u128::MAX, low: u128::MAX, records: -1 });
        balance.add(&one);
        assert!(balance == Balance::default());
        balance.add(&all);
        balance.add(&one);
        assert!(balance == Balance { high: 1 << 127, low: 0, records: 2 });
        balance.subtract(&one);
        balance.subtract(&all);
        assert!(balance == Balance::default());
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let mut seen = Seen::default();
        seen.note([1; 16], 0, 7);
        seen.note([2; 16], 3, 9);
        let balance = Balance { high: 1, low: 2, records: -3 };
        let bytes = Entry { balance, seen: seen.clone() }.to_bytes();
        let read = Entry::from_bytes(&bytes).unwrap();
        assert!(read.balance == balance && read.seen == seen);
        assert!(Entry::from_bytes(&bytes[1..]).is_none());
        assert!(Entry::from_bytes(&[&bytes[..], &[0]].concat()).is_none());
    }

    #[test]
    fn who_is_behind_is_named() {
        let (mut now, mut noted) = (Seen::default(), Seen::default());
        now.note([1; 16], 1, 5);
        noted.note([1; 16], 1, 5);
        assert_eq!(now.behind(&noted), None);
        noted.note([1; 16], 1, 6);
        assert_eq!(now.behind(&noted), Some(key(&[1; 16], 1)));
        assert_eq!(Seen::default().behind(&now), Some(key(&[1; 16], 1)));
    }

    #[test]
    fn a_key_has_one_form() {
        let (node, number) = (*b"a simulated node", 12);
        assert_eq!(parse_key(&key(&node, number)), Some((node, number)));
        for other in ["-/-/ledger/+1/00012", "-/-/ledger/61/12", "-/-/ledger/", "-/-/seal"] {
            assert_eq!(parse_key(other.as_bytes()), None, "{other}");
        }
    }
}
