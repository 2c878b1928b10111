//! AWS JSON 1.1 bodies.

mod writer;

use bytes::Bytes;
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
    output
        .serialize(Writer(&mut buffer))
        .map_err(|error| Fault::internal(format!("the output does not encode: {error}")))?;
    Ok(if buffer.as_bytes() == b"null" { Bytes::new() } else { buffer.into_bytes() })
}
