//! A value of a request or response in a record: the shapes that JSON has, in CBOR (RFC 8949).

use std::{borrow::Cow, fmt};

use minicbor::data::Type;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::text::RecordedText;

/// Values nest at most this deep, so that reading a forged record cannot exhaust the stack.
const DEPTH_MAX: usize = 16;

/// The value of an allow-listed member as it was sent, to be shown as JSON later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string.
    Text(RecordedText<'a>),
    /// An integer; times are milliseconds since 1970.
    Integer(i64),
    /// A boolean.
    Flag(bool),
    /// Bytes, such as the id of a key material: half as long as the [`Hexadecimal`] that is shown of them.
    Bytes(Cow<'a, [u8]>),
    /// An array. Lists and objects are recorded when they nest at most 15 deep.
    List(Vec<Value<'a>>),
    /// An object, such as an encryption context, in the order in which it was sent.
    Members(Vec<(RecordedText<'a>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The same value, its texts shared.
    #[must_use]
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text.borrowed()),
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            Self::List(values) => Value::List(values.iter().map(Self::borrowed).collect()),
            Self::Members(members) => Value::map(members.iter().map(|(k, v)| (k.borrowed(), v.borrowed()))),
        }
    }

    /// Bytes of all its texts.
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Integer(_) | Self::Flag(_) => 0,
            Self::Bytes(bytes) => bytes.len(),
            Self::List(values) => values.iter().map(Self::text_bytes).sum(),
            Self::Members(members) => {
                members.iter().map(|(name, value)| name.len() + value.text_bytes()).sum()
            }
        }
    }

    /// A list, such as the keys of tags.
    pub fn list<V: Into<Value<'a>>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }

    /// A map of strings, such as an encryption context.
    pub fn map<K: Into<RecordedText<'a>>, V: Into<Value<'a>>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::Members(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

/// Bytes as they are shown.
#[derive(Debug, Clone, Copy)]
pub struct Hexadecimal<'a>(pub &'a [u8]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<RecordedText<'a>> for Value<'a> {
    fn from(text: RecordedText<'a>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<C> Encode<C> for Value<'_> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        encode_value(self, e, DEPTH_MAX)
    }
}

impl<'a, 'b: 'a, C> Decode<'b, C> for Value<'a> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        decode_value(d, DEPTH_MAX)
    }
}

/// Writes members as a CBOR map. With [`decode_members`] a field codec for `#[cbor(with)]`.
pub(crate) fn encode_members<C, W: Write>(
    members: &[(RecordedText<'_>, Value<'_>)],
    e: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), encode::Error<W::Error>> {
    encode_map(members, e, DEPTH_MAX)
}

/// Reads what [`encode_members`] wrote.
pub(crate) fn decode_members<'a, C>(
    d: &mut Decoder<'a>,
    _: &mut C,
) -> Result<Vec<(RecordedText<'a>, Value<'a>)>, decode::Error> {
    members(d, DEPTH_MAX)
}

/// A list or an object that lies too deep to be read back is written as an empty text.
fn encode_value<W: Write>(
    value: &Value<'_>,
    e: &mut Encoder<W>,
    depth: usize,
) -> Result<(), encode::Error<W::Error>> {
    match (value, depth.saturating_sub(1)) {
        (Value::Text(text), _) => e.str(text)?.ok(),
        (Value::Integer(integer), _) => e.i64(*integer)?.ok(),
        (Value::Flag(flag), _) => e.bool(*flag)?.ok(),
        (Value::Bytes(bytes), _) => e.bytes(bytes)?.ok(),
        (Value::List(_) | Value::Members(_), 0) => e.str("")?.ok(),
        (Value::List(values), below) => {
            e.array(values.len() as u64)?;
            values.iter().try_for_each(|value| encode_value(value, e, below))
        }
        (Value::Members(members), below) => encode_map(members, e, below),
    }
}

fn encode_map<W: Write>(
    members: &[(RecordedText<'_>, Value<'_>)],
    e: &mut Encoder<W>,
    depth: usize,
) -> Result<(), encode::Error<W::Error>> {
    e.map(members.len() as u64)?;
    members.iter().try_for_each(|(name, value)| {
        e.str(name)?;
        encode_value(value, e, depth)
    })
}

fn decode_value<'a>(d: &mut Decoder<'a>, depth: usize) -> Result<Value<'a>, decode::Error> {
    let below = depth.checked_sub(1).ok_or_else(|| decode::Error::message("a value nested too deep"))?;
    match d.datatype()? {
        Type::String => Ok(Value::Text(d.str()?.into())),
        Type::Bool => Ok(Value::Flag(d.bool()?)),
        Type::Bytes => Ok(Value::Bytes(Cow::Borrowed(d.bytes()?))),
        Type::Array => {
            let len = d.array()?.ok_or_else(indefinite)?;
            (0..len).map(|_| decode_value(d, below)).collect::<Result<_, _>>().map(Value::List)
        }
        Type::Map => members(d, below).map(Value::Members),
        _ => Ok(Value::Integer(d.i64()?)),
    }
}

fn members<'a>(
    d: &mut Decoder<'a>,
    depth: usize,
) -> Result<Vec<(RecordedText<'a>, Value<'a>)>, decode::Error> {
    let len = d.map()?.ok_or_else(indefinite)?;
    (0..len).map(|_| Ok((d.str()?.into(), decode_value(d, depth)?))).collect()
}

fn indefinite() -> decode::Error {
    decode::Error::message("a value of indefinite length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_back() {
        let value = Value::Members(vec![
            ("keyId".into(), "alias/a".into()),
            ("days".into(), (-7).into()),
            ("dryRun".into(), true.into()),
            ("keyMaterialId".into(), Value::Bytes(vec![0, 0xab].into())),
            ("tags".into(), Value::List(vec![Value::map([("tagKey", "a"), ("tagValue", "b")])])),
        ]);
        let bytes = minicbor::to_vec(&value).unwrap();
        assert_eq!(minicbor::decode::<Value<'_>>(&bytes).unwrap(), value);
    }

    #[test]
    fn bytes_are_shown_in_hexadecimal() {
        assert_eq!(Hexadecimal(&[0, 0xab, 0x0f]).to_string(), "00ab0f");
    }

    #[test]
    fn what_is_written_can_be_read_however_deep_it_was() {
        let mut value = Value::from("seed");
        for depth in 0..100 {
            value = if depth % 2 == 0 { Value::List(vec![value]) } else { Value::map([("a", value)]) };
            let written = minicbor::to_vec(&value).unwrap();
            let read = minicbor::decode::<Value<'_>>(&written).unwrap();
            // The seed lies at the depth of all lists and objects around it.
            assert_eq!(read == value, depth + 1 < DEPTH_MAX, "depth {depth}");
        }
    }

    #[test]
    fn deep_or_endless_values_are_refused_without_a_crash() {
        let deep = vec![0x81; 60_000];
        assert!(minicbor::decode::<Value<'_>>(&deep).is_err());
        let claims_much = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(minicbor::decode::<Value<'_>>(&claims_much).is_err());
        assert!(minicbor::decode::<Value<'_>>(&[0x9f, 0xff]).is_err());
    }
}
