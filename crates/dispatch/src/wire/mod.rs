//! The two protocols: AWS JSON 1.1 (KMS) and Query with XML answers (STS, IAM).

mod call;
mod envelope;
mod guarded;
mod json;
mod query;
mod unfit;
mod xml;

use bytes::Bytes;
use model::shape::{Input, Output};

pub(crate) use call::Call;
pub use call::named_operation;
pub(crate) use envelope::{failure, success, without_entropy};

use crate::{Fault, Kind};

/// How a service's calls look on the wire.
#[derive(Debug, Clone, Copy)]
pub enum Protocol {
    /// `X-Amz-Target: <prefix>.<Operation>`, a JSON object each way.
    /// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>
    AwsJson {
        /// What stands before the dot.
        target: &'static str,
    },
    /// `Action=<Operation>&Version=<version>` as a form, XML back.
    /// <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>
    Query {
        /// The API version.
        version: &'static str,
        /// The namespace of the answers.
        namespace: &'static str,
    },
}

impl Protocol {
    /// The HTTP status that an error has in it.
    pub(crate) const fn status(self, kind: &Kind) -> u16 {
        match self {
            Self::AwsJson { .. } => kind.json_status,
            Self::Query { .. } => kind.query_status,
        }
    }
}

/// A request's body with the protocol it is written in.
#[derive(Clone, Copy)]
pub struct Body<'a> {
    protocol: Protocol,
    bytes: &'a [u8],
    request_id: &'a str,
}

impl<'a> Body<'a> {
    /// The body of a call in `protocol`; `request_id` stands in Query answers.
    #[must_use]
    pub const fn new(protocol: Protocol, bytes: &'a [u8], request_id: &'a str) -> Self {
        Self { protocol, bytes, request_id }
    }

    /// Decodes and constrains the input.
    ///
    /// # Errors
    /// `SerializationException` when the bytes are not the protocol's, `ValidationException` when a member breaks
    /// its constraint.
    pub fn decode<I: Input>(&self) -> Result<I, Fault> {
        let raw = match self.protocol {
            Protocol::AwsJson { .. } => json::decode(self.bytes)?,
            Protocol::Query { .. } => query::decode(self.bytes)?,
        };
        Ok(model::shape::parse::<I>(raw)?)
    }

    /// Encodes the output. The buffer is wiped when it has been sent, for it may hold plaintext.
    pub(crate) fn encode<O: Output>(&self, operation: &str, output: &O) -> Result<Bytes, Fault> {
        match self.protocol {
            Protocol::AwsJson { .. } => json::encode(output),
            Protocol::Query { namespace, .. } => xml::encode(operation, namespace, self.request_id, output),
        }
    }
}
