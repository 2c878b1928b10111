//! Query output: a shape as XML, lists as `<member>`, maps as `<entry>`, timestamps in ISO 8601.

use bytes::Bytes;
use model::shape::Output;
use serde::ser::{self, Serialize, SerializeMap, SerializeSeq, SerializeStruct};
use std::fmt;
use zeroize::Zeroizing;

use super::{
    dialect::party,
    unfit::{Unfit, no_shape_has},
};
use crate::Fault;

/// Encodes the answer of an operation.
pub(super) fn encode<T: Output>(
    operation: &str,
    namespace: &str,
    request_id: &str,
    output: &T,
) -> Result<Bytes, Fault> {
    let mut xml = Zeroizing::new(String::with_capacity(2048));
    xml.push_str(&format!("<{operation}Response xmlns=\"{namespace}\">"));
    if !T::IS_NOTHING {
        xml.push_str(&format!("<{operation}Result>"));
        output
            .serialize(Writer { xml: &mut xml })
            .map_err(|error| Fault::internal(format!("the output does not encode: {error}")))?;
        xml.push_str(&format!("</{operation}Result>"));
    }
    xml.push_str(&format!(
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ));
    Ok(Bytes::from_owner(Guarded(xml)))
}

/// Encodes a fault.
pub(super) fn fault(namespace: &str, request_id: &str, fault: &Fault) -> Bytes {
    let party = party(fault.kind);
    let mut xml = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{party}</Type><Code>{}</Code><Message>",
        fault.kind.query
    );
    escape(&mut xml, fault.message.as_deref().unwrap_or_default());
    xml.push_str(&format!("</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"));
    Bytes::from(xml)
}

struct Guarded(Zeroizing<String>);

impl AsRef<[u8]> for Guarded {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn escape(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '&' => xml.push_str("&amp;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#xD;"),
            '\t' | '\n' | ' '.. => xml.push(character),
            // XML 1.0 section 2.2 has no way to write the other control characters.
            _ => xml.push('\u{FFFD}'),
        }
    }
}

/// Writes a value between tags that the caller writes.
struct Writer<'a> {
    xml: &'a mut String,
}

impl Writer<'_> {
    fn text(self, text: impl fmt::Display) -> Result<(), Unfit> {
        escape(self.xml, &text.to_string());
        Ok(())
    }

    fn element<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unfit> {
        self.xml.push_str(&format!("<{name}>"));
        value.serialize(Writer { xml: self.xml })?;
        self.xml.push_str(&format!("</{name}>"));
        Ok(())
    }
}

/// Scalars are their text.
macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Unfit> { self.text(value) })*
    };
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;

    scalars!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f32: f32, serialize_f64: f64, serialize_char: char, serialize_str: &str
    );

    /// Bytes are base64, as everywhere in AWS's protocols. They may be secret.
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unfit> {
        self.xml.push_str(&Zeroizing::new(base64_simd::STANDARD.encode_to_string(value)));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unfit> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unfit> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unfit> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unfit> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        if name != "Timestamp" {
            return value.serialize(self);
        }
        let mut seconds = String::new();
        value.serialize(Writer { xml: &mut seconds })?;
        let seconds: f64 = seconds.parse().map_err(|_| Unfit("a timestamp"))?;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any date fit an i64")]
        let millis = (seconds * 1000.0).round() as i64;
        self.text(model::Timestamp::from_millis(millis).to_iso8601())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    no_shape_has!();
}

impl SerializeSeq for Writer<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.element("member", value)
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl SerializeMap for Writer<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unfit> {
        self.xml.push_str("<entry>");
        self.element("key", key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.element("value", value)?;
        self.xml.push_str("</entry>");
        Ok(())
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl SerializeStruct for Writer<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unfit> {
        self.element(name, value)
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Shape {
        name: &'static str,
        list: Vec<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<bool>,
        when: model::Timestamp,
    }

    impl Output for Shape {}

    impl model::shown::Structure for Shape {
        fn each<'a>(&'a self, _: &mut dyn FnMut(&'static str, &'a dyn model::shown::Show)) {}
    }

    #[test]
    fn a_structure() {
        let output = Shape {
            name: "a<b&\u{1}",
            list: vec![1, 2],
            absent: None,
            when: model::Timestamp::from_millis(1_704_164_645_000),
        };
        let xml = encode("Get", "urn:x", "id", &output).unwrap();
        assert_eq!(
            std::str::from_utf8(&xml).unwrap(),
            "<GetResponse xmlns=\"urn:x\"><GetResult><Name>a&lt;b&amp;\u{FFFD}</Name><List><member>1</member>\
             <member>2</member></List><When>2024-01-02T03:04:05Z</When></GetResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetResponse>"
        );
    }

    #[test]
    fn no_output_has_no_result_and_an_empty_one_has() {
        let xml = encode("Delete", "urn:x", "id", &model::Nothing {}).unwrap();
        assert!(!std::str::from_utf8(&xml).unwrap().contains("Result>"));
        let xml = encode("UpdateRole", "urn:x", "id", &model::iam::UpdateRoleResponse {}).unwrap();
        assert!(std::str::from_utf8(&xml).unwrap().contains("<UpdateRoleResult></UpdateRoleResult>"));
    }

    #[test]
    fn faults_name_the_party() {
        let fault = Fault::new(&crate::fault::ACCESS_DENIED, "no");
        let xml = super::fault("urn:x", "id", &fault);
        let xml = std::str::from_utf8(&xml).unwrap();
        assert!(xml.contains("<Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>"));
    }
}
