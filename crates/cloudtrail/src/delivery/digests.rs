//! The digests of an hour: one for each Region.

use std::sync::Arc;

use base16ct::lower::encode_string as hexadecimal;
use base64_simd::STANDARD;
use dispatch::{Backstage, ServiceEvent};
use model::Timestamp;
use state::replaced;
use trail::{
    ContentsHash, Digest, DigestedFile, DigestedRecords, HASH_ALGORITHM, SIGNATURE_ALGORITHM, SignedDigest,
    digest_name,
};

use super::{Delivery, NotDelivered, bundle::compressed, place};
use crate::{
    buckets::BucketObject,
    digest_keys::DigestKey,
    progress::Progress,
    records::{ChainRecord, FileRecord, LastRecord, ProgressRecord, TreeRecord},
    tables::Tables,
};

impl Delivery<'_> {
    /// Puts the digests that end at a time, and notes that it is done.
    pub(super) async fn digest(
        &self,
        tables: &Tables,
        progress: &Progress,
        end: i64,
    ) -> Result<(), NotDelivered> {
        let Some(key) = self.key(tables, end).await? else { return Ok(()) };
        let mut chains = progress.record.chains.clone();
        for (region, chain) in &mut chains {
            let last = self.put_digest(&progress.record, (region, chain), &key, end).await?;
            *chain = ChainRecord { files: Vec::new(), last: Some(last) };
        }
        let record = &progress.record;
        let records = record.records.as_ref().map(|tree| TreeRecord {
            first: record.next,
            records: 0,
            peaks: Vec::new(),
            chain: tree.chain.clone(),
        });
        let done = ProgressRecord {
            start: end,
            digest_clock: self.now.as_millis(),
            chains,
            records,
            digesting: None,
            digested: Some(end),
            ..record.clone()
        };
        self.commit(replaced(progress, &progress.with(done))).await
    }

    /// Puts the digest of one Region, and keeps a copy here.
    async fn put_digest(
        &self,
        progress: &ProgressRecord,
        (region, chain): (&str, &ChainRecord),
        key: &DigestKey,
        end: i64,
    ) -> Result<LastRecord, NotDelivered> {
        let digest = self.made(progress, (region, chain), key, end);
        let contents = digest.to_json().map_err(|error| NotDelivered::Memory(error.into()))?;
        let hash = ContentsHash::of(contents.as_bytes());
        let text = digest.signed_text(&hash);
        let signature = key.sign(&self.service.strongroom, &text, &*self.backstage.entropy);
        let signature = hexadecimal(&signature.map_err(NotDelivered::Strongroom)?);
        let metadata =
            [("signature", signature.clone()), ("signature-algorithm", SIGNATURE_ALGORITHM.to_owned())];
        let object = BucketObject {
            name: &digest.digest_s3_object,
            contents: compressed(contents.as_bytes()).map_err(NotDelivered::Memory)?,
            metadata: &metadata,
            kms_key: self.trail.settings.kms_key.as_deref(),
        };
        self.bucket()?.put(object).await.map_err(NotDelivered::Put)?;
        let copy = SignedDigest {
            digest: contents,
            signature: signature.clone(),
            public_key: STANDARD.encode_to_string(&key.public_key),
        };
        self.service
            .copies
            .keep((&self.trail.id, region), Timestamp::from_millis(end), &copy)
            .map_err(NotDelivered::Memory)?;
        Ok(LastRecord { bucket: digest.digest_s3_bucket, name: digest.digest_s3_object, hash, signature })
    }

    fn made(
        &self,
        progress: &ProgressRecord,
        (region, chain): (&str, &ChainRecord),
        key: &DigestKey,
        end: i64,
    ) -> Digest {
        let id = &self.trail.id;
        let time = |millis: i64| Timestamp::from_millis(millis).to_iso8601();
        let last = chain.last.as_ref();
        let name =
            digest_name(&place(self.trail, region), &id.name, id.home.as_str(), Timestamp::from_millis(end));
        Digest {
            aws_account_id: id.account.to_string(),
            digest_start_time: time(progress.start),
            digest_end_time: time(end),
            digest_s3_bucket: self.trail.settings.bucket.clone(),
            digest_s3_object: name,
            digest_public_key_fingerprint: key.fingerprint.clone(),
            digest_signature_algorithm: SIGNATURE_ALGORITHM.to_owned(),
            newest_event_time: chain.files.iter().map(|file| file.newest).max().map(time),
            oldest_event_time: chain.files.iter().map(|file| file.oldest).min().map(time),
            previous_digest_s3_bucket: last.map(|last| last.bucket.clone()),
            previous_digest_s3_object: last.map(|last| last.name.clone()),
            previous_digest_hash_value: last.map(|last| last.hash.clone()),
            previous_digest_hash_algorithm: last.map(|_| HASH_ALGORITHM.to_owned()),
            previous_digest_signature: last.map(|last| last.signature.clone()),
            log_files: chain.files.iter().map(digested).collect(),
            // A tree that has never had a record has nothing to tell.
            journal: progress
                .records
                .as_ref()
                .filter(|tree| !tree.chain.is_empty())
                .map(|tree| self.accounted(tree)),
        }
    }

    fn accounted(&self, tree: &TreeRecord) -> DigestedRecords {
        DigestedRecords {
            node: self.service.node.clone(),
            first_sequence: tree.first,
            records: tree.records,
            merkle_root: hexadecimal(
                &audit::MerkleTree::grown(tree.records, &tree.peaks).unwrap_or_default().root(),
            ),
            chain_value: hexadecimal(&tree.chain),
        }
    }

    /// The key that signs at this time: the newest, or one that is made now. `None` if another node has just made one; memory has
    /// it for the next look.
    async fn key(&self, tables: &Tables, at: i64) -> Result<Option<Arc<DigestKey>>, NotDelivered> {
        let newest = tables.digest_keys().pop();
        let at = Timestamp::from_millis(at);
        if let Some(key) = newest.filter(|key| key.signs_at(at)) {
            return Ok(Some(key));
        }
        let Backstage { entropy, .. } = self.backstage;
        let key = DigestKey::generate(&self.service.strongroom, at, &**entropy);
        let key = key.map_err(NotDelivered::Strongroom)?;
        let event = ServiceEvent {
            service: "cloudtrail",
            name: "CreateDigestKey",
            account: String::new(),
            region: String::new(),
            resource: String::new(),
            details: vec![("fingerprint", key.fingerprint.clone())],
        };
        let made = self.backstage.commit(&[event], key.kept()).await?;
        Ok(made.then(|| Arc::new(key)))
    }
}

fn digested(file: &FileRecord) -> DigestedFile {
    let time = |millis: i64| Timestamp::from_millis(millis).to_iso8601();
    DigestedFile {
        s3_bucket: file.bucket.clone(),
        s3_object: file.name.clone(),
        hash_value: file.hash.clone(),
        hash_algorithm: HASH_ALGORITHM.to_owned(),
        newest_event_time: time(file.newest),
        oldest_event_time: time(file.oldest),
    }
}
