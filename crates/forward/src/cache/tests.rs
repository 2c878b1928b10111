use proptest::prelude::*;
use secret::Plaintext;

use super::*;

const LIMITS: CacheLimits = CacheLimits { entries: 3, age: Duration::from_secs(10), messages: 4, bytes: 100 };

fn data_key(number: usize) -> Arc<DataKey> {
    Arc::new(DataKey {
        key: "arn:aws:kms:us-east-1:111122223333:key/1".to_owned(),
        plaintext: Plaintext::new(vec![0; 32]),
        blob: number.to_be_bytes().to_vec(),
        material: None,
    })
}

fn decrypted(number: usize) -> Arc<Decrypted> {
    Arc::new(Decrypted { key: number.to_string(), plaintext: Plaintext::new(vec![0; 32]), material: None })
}

fn context(value: &str) -> Context {
    Context::from([("for".to_owned(), value.to_owned())])
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What the cache may do, told without any cleverness: a list in the order of use.
#[derive(Default)]
struct Naive(Vec<NaiveEntry>);

struct NaiveEntry {
    purpose: (bool, usize),
    number: usize,
    since: u64,
    messages: u64,
    bytes: u64,
}

impl Naive {
    fn encrypting(&mut self, what: usize, bytes: u64, now: u64) -> Option<usize> {
        if bytes > LIMITS.bytes {
            return None;
        }
        let at = self.0.iter().position(|entry| entry.purpose == (true, what))?;
        let mut entry = self.0.remove(at);
        entry.messages += 1;
        entry.bytes += bytes;
        let is_young = now - entry.since < LIMITS.age.as_secs();
        if !is_young || entry.messages > LIMITS.messages || entry.bytes > LIMITS.bytes {
            return None;
        }
        let number = entry.number;
        self.0.push(entry);
        Some(number)
    }

    fn decrypting(&mut self, what: usize, now: u64) -> Option<usize> {
        let at = self.0.iter().position(|entry| entry.purpose == (false, what))?;
        let entry = self.0.remove(at);
        if now - entry.since >= LIMITS.age.as_secs() {
            return None;
        }
        let number = entry.number;
        self.0.push(entry);
        Some(number)
    }

    fn keep(&mut self, purpose: (bool, usize), number: usize, bytes: u64, now: u64) {
        if purpose.0 && bytes >= LIMITS.bytes {
            return;
        }
        self.0.retain(|entry| entry.purpose != purpose && now - entry.since < LIMITS.age.as_secs());
        if self.0.len() == LIMITS.entries {
            self.0.remove(0);
        }
        self.0.push(NaiveEntry { purpose, number, since: now, messages: 1, bytes });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_keeps_to_its_limits_as_a_naive_list_does(
        steps in proptest::collection::vec((any::<bool>(), 0..5_usize, 0..130_u64, 0..4_u64), 1..60),
    ) {
        let (cache, mut naive) = (DataKeyCache::new(LIMITS), Naive::default());
        let mut now = 0;
        for (number, (encrypts, what, bytes, later)) in steps.into_iter().enumerate() {
            now += later;
            let (context, wanted) = (context(&what.to_string()), ("alias/k", DataKeyLength::Aes256));
            let at = seconds(now);
            if encrypts {
                let found = cache.to_encrypt(&ActFor::Itself, wanted, &context, bytes, at);
                let expected = naive.encrypting(what, bytes, now);
                let found = found.map(|data_key| usize::from_be_bytes(data_key.blob[..].try_into().unwrap()));
                prop_assert_eq!(found, expected);
                if expected.is_none() {
                    cache.keep_to_encrypt(&ActFor::Itself, wanted, &context, bytes, &data_key(number), at);
                    naive.keep((true, what), number, bytes, now);
                }
            } else {
                let found = cache.to_decrypt(&ActFor::Itself, None, b"blob", &context, at);
                let expected = naive.decrypting(what, now);
                prop_assert_eq!(found.map(|decrypted| decrypted.key.parse().unwrap()), expected);
                if expected.is_none() {
                    cache.keep_to_decrypt(&ActFor::Itself, None, b"blob", &context, &decrypted(number), at);
                    naive.keep((false, what), number, 0, now);
                }
            }
            prop_assert_eq!(cache.len(), naive.0.len());
        }
    }
}

#[test]
fn entries_are_of_one_caller_key_length_and_context() {
    let token = |token: &[u8]| Arc::new(Plaintext::new(token.to_vec()));
    let session =
        |id: &str, text: &[u8]| ActFor::Session { access_key_id: id.to_owned(), token: token(text) };
    let callers = [
        ActFor::Itself,
        ActFor::SERVICE,
        ActFor::Service { source_arn: Some(String::new()), source_account: None },
        ActFor::Service { source_arn: None, source_account: Some(String::new()) },
        ActFor::Principal("arn:aws:iam::111122223333:user/a".to_owned()),
        ActFor::Principal("arn:aws:iam::111122223333:user/ab".to_owned()),
        session("ASIA1", b"t"),
        session("ASIA1", b"u"),
        session("ASIA", b"1t"),
    ];
    let wanted = [
        ("k", DataKeyLength::Aes256),
        ("k", DataKeyLength::Aes128),
        ("k", DataKeyLength::Bytes(32)),
        ("kk", DataKeyLength::Aes256),
    ];
    let contexts = [
        Context::new(),
        context("a"),
        Context::from([("fora".to_owned(), String::new())]),
        Context::from([("for".to_owned(), "a".to_owned()), ("x".to_owned(), String::new())]),
    ];
    let limits = CacheLimits { entries: 1000, ..LIMITS };
    let cache = DataKeyCache::new(limits);
    let mut number = 0;
    for caller in &callers {
        for wanted in wanted {
            for context in &contexts {
                assert!(cache.to_encrypt(caller, wanted, context, 1, seconds(0)).is_none(), "{caller:?}");
                cache.keep_to_encrypt(caller, wanted, context, 1, &data_key(number), seconds(0));
                assert!(cache.to_decrypt(caller, Some(wanted.0), b"blob", context, seconds(0)).is_none());
                number += 1;
            }
        }
    }
    assert_eq!(cache.len(), number);
}

#[test]
fn what_a_key_was_asked_with_is_part_of_what_is_decrypted() {
    let cache = DataKeyCache::new(LIMITS);
    cache.keep_to_decrypt(&ActFor::Itself, None, b"blob", &Context::new(), &decrypted(1), seconds(0));
    for (key, blob) in [(Some(""), &b"blob"[..]), (Some("k"), b"blob"), (None, b"blo"), (None, b"")] {
        assert!(cache.to_decrypt(&ActFor::Itself, key, blob, &Context::new(), seconds(0)).is_none());
    }
    assert!(cache.to_decrypt(&ActFor::Itself, None, b"blob", &Context::new(), seconds(9)).is_some());
}

#[test]
fn what_goes_is_held_by_nobody_and_so_wiped() {
    let cache = DataKeyCache::new(LIMITS);
    let keep = |number: usize, at: u64| {
        let data_key = data_key(number);
        let gone = Arc::downgrade(&data_key);
        let wanted = ("k", DataKeyLength::Aes256);
        let context = context(&number.to_string());
        cache.keep_to_encrypt(&ActFor::Itself, wanted, &context, 1, &data_key, seconds(at));
        gone
    };
    let pushed_out = keep(1, 0);
    let others = [keep(2, 1), keep(3, 1), keep(4, 1)];
    assert!(pushed_out.upgrade().is_none());
    assert!(others.iter().all(|data_key| data_key.upgrade().is_some()));
    cache.remove_old(seconds(11));
    assert!(others.iter().all(|data_key| data_key.upgrade().is_none()));
    let cleared = keep(5, 20);
    cache.clear();
    assert!(cleared.upgrade().is_none() && cache.is_empty());
}

#[test]
fn a_cache_without_room_keeps_nothing() {
    let cache = DataKeyCache::new(CacheLimits { entries: 0, ..LIMITS });
    cache.keep_to_decrypt(&ActFor::Itself, None, b"blob", &Context::new(), &decrypted(1), seconds(0));
    assert!(cache.is_empty());
}
