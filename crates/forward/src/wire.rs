//! Calls and answers as bytes: AWS JSON 1.1.

use std::fmt;

use http::{HeaderName, Response};
use secret::Plaintext;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error, Visitor},
    ser::Error as _,
};

use crate::error::KmsError;

/// Room for most calls.
const CALL_BYTES: usize = 1024;

/// The longest text of a fault that is shown, in characters.
const MESSAGE_CHARS_MAX: usize = 2000;

/// The longest code of a fault, and id of a request.
const NAME_CHARS_MAX: usize = 100;

/// The header with the id of the request.
const X_AMZN_REQUESTID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Bytes that are wiped when they have been sent.
pub(crate) struct Wiped(pub(crate) Plaintext);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.reveal()
    }
}

/// The body of a call, with `secret_bytes` of secrets in it: all of it is written into one place, which is wiped.
pub(crate) fn body(call: &impl Serialize, secret_bytes: usize) -> Result<Plaintext, KmsError> {
    // Base64 is longer by a third.
    let mut body = Vec::with_capacity(CALL_BYTES.saturating_add(secret_bytes.saturating_mul(2)));
    let written = serde_json::to_writer(&mut body, call);
    let body = Plaintext::new(body);
    written.map_err(|_| KmsError::Request("the call cannot be written as JSON".to_owned()))?;
    Ok(body)
}

/// What an answer says.
pub(crate) fn read<A: DeserializeOwned>(answer: &Plaintext) -> Result<A, KmsError> {
    // What is wrong is told by the place: the text may be secret.
    serde_json::from_slice(answer.reveal()).map_err(|error| KmsError::Answer {
        why: format!("what is in column {} is not what KMS answers", error.column()),
        status: 200,
    })
}

/// The fault in an answer that is no success.
pub(crate) fn fault(answer: &Response<Plaintext>) -> KmsError {
    #[derive(Deserialize)]
    struct Told {
        #[serde(rename = "__type")]
        code: String,
        #[serde(default, alias = "Message")]
        message: String,
    }
    let status = answer.status().as_u16();
    let Ok(told) = serde_json::from_slice::<Told>(answer.body().reveal()) else {
        return KmsError::Answer { why: "there is no fault of KMS in it".to_owned(), status };
    };
    let code = told.code.rsplit('#').next().unwrap_or_default();
    let request_id = answer.headers().get(X_AMZN_REQUESTID).and_then(|id| id.to_str().ok());
    KmsError::Fault {
        code: shown(code, NAME_CHARS_MAX),
        message: shown(&told.message, MESSAGE_CHARS_MAX),
        status,
        request_id: request_id.map(|id| shown(id, NAME_CHARS_MAX)),
    }
}

/// A text without letters that control a terminal, and not too long.
fn shown(text: &str, chars_max: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(chars_max).collect()
}

/// Bytes, written as base64.
pub(crate) struct EncodedBytes<'a>(pub(crate) &'a [u8]);

impl Serialize for EncodedBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64_simd::STANDARD.encode_to_string(self.0))
    }
}

/// Secret bytes, written as base64 without a copy that stays.
pub(crate) struct EncodedSecret<'a>(pub(crate) &'a Plaintext);

impl Serialize for EncodedSecret<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_base64();
        serializer.serialize_str(std::str::from_utf8(text.reveal()).map_err(S::Error::custom)?)
    }
}

/// Reads base64 as bytes.
pub(crate) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    deserializer.deserialize_str(InPlace(|text: &str| base64_simd::STANDARD.decode_to_vec(text).ok()))
}

/// Reads base64 as secret bytes.
pub(crate) fn secret_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Plaintext, D::Error> {
    deserializer.deserialize_str(InPlace(|text: &str| Plaintext::from_base64(text.as_bytes()).ok()))
}

/// Reads secret text.
pub(crate) fn secret_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Plaintext, D::Error> {
    deserializer.deserialize_str(InPlace(|text: &str| Some(Plaintext::new(text.as_bytes().to_vec()))))
}

/// Reads text where it stands.
struct InPlace<F>(F);

impl<T, F: FnOnce(&str) -> Option<T>> Visitor<'_> for InPlace<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or bytes as base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::custom("not base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, answer: &str) -> KmsError {
        let answer = Plaintext::new(answer.as_bytes().to_vec());
        fault(&Response::builder().status(status).header("x-amzn-RequestId", "id-1").body(answer).unwrap())
    }

    #[test]
    fn faults_are_read_in_the_forms_that_services_write() {
        for answer in [
            r#"{"__type":"NotFoundException","message":"Alias x is not found."}"#,
            r#"{"__type":"com.amazonaws.kms#NotFoundException","Message":"Alias x\u001b is not found."}"#,
        ] {
            let expected = KmsError::Fault {
                code: "NotFoundException".to_owned(),
                message: "Alias x is not found.".to_owned(),
                status: 400,
                request_id: Some("id-1".to_owned()),
            };
            assert_eq!(told(400, answer), expected);
        }
        assert_eq!(told(400, r#"{"__type":"DisabledException"}"#).code(), Some("DisabledException"));
        assert!(matches!(told(502, "<html>"), KmsError::Answer { status: 502, .. }));
    }

    #[test]
    fn what_is_wrong_with_an_answer_shows_nothing_of_it() {
        #[derive(Debug, Deserialize)]
        struct Number {
            #[expect(dead_code, reason = "it is never read")]
            plaintext: u8,
        }
        let answer = Plaintext::new(br#"{"plaintext": "c2VjcmV0"}"#.to_vec());
        let error = read::<Number>(&answer).unwrap_err();
        assert!(!error.to_string().contains("c2VjcmV0"), "{error}");
    }
}
