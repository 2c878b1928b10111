//! The two protocols: AWS JSON 1.1 (KMS) and Query with XML answers (STS, IAM).

mod call;
mod dialect;
mod envelope;
mod guarded;
mod json;
mod origins;
mod protocol;
mod query;
mod unfit;
mod xml;

use bytes::Bytes;
use model::shape::{Input, Output};

pub(crate) use call::Call;
pub use call::named_operation;
pub use dialect::Dialect;
pub(crate) use envelope::{failure, success, without_entropy};
pub use origins::{Guest, NoOrigin, Origins};
pub use protocol::Protocol;

use crate::Fault;

/// A request's body with the protocol it is written in.
#[derive(Clone, Copy)]
pub struct Body<'a> {
    dialect: Dialect,
    bytes: &'a [u8],
    request_id: &'a str,
}

impl<'a> Body<'a> {
    /// The body of a call in `dialect`; `request_id` stands in Query answers.
    #[must_use]
    pub const fn new(dialect: Dialect, bytes: &'a [u8], request_id: &'a str) -> Self {
        Self { dialect, bytes, request_id }
    }

    /// Decodes and constrains the input.
    ///
    /// # Errors
    /// `SerializationException` when the bytes are not the protocol's, `ValidationException` when a member breaks
    /// its constraint.
    pub fn decode<I: Input>(&self) -> Result<I, Fault> {
        let raw = match self.dialect {
            Dialect::AwsJson => json::decode(self.bytes)?,
            Dialect::Query { .. } | Dialect::QueryInJson => query::decode(self.bytes)?,
        };
        Ok(model::shape::parse::<I>(raw)?)
    }

    /// Encodes the output. The buffer is wiped when it has been sent, for it may hold plaintext.
    pub(crate) fn encode<O: Output>(&self, operation: &str, output: &O) -> Result<Bytes, Fault> {
        match self.dialect {
            Dialect::AwsJson => json::encode(output),
            Dialect::Query { namespace } => xml::encode(operation, namespace, self.request_id, output),
            Dialect::QueryInJson => json::encode_response(operation, self.request_id, output),
        }
    }
}
