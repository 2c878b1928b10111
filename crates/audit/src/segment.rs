//! One file of the journal: its name, its header, and what a look through it finds.
//!
//! A segment is a header and frames. The header ends in its own hash; the first frame builds on this hash. The
//! header also holds the last chain value of the previous segment, so the chain runs through all segments.

use crate::chain::{CHAIN_LEN, Chain, Frame, frame_at, hash, synced_frame_behind};
use crate::error::{Damage, Reason};

/// Names a node; each node has a journal and a chain of its own.
pub type Node = [u8; 16];

/// Bytes of a segment's header.
pub(crate) const HEADER_LEN: usize = 96;

/// First bytes of every segment: what it is, and the version of its format.
const MAGIC: [u8; 8] = *b"KWJRNL01";

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) node: Node,
    /// Sequence number of the first record.
    pub(crate) first: u64,
    /// The last chain value of the previous segment; zeroes in the first.
    pub(crate) before: Chain,
}

/// A segment whose every frame verified, up to where it ends or is torn.
pub(crate) struct Segment {
    pub(crate) file: String,
    pub(crate) header: Header,
    /// Sequence number after the last record.
    pub(crate) next: u64,
    pub(crate) chain: Chain,
    /// Bytes up to the end of the last whole frame.
    pub(crate) len: usize,
    /// Bytes behind `len` that are no frame; nobody had been promised them.
    pub(crate) torn: usize,
    /// Zero bytes at the end: room that no frame has used yet.
    pub(crate) room: usize,
}

/// The frames of a segment from its header on, as long as they verify.
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.node);
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.before);
        let check = hash(&bytes);
        bytes.extend_from_slice(&check);
        bytes
    }

    /// The header at the start of `bytes` with the chain value that the first frame builds on.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, Chain)> {
        let (stated, check) = bytes.get(..HEADER_LEN)?.split_last_chunk::<CHAIN_LEN>()?;
        let (magic, rest) = stated.split_first_chunk::<8>()?;
        let (node, rest) = rest.split_first_chunk::<16>()?;
        let (first, before) = rest.split_first_chunk::<8>()?;
        let header = Self { node: *node, first: u64::from_le_bytes(*first), before: *before.first_chunk()? };
        (*magic == MAGIC && hash(stated) == *check).then_some((header, *check))
    }
}

impl Segment {
    /// Checks a whole segment and shows each record to `visit`. Only the newest segment may be torn: every other one was
    /// synced before its successor was made.
    pub(crate) fn check(
        file: &str,
        bytes: &[u8],
        is_newest: bool,
        visit: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<Self, Damage> {
        let damage = |offset: usize, reason| Damage { file: file.to_owned(), offset: offset as u64, reason };
        let Some((header, mut chain)) = Header::decode(bytes) else {
            return Err(damage(0, Reason::Header));
        };
        if header.first == 0 || parse_name(file) != Some(header.first) {
            return Err(damage(0, Reason::Header));
        }
        let mut next = header.first;
        let mut frames = Frames::new(bytes);
        for frame in &mut frames {
            visit(next, frame.payload);
            chain = frame.chain;
            next = next.saturating_add(1);
        }
        let len = frames.at;
        // Zeroes are no frame; they tell nothing that their absence would not.
        let room = bytes.iter().skip(len).rev().take_while(|byte| **byte == 0).count();
        let torn = bytes.len() - len - room;
        if torn > 0 && (!is_newest || synced_frame_behind(bytes, len)) {
            return Err(damage(len, Reason::Frame));
        }
        Ok(Self { file: file.to_owned(), header, next, chain, len, torn, room })
    }

    /// Whether `self` follows `before` without a gap and on the same chain.
    pub(crate) fn check_follows(&self, before: &Self) -> Result<(), Damage> {
        let reason = if self.header.first != before.next {
            Reason::Gap
        } else if self.header.before != before.chain || self.header.node != before.header.node {
            Reason::Chain
        } else {
            return Ok(());
        };
        Err(Damage { file: self.file.clone(), offset: 0, reason })
    }
}

impl<'a> Frames<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: HEADER_LEN }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let frame = frame_at(self.bytes, self.at)?;
        self.at = frame.end;
        Some(frame)
    }
}

/// Whether a crash cut the making of the newest segment short. The segment then cannot hold a record.
pub(crate) fn is_unfinished(bytes: &[u8]) -> bool {
    bytes.len() <= HEADER_LEN && Header::decode(bytes).is_none()
}

/// Checks that an unfinished segment's name continues where the journal ends.
pub(crate) fn check_number(file: &str, next: u64) -> Result<(), Damage> {
    if parse_name(file) == Some(next) {
        return Ok(());
    }
    Err(Damage { file: file.to_owned(), offset: 0, reason: Reason::Gap })
}

/// The file of the segment that begins with record `first`; names sort as their records do.
pub(crate) fn name(first: u64) -> String {
    format!("{first:020}.journal")
}

/// The sequence number in a segment's name; `None` for other files.
pub(crate) fn parse_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".journal")?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_back_and_any_change_is_seen() {
        let header = Header { node: [1; 16], first: 77, before: [2; CHAIN_LEN] };
        let bytes = header.encode();
        assert_eq!(bytes.len(), HEADER_LEN);
        assert_eq!(Header::decode(&bytes).unwrap().0, header);
        for at in 0..HEADER_LEN {
            let mut bad = bytes.clone();
            bad[at] ^= 0x80;
            assert!(Header::decode(&bad).is_none(), "offset {at}");
        }
        assert!(Header::decode(&bytes[..HEADER_LEN - 1]).is_none());
    }

    #[test]
    fn names_sort_as_numbers_and_foreign_files_are_none() {
        assert_eq!(name(42), "00000000000000000042.journal");
        assert_eq!(parse_name(&name(u64::MAX)), Some(u64::MAX));
        assert!(name(9) < name(10));
        for other in ["lock", "1.journal", "0000000000000000004x.journal", "00000000000000000042.torn"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }
}
