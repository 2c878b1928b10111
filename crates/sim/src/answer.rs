//! An answer, taken apart.

use bytes::Bytes;
use http::{HeaderMap, Response};
use serde_json::Value;

use crate::Credentials;

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it is.
    pub body: Bytes,
    /// The error's code; `None` for a success.
    pub code: Option<String>,
    /// The error's text; `None` if it has none.
    pub message: Option<String>,
}

impl Answer {
    /// The output of a call that succeeded; `null` if it has none.
    ///
    /// # Panics
    /// If the call was refused.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!(self.code.is_none(), "refused: {self:?}");
        self.json()
    }

    /// The code of a call that was refused.
    ///
    /// # Panics
    /// If the call succeeded.
    #[track_caller]
    #[must_use]
    pub fn fault(&self) -> &str {
        self.code.as_deref().unwrap_or_else(|| panic!("not refused: {self:?}"))
    }

    /// Code and text of a call that was refused; `""` where there is no text.
    ///
    /// # Panics
    /// If the call succeeded.
    #[track_caller]
    #[must_use]
    pub fn refusal(&self) -> (&str, &str) {
        (self.fault(), self.message.as_deref().unwrap_or_default())
    }

    /// The body as JSON; `null` if it is empty.
    ///
    /// # Panics
    /// If it is neither.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The credentials that an answer of IAM or STS to a call of this account holds.
    ///
    /// # Panics
    /// If the call was refused, or the answer holds none.
    #[track_caller]
    #[must_use]
    pub fn credentials(&self, account: &str) -> Credentials {
        assert!(self.code.is_none(), "refused: {self:?}");
        let text = |element| self.xml(element).unwrap_or_else(|| panic!("no {element}: {self:?}"));
        Credentials {
            account: account.to_owned(),
            access_key_id: text("AccessKeyId"),
            secret_access_key: text("SecretAccessKey"),
            session_token: self.xml("SessionToken"),
        }
    }

    /// The text of the first element of this name in an XML body. Knows no entities.
    #[must_use]
    pub fn xml(&self, element: &str) -> Option<String> {
        let body = std::str::from_utf8(&self.body).ok()?;
        let (_, rest) = body.split_once(&format!("<{element}>"))?;
        let (text, _) = rest.split_once(&format!("</{element}>"))?;
        Some(text.to_owned())
    }
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        let (head, body) = response.into_parts();
        let mut answer =
            Self { status: head.status.as_u16(), headers: head.headers, body, code: None, message: None };
        if answer.status == 200 {
            return answer;
        }
        if answer.body.starts_with(b"<") {
            (answer.code, answer.message) = (answer.xml("Code"), answer.xml("Message"));
        } else {
            let json = answer.json();
            // The Query protocol has members of its own, if it is asked for JSON.
            let (json, code) = match json.get("Error") {
                Some(error) => (error, "Code"),
                None => (&json, "__type"),
            };
            let text = |member: &str| json.get(member).and_then(Value::as_str).map(str::to_owned);
            (answer.code, answer.message) = (text(code), text("message").or_else(|| text("Message")));
        }
        assert!(answer.code.is_some(), "an error without a code: {answer:?}");
        answer
    }
}
