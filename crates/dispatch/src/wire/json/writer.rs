//! A shape as JSON (RFC 8259), written straight into a guarded buffer.
//!
//! serde_json would look at each byte of each name, enumeration and base64 text for characters to escape. Their
//! types say that there are none, and they are nearly all that an answer consists of.

use serde::ser::{self, Serialize, SerializeMap, SerializeSeq, SerializeStruct};

use crate::wire::{
    guarded::Guarded,
    unfit::{Unfit, no_shape_has},
};

/// Writes one value.
pub(super) struct Writer<'a>(pub(super) &'a mut Guarded);

/// Writes the members of an array or of an object.
pub(super) struct Members<'a> {
    json: &'a mut Guarded,
    is_first: bool,
    end: &'static [u8; 1],
}

impl<'a> Members<'a> {
    fn array(json: &'a mut Guarded) -> Self {
        json.push(b"[");
        Self { json, is_first: true, end: b"]" }
    }

    fn object(json: &'a mut Guarded) -> Self {
        json.push(b"{");
        Self { json, is_first: true, end: b"}" }
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.json.push(b",");
        }
    }

    fn close(self) {
        self.json.push(self.end);
    }
}

/// A text of which nothing needs to be escaped.
fn plain(json: &mut Guarded, text: &str) {
    json.push_between(b"\"", text.as_bytes(), b"\"");
}

fn text(json: &mut Guarded, text: &str) {
    let special = |byte: &u8| *byte < b' ' || matches!(*byte, b'"' | b'\\');
    // Without a branch for each byte, many are looked at in one step.
    if !text.as_bytes().iter().fold(false, |found, byte| found | special(byte)) {
        return plain(json, text);
    }
    json.push(b"\"");
    for piece in text.as_bytes().split_inclusive(special) {
        match piece.split_last() {
            Some((last, clean)) if special(last) => {
                json.push(clean);
                escape(json, *last);
            }
            _ => json.push(piece),
        }
    }
    json.push(b"\"");
}

/// Section 7 of RFC 8259.
fn escape(json: &mut Guarded, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    match byte {
        b'"' => json.push(b"\\\""),
        b'\\' => json.push(b"\\\\"),
        b'\n' => json.push(b"\\n"),
        b'\r' => json.push(b"\\r"),
        b'\t' => json.push(b"\\t"),
        0x08 => json.push(b"\\b"),
        0x0C => json.push(b"\\f"),
        _ => json.push(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0xF)]),
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Unfit> {
            self.0.push(itoa::Buffer::new().format(value).as_bytes());
            Ok(())
        })*
    };
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Members<'a>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    );

    fn serialize_bool(self, value: bool) -> Result<(), Unfit> {
        self.0.push(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unfit> {
        self.serialize_f64(value.into())
    }

    /// Of all numbers with a fraction the shapes have times only, which are whole milliseconds.
    fn serialize_f64(self, value: f64) -> Result<(), Unfit> {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any date fit an i64")]
        let millis = (value * 1000.0 + 0.5_f64.copysign(value)) as i64;
        let fraction = millis.unsigned_abs() % 1000;
        if millis < 0 {
            self.0.push(b"-");
        }
        self.0.push(itoa::Buffer::new().format(millis.unsigned_abs() / 1000).as_bytes());
        if fraction > 0 {
            // The leading one keeps the zeroes behind it.
            let mut digits = itoa::Buffer::new();
            self.0.push(b".");
            self.0.push(digits.format(1000 + fraction).as_bytes().get(1..).unwrap_or_default());
        }
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Unfit> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unfit> {
        text(self.0, value);
        Ok(())
    }

    /// Bytes are base64, as everywhere in AWS's protocols.
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unfit> {
        self.0.push(b"\"");
        self.0.push_base64(value);
        self.0.push(b"\"");
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unfit> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unfit> {
        self.0.push(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unfit> {
        self.serialize_unit()
    }

    /// Values of enumerations need no escaping.
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unfit> {
        plain(self.0, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'a>, Unfit> {
        Ok(Members::array(self.0))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Unfit> {
        Ok(Members::object(self.0))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Unfit> {
        Ok(Members::object(self.0))
    }

    no_shape_has!();
}

impl SerializeSeq for Members<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.separate();
        value.serialize(Writer(self.json))
    }

    fn end(self) -> Result<(), Unfit> {
        self.close();
        Ok(())
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unfit> {
        self.separate();
        key.serialize(Writer(self.json))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.json.push(b":");
        value.serialize(Writer(self.json))
    }

    fn end(self) -> Result<(), Unfit> {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Unfit;

    /// Names of members need no escaping.
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unfit> {
        self.separate();
        self.json.push_between(b"\"", name.as_bytes(), b"\":");
        value.serialize(Writer(self.json))
    }

    fn end(self) -> Result<(), Unfit> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    fn written<T: Serialize>(value: &T) -> String {
        let mut json = Guarded::new();
        value.serialize(Writer(&mut json)).unwrap();
        String::from_utf8(json.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn it_writes_what_serde_json_writes() {
        let all: String = (0..=0x7F_u8).map(char::from).chain("äß€😀\u{2028}".chars()).collect();
        let mut values = vec![
            json!(null),
            json!(true),
            json!([]),
            json!({}),
            json!([1, -7, [false, "x"], {}]),
            json!({"a": {"b\"": [i64::MIN, u64::MAX]}, "": "c\\"}),
            json!(all),
        ];
        // Each special character at each place of its text: alone, first, last, doubled.
        for special in all.chars() {
            values.push(json!(format!("{special}a{special}{special}b{special}")));
            values.push(json!(special));
        }
        for value in values {
            assert_eq!(written(&value), serde_json::to_string(&value).unwrap());
        }
    }

    #[test]
    fn times_are_seconds_with_the_milliseconds_there_are() {
        for (millis, expected) in [
            (0, "0"),
            (1_704_164_645_000, "1704164645"),
            (1_704_164_645_120, "1704164645.120"),
            (1_704_164_645_007, "1704164645.007"),
            (-1_500, "-1.500"),
            (-1, "-0.001"),
        ] {
            let time = model::Timestamp::from_millis(millis);
            assert_eq!(written(&time), expected);
            assert_eq!(serde_json::from_str::<model::Timestamp>(expected).unwrap(), time);
        }
    }

    #[test]
    fn bytes_are_base64() {
        for (bytes, expected) in [(&b""[..], "\"\""), (b"hello", "\"aGVsbG8=\""), (&[0xFF; 3], "\"////\"")] {
            assert_eq!(written(&model::Blob::from(bytes.to_vec())), expected);
        }
        let long = vec![7; 10_000];
        let text: String = serde_json::from_str(&written(&model::Blob::from(long.clone()))).unwrap();
        assert_eq!(base64_simd::STANDARD.decode_to_vec(text).unwrap(), long);
    }

    #[test]
    fn enumerations_and_maps_have_their_text() {
        let context = BTreeMap::from([("k\n", model::kms::KeySpec::Rsa2048)]);
        assert_eq!(written(&context), r#"{"k\n":"RSA_2048"}"#);
        assert_eq!(serde_json::from_str::<Value>(&written(&context)).unwrap(), json!({"k\n": "RSA_2048"}));
    }
}
