//! What a record may show of a shape: every member but secrets, bytes and maps.
//!
//! Secrets and bytes are left out where shapes are declared, so that no list of names can let one of them into a record.
//! Whoever writes a record chooses among the other members by name.

use crate::Timestamp;

/// A part of a shape that can be shown.
pub trait Show {
    /// What is shown of it.
    fn shown(&self) -> Visible<'_>;
}

/// A structure, member by member.
pub trait Structure: Send + Sync {
    /// Tells the name, as on the wire, and the value of every member that is there and can be shown.
    fn each<'a>(&'a self, tell: &mut dyn FnMut(&'static str, &'a dyn Show));
}

/// What is shown of a value.
pub enum Visible<'a> {
    /// Text.
    Text(&'a str),
    /// A number.
    Number(i64),
    /// A truth value.
    Truth(bool),
    /// A point in time.
    Time(Timestamp),
    /// A list.
    List(Vec<Visible<'a>>),
    /// A structure.
    Structure(&'a dyn Structure),
}

impl Show for String {
    fn shown(&self) -> Visible<'_> {
        Visible::Text(self)
    }
}

impl Show for i32 {
    fn shown(&self) -> Visible<'_> {
        Visible::Number((*self).into())
    }
}

impl Show for bool {
    fn shown(&self) -> Visible<'_> {
        Visible::Truth(*self)
    }
}

impl Show for Timestamp {
    fn shown(&self) -> Visible<'_> {
        Visible::Time(*self)
    }
}

impl<T: Show> Show for Vec<T> {
    fn shown(&self) -> Visible<'_> {
        Visible::List(self.iter().map(Show::shown).collect())
    }
}

#[cfg(test)]
mod tests {
    use secret::Plaintext;

    use super::*;
    use crate::kms::{EncryptRequest, GenerateDataKeyResponse, Tag, TagResourceRequest};

    fn names(shape: &dyn Structure) -> Vec<&'static str> {
        let mut names = Vec::new();
        shape.each(&mut |name, _| names.push(name));
        names
    }

    #[test]
    fn secrets_bytes_and_maps_are_left_out() {
        let input = EncryptRequest {
            key_id: "k".to_owned(),
            plaintext: Plaintext::new(b"secret".to_vec()),
            encryption_context: Some([("a".to_owned(), "b".to_owned())].into()),
            dry_run: Some(true),
            encryption_algorithm: None,
            grant_tokens: None,
        };
        assert_eq!(names(&input), ["KeyId", "DryRun"]);
        let output = GenerateDataKeyResponse {
            plaintext: Some(Plaintext::new(b"secret".to_vec())),
            ciphertext_blob: Some(b"blob".to_vec().into()),
            key_id: Some("k".to_owned()),
            ..GenerateDataKeyResponse::default()
        };
        assert_eq!(names(&output), ["KeyId"]);
    }

    #[test]
    fn structures_in_lists_are_shown() {
        let tag = Tag { tag_key: "k".to_owned(), tag_value: "v".to_owned() };
        let input = TagResourceRequest { key_id: "k".to_owned(), tags: vec![tag] };
        let mut found = Vec::new();
        input.each(&mut |_, value| {
            if let Visible::List(items) = value.shown() {
                found.extend(items.into_iter().flat_map(|item| match item {
                    Visible::Structure(members) => names(members),
                    _ => Vec::new(),
                }));
            }
        });
        assert_eq!(found, ["TagKey", "TagValue"]);
    }
}
