//! Values that are bytes in the database, as CBOR; and numbers, which SQLite knows with a sign.

use std::convert::Infallible;

use bytes::Bytes;
use minicbor::{Decoder, Encoder, decode, encode};

use crate::error::CatalogError;
use crate::id::{FileId, UploadId};
use crate::object::StoredPart;

type Encoding = Result<Vec<u8>, encode::Error<Infallible>>;

/// Pairs of texts, as an array of arrays.
pub(crate) fn pairs(pairs: &[(String, String)]) -> Result<Vec<u8>, CatalogError> {
    minicbor::to_vec(pairs).map_err(|error| CatalogError::Unavailable(error.to_string()))
}

/// Reads what [`pairs`] wrote.
pub(crate) fn read_pairs(bytes: &[u8]) -> Result<Vec<(String, String)>, CatalogError> {
    minicbor::decode(bytes).map_err(damaged)
}

/// Parts in their order, as an array of arrays of the fields.
pub(crate) fn parts(parts: &[StoredPart]) -> Result<Vec<u8>, CatalogError> {
    encode_parts(parts).map_err(|error| CatalogError::Unavailable(error.to_string()))
}

/// Reads what [`parts`] wrote.
pub(crate) fn read_parts(bytes: &[u8]) -> Result<Vec<StoredPart>, CatalogError> {
    decode_parts(bytes).map_err(damaged)
}

/// Numbers of parts with their entity tags, as an array of arrays. They are compared, and never read.
pub(crate) fn numbered(parts: &[(u16, &str)]) -> Result<Vec<u8>, CatalogError> {
    minicbor::to_vec(parts).map_err(|error| CatalogError::Unavailable(error.to_string()))
}

/// A count as SQLite keeps it.
pub(crate) fn integer(count: u64) -> Result<i64, CatalogError> {
    i64::try_from(count).map_err(|_| CatalogError::Unavailable(format!("{count} is out of range")))
}

/// Reads what [`integer`] wrote.
pub(crate) fn count(integer: i64) -> Result<u64, CatalogError> {
    u64::try_from(integer).map_err(|_| CatalogError::Corrupt(format!("{integer} is no count")))
}

/// A file's name, of the 16 bytes that the database has.
pub(crate) fn file(bytes: &[u8]) -> Result<FileId, CatalogError> {
    sixteen(bytes).map(FileId)
}

/// An upload's id, of the 16 bytes that the database has.
pub(crate) fn upload_id(bytes: &[u8]) -> Result<UploadId, CatalogError> {
    sixteen(bytes).map(UploadId)
}

/// A text of the bytes that the database has.
pub(crate) fn text(bytes: &[u8]) -> Result<String, CatalogError> {
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| CatalogError::Corrupt("a key is not text".to_owned()))
}

fn sixteen(bytes: &[u8]) -> Result<[u8; 16], CatalogError> {
    bytes.try_into().map_err(|_| CatalogError::Corrupt("an id has not 16 bytes".to_owned()))
}

fn encode_parts(parts: &[StoredPart]) -> Encoding {
    let mut encoder = Encoder::new(Vec::new());
    encoder.array(parts.len() as u64)?;
    for StoredPart { number, size, file, etag, note } in parts {
        encoder.array(5)?.u16(*number)?.u64(*size)?.bytes(&file.0)?.str(etag)?.bytes(note)?;
    }
    Ok(encoder.into_writer())
}

fn decode_parts(bytes: &[u8]) -> Result<Vec<StoredPart>, decode::Error> {
    let mut decoder = Decoder::new(bytes);
    let mut parts = Vec::new();
    for _ in 0..decoder.array()?.unwrap_or_default() {
        if decoder.array()? != Some(5) {
            return Err(decode::Error::message("a part has five fields"));
        }
        let (number, size) = (decoder.u16()?, decoder.u64()?);
        let file = <[u8; 16]>::try_from(decoder.bytes()?);
        let file = file.map(FileId).map_err(|_| decode::Error::message("a file's name has 16 bytes"))?;
        let etag = decoder.str()?.to_owned();
        let note = Bytes::copy_from_slice(decoder.bytes()?);
        parts.push(StoredPart { number, size, file, etag, note });
    }
    Ok(parts)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: decode::Error) -> CatalogError {
    CatalogError::Corrupt(error.to_string())
}
