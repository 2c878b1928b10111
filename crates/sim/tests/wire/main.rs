//! What may stand on the wire: the forms that clients send calls in, and those that nobody should get through with.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "tests")]

mod constraints;
mod kms_calls;
mod odd_requests;
mod presigned;
mod query_answers;
mod query_calls;
mod requests;
mod tokens;
