//! Data keys that are used again.
//!
//! The limits are those of the AWS Encryption SDK
//! (<https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/thresholds.html>). A data key that is used again saves calls,
//! and is what an attacker gets who gets one. What is cached works on although the KMS key is disabled or the caller denied,
//! until the entry is too old.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{Context as Hash, SHA256};

use crate::{
    act_for::ActFor,
    answers::{DataKey, Decrypted},
    parameters::{Context, DataKeyLength},
};

/// How far a data key may be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most entries; beyond them the one goes that was not used for the longest time. None are kept if it is 0.
    pub entries: usize,
    /// How long an entry serves.
    pub age: Duration,
    /// How many messages are encrypted with one data key.
    pub messages: u64,
    /// How many bytes are encrypted with one data key.
    pub bytes: u64,
}

/// Data keys that are used again: to encrypt, for the same caller, KMS key and context; to decrypt, for the same caller,
/// blob and context. Time is a parameter: that since some fixed moment. Entries are wiped when nobody uses them any more.
pub struct DataKeyCache {
    limits: CacheLimits,
    entries: Mutex<CachedKeys>,
}

/// What an entry is for: a hash of the caller, the key and the context, so that no token is kept here.
type Purpose = [u8; 32];

#[derive(Default)]
struct CachedKeys {
    by_purpose: HashMap<Purpose, CachedKey>,
    /// Uses so far, by which it is told which entry was used last.
    uses: u64,
}

struct CachedKey {
    held: CachedUse,
    since: Duration,
    used: u64,
}

enum CachedUse {
    ToEncrypt { data_key: Arc<DataKey>, messages: u64, bytes: u64 },
    ToDecrypt(Arc<Decrypted>),
}

impl DataKeyCache {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: CacheLimits) -> Self {
        Self { limits, entries: Mutex::default() }
    }

    /// A data key for another message of so many bytes, which are counted.
    pub fn to_encrypt(
        &self,
        act_for: &ActFor,
        (key, length): (&str, DataKeyLength),
        context: &Context,
        message_bytes: u64,
        now: Duration,
    ) -> Option<Arc<DataKey>> {
        if message_bytes > self.limits.bytes {
            // Such a message has a data key of its own, whatever is here.
            return None;
        }
        let purpose = to_encrypt(act_for, key, length, context);
        let mut entries = self.entries();
        let found = entries.found(&purpose, self.limits.age, now)?;
        if let CachedUse::ToEncrypt { data_key, messages, bytes } = found {
            let counted = (messages.saturating_add(1), bytes.saturating_add(message_bytes));
            if counted.0 <= self.limits.messages && counted.1 <= self.limits.bytes {
                (*messages, *bytes) = counted;
                return Some(Arc::clone(data_key));
            }
        }
        entries.by_purpose.remove(&purpose);
        None
    }

    /// Keeps a data key with which a first message of so many bytes is encrypted.
    pub fn keep_to_encrypt(
        &self,
        act_for: &ActFor,
        (key, length): (&str, DataKeyLength),
        context: &Context,
        message_bytes: u64,
        data_key: &Arc<DataKey>,
        now: Duration,
    ) {
        if message_bytes >= self.limits.bytes || self.limits.messages <= 1 {
            return;
        }
        let held = CachedUse::ToEncrypt { data_key: Arc::clone(data_key), messages: 1, bytes: message_bytes };
        self.keep(to_encrypt(act_for, key, length, context), held, now);
    }

    /// What the blob was decrypted to. With a key, only if that was asked for with the key.
    pub fn to_decrypt(
        &self,
        act_for: &ActFor,
        key: Option<&str>,
        blob: &[u8],
        context: &Context,
        now: Duration,
    ) -> Option<Arc<Decrypted>> {
        let purpose = to_decrypt(act_for, key, blob, context);
        match self.entries().found(&purpose, self.limits.age, now)? {
            CachedUse::ToDecrypt(decrypted) => Some(Arc::clone(decrypted)),
            CachedUse::ToEncrypt { .. } => None,
        }
    }

    /// Keeps what a blob was decrypted to.
    pub fn keep_to_decrypt(
        &self,
        act_for: &ActFor,
        key: Option<&str>,
        blob: &[u8],
        context: &Context,
        decrypted: &Arc<Decrypted>,
        now: Duration,
    ) {
        self.keep(to_decrypt(act_for, key, blob, context), CachedUse::ToDecrypt(Arc::clone(decrypted)), now);
    }

    /// Removes what is too old, for who does this from time to time; what is kept later removes it too.
    pub fn remove_old(&self, now: Duration) {
        self.entries().remove_old(self.limits.age, now);
    }

    /// Removes all.
    pub fn clear(&self) {
        self.entries().by_purpose.clear();
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().by_purpose.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn keep(&self, purpose: Purpose, held: CachedUse, now: Duration) {
        let mut entries = self.entries();
        entries.remove_old(self.limits.age, now);
        entries.by_purpose.remove(&purpose);
        while entries.by_purpose.len() >= self.limits.entries {
            let Some(oldest) = entries.used_longest_ago() else { return };
            entries.by_purpose.remove(&oldest);
        }
        let used = entries.next_use();
        entries.by_purpose.insert(purpose, CachedKey { held, since: now, used });
    }

    fn entries(&self) -> MutexGuard<'_, CachedKeys> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CachedKeys {
    /// What there is for a purpose, which counts as a use; removed if it is too old.
    fn found(&mut self, purpose: &Purpose, age: Duration, now: Duration) -> Option<&mut CachedUse> {
        if self.by_purpose.get(purpose).is_some_and(|entry| entry.is_old(age, now)) {
            self.by_purpose.remove(purpose);
        }
        let used = self.next_use();
        let entry = self.by_purpose.get_mut(purpose)?;
        entry.used = used;
        Some(&mut entry.held)
    }

    fn remove_old(&mut self, age: Duration, now: Duration) {
        self.by_purpose.retain(|_, entry| !entry.is_old(age, now));
    }

    fn used_longest_ago(&self) -> Option<Purpose> {
        self.by_purpose.iter().min_by_key(|(_, entry)| entry.used).map(|(purpose, _)| *purpose)
    }

    fn next_use(&mut self) -> u64 {
        self.uses = self.uses.saturating_add(1);
        self.uses
    }
}

impl CachedKey {
    fn is_old(&self, age: Duration, now: Duration) -> bool {
        now.saturating_sub(self.since) >= age
    }
}

fn to_encrypt(act_for: &ActFor, key: &str, length: DataKeyLength, context: &Context) -> Purpose {
    let length: u32 = match length {
        DataKeyLength::Aes256 => 1 << 16,
        DataKeyLength::Aes128 => 2 << 16,
        DataKeyLength::Bytes(bytes) => bytes.into(),
    };
    hashed(b"encrypt", act_for, context, &[key.as_bytes(), &length.to_be_bytes()])
}

fn to_decrypt(act_for: &ActFor, key: Option<&str>, blob: &[u8], context: &Context) -> Purpose {
    let (is_named, key) = (u8::from(key.is_some()), key.unwrap_or_default());
    hashed(b"decrypt", act_for, context, &[&[is_named], key.as_bytes(), blob])
}

/// The hash of all parts, each with its length before it, so that no two lists of parts read alike.
fn hashed(what: &[u8], act_for: &ActFor, context: &Context, others: &[&[u8]]) -> Purpose {
    let mut hash = Hash::new(&SHA256);
    let mut put = |part: &[u8]| {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    };
    put(what);
    match act_for {
        ActFor::Itself => put(b"itself"),
        ActFor::Role(role) => {
            [b"role", role.arn().as_bytes(), role.session_name().as_bytes()].into_iter().for_each(&mut put);
        }
        ActFor::Principal(arn) => [b"principal", arn.as_bytes()].into_iter().for_each(&mut put),
        ActFor::Session { access_key_id, token } => {
            [b"session", access_key_id.as_bytes(), token.reveal()].into_iter().for_each(&mut put);
        }
        ActFor::Service { source_arn, source_account } => {
            put(b"service");
            for stated in [source_arn, source_account] {
                put(&[u8::from(stated.is_some())]);
                put(stated.as_deref().unwrap_or_default().as_bytes());
            }
        }
    }
    others.iter().for_each(|part| put(part));
    for (name, value) in context {
        put(name.as_bytes());
        put(value.as_bytes());
    }
    let mut purpose = [0; 32];
    // SHA-256 has as many bytes.
    for (to, from) in purpose.iter_mut().zip(hash.finish().as_ref()) {
        *to = *from;
    }
    purpose
}

#[cfg(test)]
mod tests;
