//! Recorded values as an event shows them.

use audit::{Hexadecimal, RecordedText, Value};
use model::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// Members whose values are times. Records keep milliseconds, events show words.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-schedule-key-deletion.html>
const TIMES: &[&str] =
    &["createDate", "creationDate", "deletionDate", "endTime", "expiration", "startTime", "validTo"];

/// Recorded members, to be written as a JSON object; `null` where there are none.
#[derive(Debug, Clone, Copy)]
pub struct ShownMembers<'r> {
    /// What stands in front of the others.
    pub(crate) first: Option<(&'static str, &'r str)>,
    pub(crate) members: &'r [(RecordedText<'r>, Value<'r>)],
}

impl<'r> ShownMembers<'r> {
    /// These members.
    #[must_use]
    pub fn of(members: &'r [(RecordedText<'r>, Value<'r>)]) -> Self {
        Self { first: None, members }
    }

    /// Nothing.
    pub(crate) const NOTHING: Self = Self { first: None, members: &[] };
}

impl Serialize for ShownMembers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.first.is_none() && self.members.is_empty() {
            return serializer.serialize_none();
        }
        let mut map = serializer.serialize_map(None)?;
        if let Some((name, value)) = self.first {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in self.members {
            map.serialize_entry(&**name, &ShownValue(name, value))?;
        }
        map.end()
    }
}

/// A member's value, with the name that says whether it is a time.
struct ShownValue<'r>(&'r str, &'r Value<'r>);

impl Serialize for ShownValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Integer(millis) if TIMES.contains(&self.0) => {
                serializer.serialize_str(&Timestamp::from_millis(*millis).to_english())
            }
            Value::Integer(integer) => serializer.serialize_i64(*integer),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Bytes(bytes) => serializer.collect_str(&Hexadecimal(bytes)),
            Value::List(values) => serializer.collect_seq(values.iter().map(|value| ShownValue("", value))),
            Value::Members(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (&**name, ShownValue(name, value))))
            }
        }
    }
}
