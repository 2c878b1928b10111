//! Objects as they are put and as they are kept.

use bytes::Bytes;

use crate::id::FileId;

/// An object that is going to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// Its key: its name within the bucket. Any text, also an empty one.
    pub key: String,
    /// How many bytes clients see: those of the plaintext.
    pub size: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_ms: u64,
    /// Its entity tag, without quotes.
    pub etag: String,
    /// How it is sealed: its wrapped key, and what goes with that. Opaque.
    pub envelope: Bytes,
    /// What clients sent along and get back: content type, user metadata and the like.
    pub headers: Vec<(String, String)>,
    /// Its tags, in the order in which they were put.
    pub tags: Vec<(String, String)>,
    /// Its body, part after part. An object of one request has one part.
    pub parts: Vec<StoredPart>,
}

/// An object of the catalog. The fields are those of [`NewObject`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Which write of the catalog published it. Of two versions the larger one is younger, and none comes twice.
    pub version: u64,
    /// Its key.
    pub key: String,
    /// The bytes of its plaintext.
    pub size: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_ms: u64,
    /// Its entity tag, without quotes.
    pub etag: String,
    /// How it is sealed.
    pub envelope: Bytes,
    /// What clients sent along.
    pub headers: Vec<(String, String)>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Its body, part after part.
    pub parts: Vec<StoredPart>,
}

/// A part of an object's body, in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Its number, as clients count.
    pub number: u16,
    /// The bytes of its plaintext.
    pub size: u64,
    /// The file that has its sealed bytes.
    pub file: FileId,
    /// Its entity tag, without quotes.
    pub etag: String,
    /// What the caller keeps with it. Opaque.
    pub note: Bytes,
}

/// On what a write depends. It is checked in the commit that writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteIf {
    /// On nothing.
    Always,
    /// There is no object of this key (`If-None-Match: *`). Otherwise the write is refused with
    /// [`PreconditionFailed`](crate::CatalogError::PreconditionFailed).
    Absent,
    /// The object has this entity tag, without quotes (`If-Match`). If it has another one, the write is refused with
    /// [`PreconditionFailed`](crate::CatalogError::PreconditionFailed); if there is no object, with
    /// [`NoSuchKey`](crate::CatalogError::NoSuchKey).
    Etag(String),
}

/// An object was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The version that it has.
    pub version: u64,
    /// The files of the object that it replaced. No row names them any more.
    pub replaced: Vec<FileId>,
}
