//! What the names of keys in files stand for.

use std::collections::BTreeMap;

use parquet_key_management::errors::{Error, Result};
use percent_encoding::percent_decode_str;

/// A key of the KMS, and those whose place it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKey {
    /// What seals, and opens.
    pub(crate) seals: String,
    /// What opens too.
    pub(crate) opens: Vec<String>,
}

impl MasterKey {
    /// A key by its id, ARN or alias.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self { seals: key.into(), opens: Vec::new() }
    }

    /// Has another key open what it sealed under the same name: one that is on its way out.
    #[must_use]
    pub fn formerly(mut self, key: impl Into<String>) -> Self {
        self.opens.push(key.into());
        self
    }
}

/// Which keys of the KMS the names in files stand for.
#[derive(Debug, Clone)]
pub struct MasterKeys(Option<BTreeMap<String, MasterKey>>);

impl MasterKeys {
    /// These names and no others: keys that are not named here are not used, whatever a file says.
    #[must_use]
    pub fn named<N: Into<String>>(names: impl IntoIterator<Item = (N, MasterKey)>) -> Self {
        Self(Some(names.into_iter().map(|(name, key)| (name.into(), key)).collect()))
    }

    /// The names in files are ids, ARNs and aliases. Then whoever can write a file chooses the key that it is under.
    #[must_use]
    pub fn as_in_files() -> Self {
        Self(None)
    }

    /// The key that a file calls so. pyarrow takes the colons of ARNs for its own, so its adapter quotes them.
    pub(crate) fn get(&self, master: &str) -> Result<MasterKey> {
        let name = percent_decode_str(master).decode_utf8();
        let name = name.map_err(|_| Error::General(format!("{master} is no name of a key")))?;
        let Some(names) = &self.0 else { return Ok(MasterKey::new(name)) };
        names.get(name.as_ref()).cloned().ok_or_else(|| {
            let known: Vec<&str> = names.keys().map(String::as_str).collect();
            Error::General(format!("the key {name} is none of these: {}", known.join(", ")))
        })
    }
}

/// Whether a name is the same when quoting is taken from it.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.contains('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_its_keys_and_others_for_none() {
        let pay = MasterKey::new("alias/pay-2027").formerly("alias/pay");
        let names = MasterKeys::named([("pay", pay.clone()), ("people", MasterKey::new("alias/people"))]);
        assert_eq!(names.get("pay").unwrap(), pay);
        let refused = names.get("alias%2Fpay").unwrap_err().to_string();
        assert!(refused.ends_with("the key alias/pay is none of these: pay, people"), "{refused}");
    }

    #[test]
    fn quoting_is_taken_from_names() {
        let names = MasterKeys::as_in_files();
        let arn = "arn:aws:kms:us-east-1:111122223333:key/1";
        for name in [arn, "arn%3Aaws%3Akms%3Aus-east-1%3A111122223333%3Akey/1"] {
            assert_eq!(names.get(name).unwrap(), MasterKey::new(arn));
        }
        assert!(names.get("%FF").is_err());
    }
}
