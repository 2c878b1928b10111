//! A gateway against a naive model of it: a map. Whatever is done in whatever order, with a KMS that refuses at times, a clock
//! that goes on and a gateway that starts again, what was acknowledged is there, and what was refused changed nothing.

use std::collections::{BTreeMap, HashMap};

use crate::{
    kms::Refusal,
    world::{Answer, World},
};

/// How an object is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sealing {
    /// Under the gateway's own key.
    S3,
    Kms,
    BucketKey,
}

#[derive(Debug, Clone)]
struct Kept {
    content: Vec<u8>,
    sealing: Sealing,
}

/// What is done, and to whom it is compared.
struct Model {
    world: World,
    random: Random,
    objects: BTreeMap<String, Kept>,
    /// When the gateway asked KMS last for a bucket key, by how it is used. So long afterwards it need not ask.
    known: HashMap<Sealing, i64>,
    seconds: i64,
}

const NAMES: [&str; 5] = ["a", "a-b", "a/b", "a/b/c", "z"];
const SECONDS_OF_BUCKET_KEYS: i64 = 300;
/// More than a chunk, and more than a batch of them.
const BYTES_MAX: usize = 400_000;

#[tokio::test]
async fn it_is_as_a_map() {
    for seed in 0..4 {
        let mut model = Model::new(seed).await;
        for _ in 0..60 {
            model.step().await;
        }
        model.compare().await;
    }
}

impl Model {
    async fn new(seed: u64) -> Self {
        let world = World::new().await;
        assert_eq!(world.ask("PUT", "/shelf", &[], b"").await.status, 200);
        Self { world, random: Random(seed), objects: BTreeMap::new(), known: HashMap::new(), seconds: 0 }
    }

    async fn step(&mut self) {
        let name = NAMES[self.random.below(NAMES.len())];
        match self.random.below(12) {
            0..=3 => self.put(name).await,
            4 | 5 => self.get(name).await,
            6 => self.copy(name).await,
            7 => self.delete(name).await,
            8 => self.reencrypt(name).await,
            9 => self.list().await,
            10 => {
                let refusal = Refusal::ALL[self.random.below(4)];
                self.world.kms.refuse((self.random.below(2) == 0).then_some(refusal));
            }
            _ if self.random.below(2) == 0 => {
                let seconds = i64::try_from(self.random.below(400)).unwrap();
                self.world.clock.go_on(seconds);
                self.seconds += seconds;
            }
            _ => {
                self.world.restart().await;
                self.known.clear();
            }
        }
    }

    async fn put(&mut self, name: &str) {
        let (content, sealing) = (self.content(), self.sealing());
        let answer = self.world.ask("PUT", &path(name), sealing.headers(), &content).await;
        if self.went_well(&answer, &[sealing]) {
            assert_eq!(answer.header("x-amz-server-side-encryption"), Some(sealing.shown()));
            self.objects.insert(name.to_owned(), Kept { content, sealing });
        }
    }

    async fn get(&mut self, name: &str) {
        let Some(kept) = self.objects.get(name).cloned() else {
            let answer = self.world.ask("GET", &path(name), &[], b"").await;
            return assert_eq!(answer.refused(), (404, "NoSuchKey".to_owned()));
        };
        let length = kept.content.len();
        let (start, end) = (self.random.below(BYTES_MAX), self.random.below(BYTES_MAX));
        if start <= end && start < length {
            let range = format!("bytes={start}-{end}");
            let answer = self.world.ask("GET", &path(name), &[("range", &range)], b"").await;
            if self.went_well(&answer, &[kept.sealing]) {
                assert_eq!((answer.status, &*answer.body), (206, &kept.content[start..length.min(end + 1)]));
            }
        } else {
            let answer = self.world.ask("GET", &path(name), &[], b"").await;
            if self.went_well(&answer, &[kept.sealing]) {
                assert_eq!(answer.body, kept.content);
            }
        }
    }

    async fn copy(&mut self, name: &str) {
        let (to, sealing) = (NAMES[self.random.below(NAMES.len())], self.sealing());
        let source = path(name);
        let headers = [&[("x-amz-copy-source", source.as_str())], sealing.headers()].concat();
        let answer = self.world.ask("PUT", &path(to), &headers, b"").await;
        let Some(kept) = self.objects.get(name).cloned() else {
            return assert_eq!(answer.refused(), (404, "NoSuchKey".to_owned()));
        };
        if to == name && sealing.headers().is_empty() {
            return assert_eq!(answer.refused(), (400, "InvalidRequest".to_owned()), "nothing would change");
        }
        if self.went_well(&answer, &[kept.sealing, sealing]) {
            self.objects.insert(to.to_owned(), Kept { sealing, ..kept });
        }
    }

    async fn delete(&mut self, name: &str) {
        assert_eq!(self.world.ask("DELETE", &path(name), &[], b"").await.status, 204);
        self.objects.remove(name);
    }

    /// Puts an object's key under another key of KMS, or under a bucket key.
    async fn reencrypt(&mut self, name: &str) {
        let bucket_key = self.random.below(2) == 0;
        let body = format!(
            "<ObjectEncryption xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><SSE-KMS>\
             <KMSKeyArn>arn:aws:kms:us-east-1:111122223333:key/other</KMSKeyArn>\
             <BucketKeyEnabled>{bucket_key}</BucketKeyEnabled></SSE-KMS></ObjectEncryption>"
        );
        let target = format!("{}?encryption=", path(name));
        let answer = self.world.ask("PUT", &target, &[], body.as_bytes()).await;
        let Some(kept) = self.objects.get(name).cloned() else {
            return assert_eq!(answer.refused(), (404, "NoSuchKey".to_owned()));
        };
        let sealing = if bucket_key { Sealing::BucketKey } else { Sealing::Kms };
        if self.went_well(&answer, &[kept.sealing, sealing]) {
            self.objects.insert(name.to_owned(), Kept { sealing, ..kept });
        }
    }

    async fn list(&mut self) {
        let answer = self.world.ask("GET", "/shelf?list-type=2", &[], b"").await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let between = |start: &str, end: &str| -> Vec<String> {
            let pieces = text.split(start).skip(1);
            pieces.map(|piece| piece.split(end).next().unwrap().to_owned()).collect()
        };
        let sizes = self.objects.values().map(|kept| kept.content.len().to_string());
        assert_eq!(between("<Key>", "</Key>"), self.objects.keys().cloned().collect::<Vec<_>>());
        assert_eq!(between("<Size>", "</Size>"), sizes.collect::<Vec<_>>());
    }

    /// All that is there, once KMS answers again and the gateway was started anew.
    async fn compare(&mut self) {
        self.world.kms.refuse(None);
        self.world.restart().await;
        self.list().await;
        for (name, kept) in &self.objects {
            let answer = self.world.ask("GET", &path(name), &[], b"").await;
            assert_eq!((answer.status, answer.is_whole), (200, true), "{name}");
            assert_eq!(answer.body, kept.content, "{name}");
        }
        let files = files(&self.world.directory().join("data"));
        assert_eq!(files, self.objects.len(), "each object has its file, and no file is left");
    }

    /// Whether a request was answered as one that is allowed; if not, then because KMS refuses as it does. KMS need not be
    /// asked where a bucket key of the last minutes is known.
    fn went_well(&mut self, answer: &Answer, needed: &[Sealing]) -> bool {
        let refusal = self.world.kms.refusal();
        if answer.status < 300 {
            assert!(answer.is_whole);
            for sealing in needed {
                if refusal.is_none() && *sealing != Sealing::Kms {
                    self.known.insert(*sealing, self.seconds);
                }
                assert!(refusal.is_none() || self.may_be_known(*sealing), "{sealing:?} without KMS");
            }
            return true;
        }
        let (status, code) = refusal.map(Refusal::shown).unwrap_or_default();
        assert_eq!(answer.refused(), (status, code.to_owned()), "{answer:?}");
        false
    }

    fn may_be_known(&self, sealing: Sealing) -> bool {
        let asked = self.known.get(&sealing);
        sealing != Sealing::Kms && asked.is_some_and(|asked| self.seconds - asked <= SECONDS_OF_BUCKET_KEYS)
    }

    fn content(&mut self) -> Vec<u8> {
        // Often about as long as a chunk.
        let length = match self.random.below(4) {
            0 => self.random.below(3),
            1 => 65_535 + self.random.below(3),
            _ => self.random.below(BYTES_MAX),
        };
        let first = self.random.below(256);
        (first..first + length).map(|byte| u8::try_from(byte % 251).unwrap()).collect()
    }

    fn sealing(&mut self) -> Sealing {
        [Sealing::S3, Sealing::Kms, Sealing::BucketKey][self.random.below(3)]
    }
}

impl Sealing {
    fn headers(self) -> &'static [(&'static str, &'static str)] {
        const KMS: (&str, &str) = ("x-amz-server-side-encryption", "aws:kms");
        const KEY: (&str, &str) = ("x-amz-server-side-encryption-aws-kms-key-id", "key");
        match self {
            Self::S3 => &[],
            Self::Kms => &[KMS, KEY],
            Self::BucketKey => &[KMS, KEY, ("x-amz-server-side-encryption-bucket-key-enabled", "true")],
        }
    }

    fn shown(self) -> &'static str {
        match self {
            Self::S3 => "AES256",
            Self::Kms | Self::BucketKey => "aws:kms",
        }
    }
}

/// Where an object is.
fn path(name: &str) -> String {
    format!("/shelf/{name}")
}

fn files(directory: &std::path::Path) -> usize {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

/// SplitMix64: the same numbers from the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed >> 33).unwrap() % bound
    }
}
