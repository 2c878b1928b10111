//! Query input: a flat form, read as the tree that its dotted names describe.
//!
//! `Tags.member.1.Key=a&Tags.member.1.Value=b` is the list `Tags` with one structure. Every scalar is text;
//! the shapes of Query services parse it. <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use std::{borrow::Cow, collections::BTreeMap, fmt};

use percent_encoding::percent_decode;
use serde::de::{
    DeserializeOwned, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    value::StrDeserializer,
};

use crate::{Fault, fault};

/// Most fields in a form; IAM's largest calls have some hundred.
const FIELDS_MAX: usize = 2000;
/// Deepest nesting of a name.
const DEPTH_MAX: usize = 16;

/// Decodes a form into a shape's raw input.
pub(super) fn decode<T: DeserializeOwned>(form: &[u8]) -> Result<T, Fault> {
    let tree = Node::parse(form).ok_or_else(|| Fault::silent(&fault::SERIALIZATION))?;
    T::deserialize(&tree).map_err(|_| Fault::silent(&fault::SERIALIZATION))
}

/// The value of one top-level field.
pub(super) fn field<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    pairs(form).find(|(key, _)| *key == name.as_bytes()).and_then(|(_, value)| text(value))
}

fn pairs(form: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (key, value) = pair.split_at_checked(at).unwrap_or((pair, &[]));
        (key, value.strip_prefix(b"=").unwrap_or_default())
    })
}

/// `+` is a space, `%XX` a byte, the whole must be UTF-8.
fn text(encoded: &[u8]) -> Option<Cow<'_, str>> {
    if !encoded.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return std::str::from_utf8(encoded).ok().map(Cow::Borrowed);
    }
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// One name in the tree: a value, or further names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Node {
    value: Option<String>,
    children: BTreeMap<Name, Node>,
}

/// List members sort by number, not as text.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Index(u32),
    Text(String),
}

impl Node {
    /// `None` for text that is not UTF-8, a name given twice, or a form over the limits.
    fn parse(form: &[u8]) -> Option<Self> {
        let mut root = Self::default();
        for (count, (key, value)) in pairs(form).enumerate() {
            if count >= FIELDS_MAX {
                return None;
            }
            let key = text(key)?;
            let mut node = &mut root;
            for (depth, part) in key.split('.').enumerate() {
                if depth >= DEPTH_MAX {
                    return None;
                }
                let name = part.parse().map_or_else(|_| Name::Text(part.to_owned()), Name::Index);
                node = node.children.entry(name).or_default();
            }
            if node.value.replace(text(value)?.into_owned()).is_some() {
                return None;
            }
        }
        Some(root)
    }

    /// The members of a list, which may or may not be wrapped in `member` or `entry`.
    fn members(&self) -> impl Iterator<Item = &Node> {
        let wrapped = ["member", "entry"]
            .into_iter()
            .find_map(|name| self.children.get(&Name::Text(name.to_owned())))
            .unwrap_or(self);
        wrapped.children.iter().filter(|(name, _)| matches!(name, Name::Index(_))).map(|(_, node)| node)
    }
}

/// The form does not fit the shape.
#[derive(Debug)]
struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the form does not fit the operation's input")
    }
}

impl std::error::Error for Mismatch {}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.value {
            Some(value) => visitor.visit_borrowed_str(value),
            None if self.children.is_empty() => visitor.visit_unit(),
            None => self.deserialize_map(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_seq(Members(self.members()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_map(Fields { fields: self.children.iter(), value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct enum identifier ignored_any
    }
}

struct Members<I>(I);

impl<'de, I: Iterator<Item = &'de Node>> SeqAccess<'de> for Members<I> {
    type Error = Mismatch;

    fn next_element_seed<T: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mismatch> {
        self.0.next().map(|node| seed.deserialize(node)).transpose()
    }
}

struct Fields<'de> {
    fields: std::collections::btree_map::Iter<'de, Name, Node>,
    value: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Mismatch;

    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        for (name, node) in self.fields.by_ref() {
            let Name::Text(name) = name else { continue };
            self.value = Some(node);
            let name: StrDeserializer<'_, Mismatch> = name.as_str().into_deserializer();
            return seed.deserialize(name).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let node = self.value.take().ok_or_else(|| Mismatch::custom("no value"))?;
        seed.deserialize(node)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Tag {
        key: String,
        value: Option<String>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        name: Option<String>,
        #[serde(default)]
        tags: Vec<Tag>,
        #[serde(default)]
        keys: Vec<String>,
    }

    #[test]
    fn lists_and_structures() {
        let form = b"Action=X&Name=a%20b+c&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=l\
                     &Keys.member.2=second&Keys.member.10=tenth&Keys.member.1=first";
        let input: Input = decode(form).unwrap();
        assert_eq!(input.name.as_deref(), Some("a b c"));
        assert_eq!(input.tags.len(), 2);
        assert_eq!(input.keys, ["first", "second", "tenth"]);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for form in [&b"Name=%ff"[..], b"Name=a&Name=b", b"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1"] {
            assert!(decode::<Input>(form).is_err());
        }
    }
}
