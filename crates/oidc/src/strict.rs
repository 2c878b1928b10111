//! JSON in which every name of an object stands once. Readers differ in which of two values counts: a token with
//! both could mean one thing to its checker and another to its user (RFC 8259 section 4).

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Object),
}

/// An object.
pub(crate) type Object = BTreeMap<String, Json>;

/// Reads an object. `None` when the text is no object, or holds a name twice anywhere.
pub(crate) fn object(bytes: &[u8]) -> Option<Object> {
    match serde_json::from_slice(bytes).ok()? {
        Json::Object(members) => Some(members),
        _ => None,
    }
}

impl Json {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The texts of a list of texts.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        self.list()?.iter().map(|item| item.text().map(str::to_owned)).collect()
    }

    /// Seconds since the epoch, without the fraction of a second.
    pub(crate) fn seconds(&self) -> Option<i64> {
        match self {
            // Within these bounds every number of seconds is exact.
            Self::Number(number) if (0.0..9.0e15).contains(number) => Some(*number as i64),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated names")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Object::new();
        while let Some((name, value)) = members.next_entry::<String, Json>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once_at_every_depth() {
        assert!(object(br#"{"a":1,"b":{"a":[{"a":null}]}}"#).is_some());
        for twice in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[{"a":1,"a":2}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert_eq!(object(twice.as_bytes()), None, "{twice}");
        }
        for no_object in ["", "[]", "1", r#"{"a":1}x"#, r#"{"a":1"#] {
            assert_eq!(object(no_object.as_bytes()), None, "{no_object}");
        }
    }

    #[test]
    fn seconds_are_whole_and_not_beyond_reason() {
        let seconds = |text: &str| object(format!(r#"{{"t":{text}}}"#).as_bytes()).unwrap()["t"].seconds();
        assert_eq!(seconds("1516239022"), Some(1_516_239_022));
        assert_eq!(seconds("1516239022.9"), Some(1_516_239_022));
        for bad in ["-1", "1e300", "\"1516239022\"", "null"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
