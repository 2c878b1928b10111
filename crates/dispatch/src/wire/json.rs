//! AWS JSON 1.1 bodies, and the answers of the Query protocol in JSON.

mod writer;

use bytes::Bytes;
use model::shape::Output;
use serde::{Serialize, de::DeserializeOwned};

use self::writer::Writer;
use super::guarded::Guarded;
use crate::{Fault, fault};

/// Decodes a JSON object. AWS says nothing but the code about what is wrong with it; serde's text could
/// quote the body, so it is dropped.
pub(super) fn decode<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Fault> {
    if body.is_empty() {
        return Ok(T::default());
    }
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Fault::silent(&fault::SERIALIZATION));
    }
    serde_json::from_slice(body).map_err(|_| Fault::silent(&fault::SERIALIZATION))
}

/// Encodes an output; operations without one answer with an empty body.
pub(super) fn encode<T: Serialize>(output: &T) -> Result<Bytes, Fault> {
    let mut buffer = Guarded::new();
    write(&mut buffer, output)?;
    Ok(if buffer.as_bytes() == b"null" { Bytes::new() } else { buffer.into_bytes() })
}

/// Encodes the answer of an operation of the Query protocol: what is an element in XML is a member here.
pub(super) fn encode_response<T: Output>(
    operation: &str,
    request_id: &str,
    output: &T,
) -> Result<Bytes, Fault> {
    let mut buffer = Guarded::new();
    buffer.push_between(b"{\"", operation.as_bytes(), b"Response\":{");
    if !T::IS_NOTHING {
        buffer.push_between(b"\"", operation.as_bytes(), b"Result\":");
        write(&mut buffer, output)?;
        buffer.push(b",");
    }
    buffer.push_between(b"\"ResponseMetadata\":{\"RequestId\":\"", request_id.as_bytes(), b"\"}}}");
    Ok(buffer.into_bytes())
}

fn write<T: Serialize>(buffer: &mut Guarded, output: &T) -> Result<(), Fault> {
    let unfit = |error| Fault::internal(format!("the output does not encode: {error}"));
    output.serialize(Writer(buffer)).map_err(unfit)
}
