//! The protocol of a service.

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
