//! The files of one delivery.

use std::{collections::BTreeMap, mem, sync::Arc};

use audit::{MerkleTree, Placed, RangePiece, RangeReader, Record};
use model::Timestamp;
use state::replaced;
use trail::{ContentsHash, events, log_file_name};

use super::{
    Delivery, NotDelivered,
    bundle::{Bundle, Bundled},
    place,
};
use crate::{
    buckets::BucketObject,
    progress::Progress,
    records::{BegunRecord, ChainRecord, FileRecord, ProgressRecord, TreeRecord},
};

/// Files that digests list together at most, about: a record of the store has to hold them until then.
const FILES_MAX: usize = 500;

/// What a delivery has gathered and put so far.
struct Gathered {
    /// By Region.
    open: BTreeMap<String, Bundle>,
    /// Files that are full, in their order.
    full: Vec<(String, Bundle)>,
    /// How many files there were before.
    parts: u32,
    put: Vec<(String, FileRecord)>,
    tree: Option<Tree>,
    broken: Option<std::io::Error>,
}

/// The records that the next digests account for.
struct Tree {
    first: u64,
    tree: MerkleTree,
    chain: Vec<u8>,
}

impl Delivery<'_> {
    /// Puts the files of a delivery that has begun, and notes that it is done.
    pub(super) async fn put_files(
        &self,
        progress: &Progress,
        begun: &BegunRecord,
    ) -> Result<(), NotDelivered> {
        let mut gathered = Gathered {
            open: BTreeMap::new(),
            full: Vec::new(),
            parts: 0,
            put: Vec::new(),
            tree: self.trail.settings.validated.then(|| Tree::of(&progress.record)),
            broken: None,
        };
        let mut reader = RangeReader::new(Arc::clone(&self.service.journal), progress.record.next..begun.to);
        loop {
            let piece = reader.read(&mut |placed| self.add(&mut gathered, &progress.record, placed));
            match piece.map_err(NotDelivered::Journal)? {
                RangePiece::Further => self.put_full(&mut gathered, progress, begun).await?,
                RangePiece::Missing(records) => {
                    // Digests tell of records one after the other: they go on behind the gap.
                    gathered.tree = gathered.tree.map(|_| Tree::from(reader.next_sequence()));
                    tracing::error!(trail = %self.trail.id, records, "records were moved away before they were delivered");
                }
                RangePiece::Last => break,
            }
        }
        if reader.next_sequence() < begun.to {
            return Err(NotDelivered::Ended(reader.next_sequence()));
        }
        let rest = mem::take(&mut gathered.open);
        gathered.full.extend(rest);
        self.put_full(&mut gathered, progress, begun).await?;
        let done = self.done(&progress.record, begun, gathered);
        self.commit(replaced(progress, &progress.with(done))).await
    }

    fn add(&self, gathered: &mut Gathered, progress: &ProgressRecord, placed: Placed<'_>) {
        if let Some(tree) = &mut gathered.tree {
            tree.add(placed);
        }
        // A record that a later version wrote in another way is none that can be shown.
        let Ok(record) = Record::decode(placed.payload) else { return };
        // Times say nothing if the clock went back before the end: more is delivered then rather than less.
        let ended = self.trail.stopped.map(Timestamp::as_millis).filter(|ended| *ended >= progress.clock);
        if ended.is_some_and(|ended| record.time_ms > ended) {
            return;
        }
        for event in events(&record).iter().filter(|event| self.trail.wants(event)) {
            let region = event.region().to_owned();
            match gathered.open.entry(region.clone()).or_insert_with(Bundle::new).add(event) {
                Ok(false) => {}
                Ok(true) => gathered.full.extend(gathered.open.remove_entry(&region)),
                Err(error) => gathered.broken = Some(error),
            }
        }
    }

    async fn put_full(
        &self,
        gathered: &mut Gathered,
        progress: &Progress,
        begun: &BegunRecord,
    ) -> Result<(), NotDelivered> {
        if let Some(error) = gathered.broken.take() {
            return Err(NotDelivered::Memory(error));
        }
        for (region, bundle) in mem::take(&mut gathered.full) {
            let part = gathered.parts;
            gathered.parts += 1;
            let Bundled { contents, hash, oldest, newest } = bundle.finish().map_err(NotDelivered::Memory)?;
            let at = Timestamp::from_millis(begun.at);
            let name = log_file_name(&place(self.trail, &region), at, &unique(progress, part));
            let kms_key = self.trail.settings.kms_key.as_deref();
            self.bucket()?
                .put(BucketObject { name: &name, contents, metadata: &[], kms_key })
                .await
                .map_err(NotDelivered::Put)?;
            let bucket = self.trail.settings.bucket.clone();
            gathered.put.push((region, FileRecord { bucket, name, hash, oldest, newest }));
        }
        Ok(())
    }

    /// How far it is, once the files are there.
    fn done(&self, before: &ProgressRecord, begun: &BegunRecord, gathered: Gathered) -> ProgressRecord {
        let validated = self.trail.settings.validated;
        let stopped = self.trail.stopped.is_some();
        let caught_up = self.backstage.journal.synced_sequence() <= begun.to;
        let ends = stopped && caught_up;
        let mut chains = if validated { before.chains.clone() } else { BTreeMap::new() };
        let delivered = (!gathered.put.is_empty()).then_some(begun.at).or(before.delivered);
        if validated {
            chains.entry(self.trail.id.home.to_string()).or_insert_with(ChainRecord::new);
            for (region, file) in gathered.put {
                chains.entry(region).or_insert_with(ChainRecord::new).files.push(file);
            }
        }
        let is_hour = self.is_past(before.digest_clock, super::DIGEST_MILLIS);
        let is_full = chains.values().map(|chain| chain.files.len()).sum::<usize>() >= FILES_MAX;
        let digests = validated && (ends || is_hour || is_full);
        // Where validation was turned on, the first digest begins there.
        let start = if validated && before.chains.is_empty() && before.records.is_none() {
            before.start.max(before.delivered.unwrap_or(before.start))
        } else {
            before.start
        };
        let end = self.name_after(&ProgressRecord { named: begun.at.max(start), ..before.clone() });
        ProgressRecord {
            next: begun.to,
            clock: self.now.as_millis(),
            named: if digests { end } else { begun.at },
            begun: None,
            ended: ends,
            start,
            chains,
            records: gathered.tree.map(TreeRecord::from),
            digesting: digests.then_some(end),
            delivered,
            ..before.clone()
        }
    }
}

impl Tree {
    fn of(progress: &ProgressRecord) -> Self {
        let grown = progress.records.as_ref().and_then(|stored| {
            let tree = MerkleTree::grown(stored.records, &stored.peaks)?;
            Some(Self { first: stored.first, tree, chain: stored.chain.clone() })
        });
        grown.unwrap_or_else(|| Self::from(progress.next))
    }

    fn add(&mut self, placed: Placed<'_>) {
        if self.tree.is_empty() {
            self.first = placed.sequence;
        }
        self.tree.add(placed.payload);
        self.chain = placed.chain.to_vec();
    }
}

/// Without a record yet, from this sequence number on.
impl From<u64> for Tree {
    fn from(first: u64) -> Self {
        Self { first, tree: MerkleTree::new(), chain: Vec::new() }
    }
}

impl From<Tree> for TreeRecord {
    fn from(Tree { first, tree, chain }: Tree) -> Self {
        Self { first, records: tree.len(), peaks: tree.to_bytes(), chain }
    }
}

impl ChainRecord {
    fn new() -> Self {
        Self { files: Vec::new(), last: None }
    }
}

/// Sixteen letters and digits, which are the same when the same records are put again, and others for others.
fn unique(progress: &Progress, part: u32) -> String {
    let ProgressRecord { trail, next, .. } = progress.record;
    let named = format!("{} {trail} {} {next} {part}", progress.trail, progress.node);
    let hash = ContentsHash::of(named.as_bytes());
    hash.get(..16).unwrap_or_default().to_owned()
}
