//! Maps of inputs: a name comes once.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

/// A map as it is decoded. A name that comes twice is an error, as it is among the members of a structure: of an
/// encryption context with two values, nobody could say which one was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entries<T>(pub(crate) BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            if entries.insert(name, value).is_some() {
                return Err(A::Error::custom("a name that comes twice"));
            }
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::{
        kms::EncryptRequest,
        shape::{Input, parse},
    };

    fn context(text: &str) -> Option<BTreeMap<String, String>> {
        let body = format!(r#"{{"KeyId":"k","Plaintext":"QQ==","EncryptionContext":{text}}}"#);
        let raw: <EncryptRequest as Input>::Raw = serde_json::from_str(&body).ok()?;
        parse::<EncryptRequest>(raw).unwrap().encryption_context
    }

    #[test]
    fn names_come_once() {
        let pairs = |pairs: &[(&str, &str)]| {
            Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(context("{}"), pairs(&[]));
        assert_eq!(context(r#"{"a":"1","b":"1","A":"2"}"#), pairs(&[("A", "2"), ("a", "1"), ("b", "1")]));
        for twice in [r#"{"a":"1","a":"2"}"#, r#"{"a":"1","a":"1"}"#, r#"{"a":"1","b":"2","\u0061":"3"}"#] {
            assert_eq!(context(twice), None, "{twice}");
        }
    }
}
