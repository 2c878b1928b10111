//! Uploads in parts, from their beginning to their end.

use bytes::Bytes;

use crate::id::{FileId, UploadId};
use crate::object::StoredPart;

/// An upload that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    /// The key of the object that it is going to be.
    pub key: String,
    /// When it began, in milliseconds since 1970.
    pub created_ms: u64,
    /// Who began it, in a form of the caller's.
    pub owner: String,
    /// Which checksums the parts have to have. Opaque.
    pub checksum: Bytes,
    /// How the object is going to be sealed. Opaque.
    pub envelope: Bytes,
    /// What clients sent along for the object.
    pub headers: Vec<(String, String)>,
    /// The tags of the object.
    pub tags: Vec<(String, String)>,
}

/// What a listing shows of an upload that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUpload {
    /// The key of the object that it is going to be.
    pub key: String,
    /// Its id.
    pub id: UploadId,
    /// When it began, in milliseconds since 1970.
    pub created_ms: u64,
    /// Who began it.
    pub owner: String,
    /// Which checksums its parts have to have.
    pub checksum: Bytes,
}

/// One page of the parts of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartPage {
    /// Its parts, in the order of their numbers.
    pub parts: Vec<StoredPart>,
    /// The last part's number, if there are parts behind it: the next page is the one after this.
    pub next: Option<u16>,
}

/// An upload became an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The version that the object has.
    pub version: u64,
    /// The files of the object that it replaced. No row names them any more.
    pub replaced: Vec<FileId>,
    /// The files of parts that were sent and not chosen. No row names them any more.
    pub unused: Vec<FileId>,
}

/// What became of an upload that was completed not long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The version that the object had. By now, there may be another one.
    pub version: u64,
    /// The entity tag that the object had, without quotes.
    pub etag: String,
}
