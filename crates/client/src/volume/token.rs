//! Tokens: what a volume says of how it is opened.
//!
//! In the header of LUKS2 a token is the record of the data key, with two members more, which LUKS2 demands:
//!
//! ```json
//! {"type": "keywright", "keyslots": ["0"],
//!  "version": 1, "key": "arn:aws:kms:…", "context": {"aws:ebs:id": "vol-…"}, "wrapped": "<base64>", "material": "<id>"}
//! ```

use std::collections::BTreeMap;

use secret::Plaintext;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{ending::ClientFailure, record::WrapRecord};

/// By which type cryptsetup knows our tokens, and looks for their handler.
pub(super) const TYPE: &str = "keywright";

/// A token of a volume.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VolumeToken {
    /// Its number in the volume.
    pub(super) number: u32,
    /// Which key slots of LUKS2 it opens; of a directory, none.
    pub(super) keyslots: Vec<String>,
    /// The data key.
    pub(super) record: WrapRecord,
}

/// What is of interest in the header of LUKS2.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LuksHeader {
    /// Our tokens, by their numbers.
    pub(super) tokens: Vec<VolumeToken>,
    /// The numbers of the key slots in use.
    pub(super) keyslots: Vec<String>,
    /// The numbers of all tokens, those of others too.
    pub(super) taken: Vec<u32>,
}

#[derive(Deserialize)]
struct LuksMetadata {
    #[serde(default)]
    tokens: BTreeMap<u32, Map<String, Value>>,
    #[serde(default)]
    keyslots: BTreeMap<String, IgnoredAny>,
}

impl LuksHeader {
    /// From the metadata that cryptsetup shows in JSON. Tokens of others are left out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn of_metadata(json: &[u8]) -> Result<Self, String> {
        let metadata: LuksMetadata = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let taken = metadata.tokens.keys().copied().collect();
        let ours = metadata.tokens.into_iter().filter(|(_, members)| is_ours(members));
        let tokens = ours.map(|(number, members)| {
            VolumeToken::of_members(number, members).map_err(|why| format!("token {number}: {why}"))
        });
        let tokens = tokens.collect::<Result<_, _>>()?;
        Ok(Self { tokens, keyslots: metadata.keyslots.into_keys().collect(), taken })
    }
}

impl VolumeToken {
    /// From the text of a token of LUKS2, as cryptsetup hands it to a handler.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn of_json(json: &[u8]) -> Result<Self, String> {
        let members: Map<String, Value> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if is_ours(&members) {
            Self::of_members(0, members)
        } else {
            Err(format!("its type is not `{TYPE}`"))
        }
    }

    fn of_members(number: u32, mut members: Map<String, Value>) -> Result<Self, String> {
        members.remove("type");
        let keyslots = members.remove("keyslots").unwrap_or_default();
        let keyslots = serde_json::from_value(keyslots).map_err(|error| format!("`keyslots`: {error}"))?;
        Ok(Self { number, keyslots, record: WrapRecord::of_members(members)? })
    }

    /// As LUKS2 keeps it. Nothing of it is a secret.
    ///
    /// # Errors
    /// [`ClientFailure::Use`].
    pub(super) fn to_json(&self) -> Result<Plaintext, ClientFailure> {
        let mut members = self.record.to_members()?;
        members.insert("type".to_owned(), TYPE.into());
        members.insert("keyslots".to_owned(), self.keyslots.clone().into());
        let json = serde_json::to_vec(&members).map_err(|error| ClientFailure::Use(error.to_string()))?;
        Ok(Plaintext::new(json))
    }
}

fn is_ours(members: &Map<String, Value>) -> bool {
    members.get("type").and_then(Value::as_str) == Some(TYPE)
}

#[cfg(test)]
mod tests {
    use forward::Context;

    use super::*;

    fn token() -> VolumeToken {
        let context = Context::from([("aws:ebs:id".to_owned(), "vol-1".to_owned())]);
        let record = WrapRecord::new("arn:k".to_owned(), context, b"blob".to_vec(), Some("m".to_owned()));
        VolumeToken { number: 3, keyslots: vec!["0".to_owned()], record }
    }

    #[test]
    fn a_token_is_the_record_with_two_members_more() {
        let json: Value = serde_json::from_slice(token().to_json().unwrap().reveal()).unwrap();
        let expected = serde_json::json!({
            "type": "keywright", "keyslots": ["0"], "version": 1, "key": "arn:k", "context": {"aws:ebs:id": "vol-1"},
            "wrapped": "YmxvYg==", "material": "m",
        });
        assert_eq!(json, expected);
        let read = VolumeToken::of_json(json.to_string().as_bytes()).unwrap();
        assert_eq!(read, VolumeToken { number: 0, ..token() });
    }

    #[test]
    fn tokens_of_others_are_left_out_of_a_header() {
        let ours = String::from_utf8(token().to_json().unwrap().reveal().to_vec()).unwrap();
        let text = format!(
            r#"{{"keyslots": {{"1": {{}}, "0": {{}}}}, "tokens": {{"12": {{"type": "clevis"}}, "3": {ours}}}, "more": 1}}"#
        );
        let header = LuksHeader::of_metadata(text.as_bytes()).unwrap();
        let keyslots = vec!["0".to_owned(), "1".to_owned()];
        assert_eq!(header, LuksHeader { tokens: vec![token()], keyslots, taken: vec![3, 12] });
    }

    #[test]
    fn what_is_no_token_of_ours_is_refused() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"type":"clevis","keyslots":[],"version":1,"key":"k","wrapped":"YQ=="}"#,
            r#"{"type":"keywright","version":1,"key":"k","wrapped":"YQ=="}"#,
            r#"{"type":"keywright","keyslots":[0],"version":1,"key":"k","wrapped":"YQ=="}"#,
            r#"{"type":"keywright","keyslots":[],"version":2,"key":"k","wrapped":"YQ=="}"#,
            r#"{"type":"keywright","keyslots":[],"version":1,"key":"k","wrapped":"YQ==","more":1}"#,
        ] {
            assert!(VolumeToken::of_json(json.as_bytes()).is_err(), "{json}");
        }
        let broken = br#"{"tokens": {"0": {"type": "keywright", "keyslots": []}}}"#;
        assert!(LuksHeader::of_metadata(broken).unwrap_err().starts_with("token 0: "));
    }
}
