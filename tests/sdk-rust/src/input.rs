//! JSON to what the SDK's builders take, and back.

use std::collections::HashMap;

use aws_sdk_kms::{
    primitives::{Blob, DateTime},
    types::Tag,
};
use serde_json::{Value, json};

/// The input of a call.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a>(pub(crate) &'a Value);

impl Input<'_> {
    pub(crate) fn text(self, name: &str) -> Option<String> {
        Some(self.0.get(name)?.as_str()?.to_owned())
    }

    /// A member that the SDK has an enumeration for.
    pub(crate) fn one<T: for<'a> From<&'a str>>(self, name: &str) -> Option<T> {
        Some(T::from(self.0.get(name)?.as_str()?))
    }

    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    pub(crate) fn number(self, name: &str) -> Option<i32> {
        self.0.get(name)?.as_i64()?.try_into().ok()
    }

    pub(crate) fn blob(self, name: &str) -> Option<Blob> {
        Some(Blob::new(base64_simd::STANDARD.decode_to_vec(self.0.get(name)?.as_str()?).ok()?))
    }

    pub(crate) fn texts(self, name: &str) -> Option<Vec<String>> {
        let texts = self.0.get(name)?.as_array()?.iter().filter_map(Value::as_str);
        Some(texts.map(str::to_owned).collect())
    }

    /// A list of values that the SDK has an enumeration for.
    pub(crate) fn several<T: for<'a> From<&'a str>>(self, name: &str) -> Option<Vec<T>> {
        Some(self.0.get(name)?.as_array()?.iter().filter_map(Value::as_str).map(T::from).collect())
    }

    pub(crate) fn map(self, name: &str) -> Option<HashMap<String, String>> {
        let members = self.0.get(name)?.as_object()?.iter();
        Some(members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect())
    }

    pub(crate) fn tags(self, name: &str) -> Option<Vec<Tag>> {
        let tag = |tag: &Value| {
            let tag = Input(tag);
            Tag::builder().set_tag_key(tag.text("TagKey")).set_tag_value(tag.text("TagValue")).build().ok()
        };
        Some(self.0.get(name)?.as_array()?.iter().filter_map(tag).collect())
    }
}

/// A blob as the tests take it.
pub(crate) fn base64(blob: Option<Blob>) -> Option<String> {
    blob.map(|blob| base64_simd::STANDARD.encode_to_string(blob))
}

/// A point in time as the service writes it.
pub(crate) fn seconds(time: Option<DateTime>) -> Option<Value> {
    time.map(|time| json!(time.as_secs_f64()))
}

/// Values of an enumeration by their names.
pub(crate) fn names<'a, T: AsRef<str> + 'a>(values: Option<&'a Vec<T>>) -> Option<Vec<&'a str>> {
    values.map(|values| values.iter().map(AsRef::as_ref).collect())
}

/// A value of an enumeration by its name.
pub(crate) fn name<T: AsRef<str>>(value: Option<&T>) -> Option<&str> {
    value.map(AsRef::as_ref)
}
