mod folders;
mod journals;

use std::{
    fs,
    io::Write,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex},
};

use audit::{Disk, EventKind, FsDisk, Record, RecordedCaller};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use tempfile::TempDir;
use trail::{
    Digest, DigestedFile, EventId, HASH_ALGORITHM, SignedDigest,
    testing::{ACCOUNT, BUCKET, DigestSigner, REGION, TRAIL, digested},
};

use super::*;
use crate::explain::tests::journal_of;

/// One key for all tests: making one takes long. Each test has its own chain.
static KEYS: LazyLock<Mutex<DigestSigner>> = LazyLock::new(|| Mutex::new(DigestSigner::new()));

type Records = Vec<(u64, Vec<u8>, [u8; 32])>;

/// A data directory, or a folder of delivered files, and the file with the public keys.
struct Stage {
    root: TempDir,
    keys: PathBuf,
}

impl Stage {
    fn new(root: TempDir) -> Self {
        let keys = root.path().join("keys.json");
        fs::write(&keys, KEYS.lock().unwrap().public_keys()).unwrap();
        Self { root, keys }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// What `trail verify` prints, and how it ends.
    fn verify(&self, name: &str) -> (String, Result<(), String>) {
        self.verify_with(name, None)
    }

    fn verify_with(&self, name: &str, digests: Option<&Path>) -> (String, Result<(), String>) {
        let mut verified = VerifiedTotals::default();
        let ended = verify(&self.path(name), &self.keys, digests, &mut verified);
        let mut told = Vec::new();
        verified.tell(&mut told).unwrap();
        (String::from_utf8(told).unwrap(), ended.map_err(|error| error.to_string()))
    }

    fn holds(&self, name: &str) -> String {
        let (told, ended) = self.verify(name);
        ended.unwrap();
        told
    }

    #[track_caller]
    fn fails(&self, name: &str, expected: &str) {
        let (_, ended) = self.verify(name);
        let what = ended.expect_err("it was verified");
        assert!(what.contains(expected), "{what}");
    }
}
