//! What must be true: a naive model of the service, written without looking at how it is built.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::call::Call;

/// Everything that the first account has.
#[derive(Debug, Clone, Default)]
pub(super) struct Oracle {
    pub(super) keys: BTreeMap<String, Key>,
    /// Alias to key.
    pub(super) aliases: BTreeMap<String, String>,
    /// Keys that were deleted.
    pub(super) gone: BTreeSet<String>,
    pub(super) blobs: Vec<Blob>,
    /// What each key made of each message, the first time.
    macs: BTreeMap<(String, String), String>,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Key {
    pub(super) description: String,
    pub(super) state: State,
    pub(super) tags: BTreeMap<String, String>,
    /// It is one for MACs.
    pub(super) mac: bool,
    /// How often it was rotated.
    pub(super) rotations: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Enabled,
    Disabled,
    /// Until this time, in milliseconds.
    Pending(i64),
}

/// A ciphertext that was handed out.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    pub(super) ciphertext: String,
    pub(super) key: String,
    pub(super) context: String,
    pub(super) plaintext: String,
}

const NOT_FOUND: &str = "NotFoundException";
const INVALID_STATE: &str = "KMSInvalidStateException";
const WRONG_USAGE: &str = "InvalidKeyUsageException";
/// Rotations on demand that a key can have.
const ROTATIONS_MAX: usize = 25;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

impl Oracle {
    /// The code with which a call is refused at this time; `None` if it succeeds.
    pub(super) fn refusal(&self, call: &Call, now_millis: i64) -> Option<&'static str> {
        match call {
            Call::CreateKey { .. } | Call::Random => None,
            Call::Describe { key } => self.exists(key),
            Call::Enable { key }
            | Call::Disable { key }
            | Call::Schedule { key, .. }
            | Call::UpdateDescription { key, .. }
            | Call::Tag { key, .. }
            | Call::Untag { key, .. } => self.not_pending(key),
            Call::Cancel { key } => self.exists(key).or(match self.state(key) {
                Some(State::Pending(due)) if due > now_millis => None,
                _ => Some(INVALID_STATE),
            }),
            Call::CreateAlias { alias, key } => {
                let taken = self.aliases.contains_key(alias).then_some("AlreadyExistsException");
                self.not_pending(key).or(taken)
            }
            Call::UpdateAlias { alias, key } => {
                let same_kind = || {
                    let from = self.aliases.get(alias).and_then(|target| self.keys.get(target));
                    from.map(|from| from.mac) == self.keys.get(key).map(|to| to.mac)
                };
                let kind = || (!same_kind()).then_some("ValidationException");
                self.alias(alias).or_else(|| self.not_pending(key)).or_else(kind)
            }
            Call::DeleteAlias { alias } => self.alias(alias),
            Call::Encrypt { key, .. } | Call::DataKey { key, .. } => self.usable_as(key, false),
            Call::Mac { key, .. } => self.usable_as(key, true),
            Call::Rotate { key } => self.usable(key).or_else(|| match self.keys.get(key) {
                Some(Key { mac: true, .. }) => Some("UnsupportedOperationException"),
                Some(Key { rotations: ROTATIONS_MAX.., .. }) => Some("LimitExceededException"),
                _ => None,
            }),
            Call::Decrypt { blob, context } => self.source(*blob).or_else(|| {
                let made_with = self.blobs.get(*blob).map(|blob| &blob.context);
                (made_with != Some(context)).then_some("InvalidCiphertextException")
            }),
            Call::ReEncrypt { blob, key, .. } => self.source(*blob).or_else(|| self.usable_as(key, false)),
        }
    }

    /// Takes a call over that succeeded with this output, at this time.
    pub(super) fn apply(&mut self, call: &Call, output: &Value, now_millis: i64) {
        let text = |member: &str| output.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        match call {
            Call::CreateKey { description, mac } => {
                let id = output.pointer("/KeyMetadata/KeyId").and_then(Value::as_str).unwrap_or_default();
                let key = Key { description: description.clone(), mac: *mac, ..Key::default() };
                self.keys.insert(id.to_owned(), key);
            }
            Call::Enable { key } => self.change(key, |key| key.state = State::Enabled),
            Call::Disable { key } | Call::Cancel { key } => {
                self.change(key, |key| key.state = State::Disabled);
            }
            Call::Schedule { key, days } => {
                let due = now_millis + i64::from(*days) * DAY_MILLIS;
                self.change(key, |key| key.state = State::Pending(due));
            }
            Call::UpdateDescription { key, description } => {
                self.change(key, |key| key.description.clone_from(description));
            }
            Call::Tag { key, name, value } => {
                self.change(key, |key| drop(key.tags.insert(name.clone(), value.clone())));
            }
            Call::Untag { key, name } => self.change(key, |key| drop(key.tags.remove(name))),
            Call::CreateAlias { alias, key } | Call::UpdateAlias { alias, key } => {
                self.aliases.insert(alias.clone(), key.clone());
            }
            Call::DeleteAlias { alias } => drop(self.aliases.remove(alias)),
            Call::Encrypt { key, plaintext, context } => {
                self.keep(text("CiphertextBlob"), key, context, plaintext.clone());
            }
            Call::DataKey { key, context } => {
                self.keep(text("CiphertextBlob"), key, context, text("Plaintext"));
            }
            Call::ReEncrypt { blob, key, context } => {
                let plaintext = self.blobs.get(*blob).map(|blob| blob.plaintext.clone()).unwrap_or_default();
                self.keep(text("CiphertextBlob"), key, context, plaintext);
            }
            Call::Rotate { key } => self.change(key, |key| key.rotations += 1),
            Call::Mac { key, message } => {
                self.macs.entry((key.clone(), message.clone())).or_insert_with(|| text("Mac"));
            }
            Call::Decrypt { .. } | Call::Describe { .. } | Call::Random => {}
        }
    }

    /// What an output must say beyond having come.
    pub(super) fn agrees(&self, call: &Call, output: &Value) -> bool {
        match call {
            Call::Decrypt { blob, .. } => {
                let plaintext = self.blobs.get(*blob).map(|blob| blob.plaintext.as_str());
                output.get("Plaintext").and_then(Value::as_str) == plaintext
            }
            Call::Mac { key, message } => {
                let before = self.macs.get(&(key.clone(), message.clone())).map(String::as_str);
                before.is_none_or(|before| output.get("Mac").and_then(Value::as_str) == Some(before))
            }
            Call::Describe { key } => {
                let description = self.keys.get(key).map(|key| key.description.as_str());
                output.pointer("/KeyMetadata/Description").and_then(Value::as_str) == description
            }
            _ => true,
        }
    }

    /// Keys whose time is over.
    pub(super) fn due(&self, now_millis: i64) -> Vec<String> {
        let is_due = |key: &Key| matches!(key.state, State::Pending(due) if due <= now_millis);
        self.keys.iter().filter(|(_, key)| is_due(key)).map(|(id, _)| id.clone()).collect()
    }

    /// Deletes a key with its aliases.
    pub(super) fn delete(&mut self, id: &str) {
        self.keys.remove(id);
        self.aliases.retain(|_, target| target != id);
        self.gone.insert(id.to_owned());
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Key)) {
        if let Some(key) = self.keys.get_mut(id) {
            change(key);
        }
    }

    fn keep(&mut self, ciphertext: String, key: &str, context: &str, plaintext: String) {
        self.blobs.push(Blob { ciphertext, key: key.to_owned(), context: context.to_owned(), plaintext });
    }

    fn state(&self, id: &str) -> Option<State> {
        self.keys.get(id).map(|key| key.state)
    }

    fn exists(&self, id: &str) -> Option<&'static str> {
        if self.keys.contains_key(id) { None } else { Some(NOT_FOUND) }
    }

    fn alias(&self, alias: &str) -> Option<&'static str> {
        if self.aliases.contains_key(alias) { None } else { Some(NOT_FOUND) }
    }

    fn not_pending(&self, id: &str) -> Option<&'static str> {
        match self.state(id) {
            None => Some(NOT_FOUND),
            Some(State::Pending(_)) => Some(INVALID_STATE),
            Some(State::Enabled | State::Disabled) => None,
        }
    }

    fn usable(&self, id: &str) -> Option<&'static str> {
        match self.state(id) {
            Some(State::Disabled) => Some("DisabledException"),
            _ => self.not_pending(id),
        }
    }

    fn usable_as(&self, id: &str, mac: bool) -> Option<&'static str> {
        let fits = |key: &Key| (key.mac != mac).then_some(WRONG_USAGE);
        let known = self.state(id).and_then(|_| self.keys.get(id));
        known.and_then(fits).or_else(|| self.usable(id))
    }

    /// A ciphertext's key, of which nothing is said when it is gone.
    fn source(&self, blob: usize) -> Option<&'static str> {
        let key = self.blobs.get(blob).map(|blob| blob.key.as_str()).unwrap_or_default();
        match self.usable(key) {
            Some(NOT_FOUND) => Some("AccessDeniedException"),
            other => other,
        }
    }
}
