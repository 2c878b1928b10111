//! What a record costs after its call was answered: bytes in the journal, compressed, and in the index, and the time of the
//! threads that index and compress.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use audit::{
    Disk, EventKind, FsDisk, Journal, Options, Record, RecordedCaller, RecordedDecision, RecordedTls, Upkeep,
    Value,
};
use cloudtrail::{Advance, Index};
use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// What each of some records costs.
pub(crate) struct RecordCost {
    pub(crate) records: u64,
    /// Of the journal before it was compressed.
    pub(crate) bytes: f64,
    pub(crate) compressed_bytes: f64,
    pub(crate) index_bytes: f64,
    /// Of the processor.
    pub(crate) index_micros: f64,
    pub(crate) compression_micros: f64,
}

impl RecordCost {
    pub(crate) fn print(&self) {
        let Self { records, bytes, compressed_bytes, index_bytes, index_micros, compression_micros } = self;
        println!(
            "a record of GenerateDataKey, of {records}: {bytes:.0} bytes, compressed {compressed_bytes:.0}, in the index {index_bytes:.1}; \
             CPU for the index {index_micros:.2} µs, for compression {compression_micros:.2} µs"
        );
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let Self { records, bytes, compressed_bytes, index_bytes, index_micros, compression_micros } = self;
        serde_json::json!({
            "records": records, "bytes": bytes, "compressed_bytes": compressed_bytes, "index_bytes": index_bytes,
            "index_micros": index_micros, "compression_micros": compression_micros,
        })
    }
}

/// Keys and users that call: enough that records differ as those of a busy server do.
const KEYS: u64 = 1000;
const USERS: u64 = 100;
/// Records that are handed over before it is waited for the writer.
const GROUP: u64 = 10_000;
/// Milliseconds between two calls.
const INTERVAL_MILLIS: i64 = 5;
const BEGIN_MILLIS: i64 = 1_767_323_045_000;

/// Writes so many records of `GenerateDataKey` into a journal in this folder, indexes them and compresses them. Both stay
/// there.
pub(crate) fn measure(folder: &Path, records: u64) -> Result<RecordCost> {
    let journal: Arc<dyn Disk> = Arc::new(FsDisk::open(&folder.join("journal"))?);
    let files: Arc<dyn Disk> = Arc::new(FsDisk::open(&folder.join("index"))?);
    write(&journal, records)?;
    let upkeep = Upkeep::new(Arc::clone(&journal));
    let before = upkeep.inventory()?;
    let index = Index::new(journal, Arc::clone(&files));
    let indexed = spent(|| {
        while index.advance(&|| ())? == Advance::Further {}
        Ok(())
    })?;
    let compressed = spent(|| {
        while upkeep.compress_next(&|| Ok(()))?.is_some() {}
        Ok(())
    })?;
    let after = upkeep.inventory()?;
    // The newest segment has neither part nor compressed form, and counts for neither.
    let newest = audit::segments(&*journal_of(folder))?.pop().unwrap_or(1);
    let full = newest.saturating_sub(1).max(1);
    let mut index_bytes = 0;
    for name in files.list()?.iter().filter(|name| name.ends_with(".index")) {
        index_bytes += files.size(name)?;
    }
    let newest_bytes = journal_of(folder).size(&format!("{newest:020}.journal"))?;
    Ok(RecordCost {
        records,
        bytes: each(before.bytes - newest_bytes, full),
        compressed_bytes: each(after.bytes - newest_bytes, full),
        index_bytes: each(index_bytes, full),
        index_micros: indexed.as_secs_f64() * 1e6 / each(records, 1),
        compression_micros: compressed.as_secs_f64() * 1e6 / each(full, 1),
    })
}

fn journal_of(folder: &Path) -> Arc<dyn Disk> {
    Arc::new(FsDisk::reader(&folder.join("journal")))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
fn each(total: u64, of: u64) -> f64 {
    total as f64 / of as f64
}

fn write(disk: &Arc<dyn Disk>, records: u64) -> Result<()> {
    let (journal, _) = Journal::open(Arc::clone(disk), Options::new(*b"benchmark\0\0\0\0\0\0\0"))?;
    let mut bytes = Vec::new();
    let from = Instant::now();
    for number in 0..records {
        bytes.clear();
        record(number).encode(&mut bytes);
        while journal.hand_over(&bytes).is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if number.is_multiple_of(GROUP) && from.elapsed() > Duration::from_secs(1) {
            eprint!("\r{number} records");
        }
    }
    Ok(journal.close()?)
}

fn record(number: u64) -> Record<'static> {
    let mut draw = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = || {
        draw = draw.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (draw ^ (draw >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let id = |one: u64, two: u64| (u128::from(one) << 64 | u128::from(two)).to_be_bytes();
    let (key, user, tenant) = (random() % KEYS, random() % USERS, random() % 1000);
    let arn = format!(
        "arn:aws:kms:us-east-1:111122223333:key/{:08x}-12ab-34cd-56ef-1234567890ab",
        key * 0x9e37_79b9 % (1 << 32)
    );
    let time = BEGIN_MILLIS + i64::try_from(number).unwrap_or_default() * INTERVAL_MILLIS;
    Record {
        request_id: Some(id(random(), random())),
        service: "kms".into(),
        operation: "GenerateDataKey".into(),
        region: "us-east-1".into(),
        account: Some("111122223333".into()),
        read_only: true,
        caller: Some(RecordedCaller {
            kind: "IAMUser".into(),
            arn: format!("arn:aws:iam::111122223333:user/application-{user}").into(),
            unique_id: format!("AIDA{user:017}").into(),
            access_key_id: Some(format!("AKIA{user:016}").into()),
        }),
        decision: RecordedDecision::Allowed {
            layer: "identity-policy".into(),
            statement: Some("UseTheKeysOfTheApplication".into()),
        },
        http_status: 200,
        resources: vec![arn.clone().into()],
        parameters: vec![
            ("keyId".into(), arn.into()),
            ("keySpec".into(), "AES_256".into()),
            ("encryptionContext".into(), Value::map([("tenant", format!("t-{tenant}"))])),
        ],
        source: Some(format!("10.1.2.{user}").into()),
        user_agent: Some(
            "Boto3/1.44.8 md/Botocore#1.44.8 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7".into(),
        ),
        tls: Some(RecordedTls { version: "TLSv1.3".into(), cipher: "TLS_AES_128_GCM_SHA256".into() }),
        host: Some("kms.us-east-1.amazonaws.com".into()),
        additional: Some(Value::map([("keyMaterialId", format!("{:064x}", key * 0x9e37_79b9_7f4a))])),
        ..Record::new(EventKind::ApiCall, id(random(), random()), time)
    }
}

/// The time of the processor that this takes.
fn spent(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(
            u64::try_from(time.tv_sec).unwrap_or_default(),
            u32::try_from(time.tv_nsec).unwrap_or_default(),
        )
    };
    let from = now();
    work()?;
    Ok(now().saturating_sub(from))
}
