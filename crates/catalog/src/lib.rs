//! What an S3 gateway knows of its buckets, objects and uploads: everything but the sealed bytes themselves.
//!
//! The gateway keeps sealed bytes in files that are named by random ids, [`FileId`]. The catalog says which file is
//! which part of which object. So one commit publishes an object, whatever its size:
//!
//! ```text
//! 1. the gateway writes a file under a new id, and syncs it
//! 2. Catalog::put                  the object is there, and durable; the answer names the files that it replaced
//! 3. the gateway removes those files
//! ```
//!
//! A crash before step 2 leaves a file without a row, and so does a crash before step 3. At a start the gateway asks
//! for [`Catalog::files`] and removes all others.
//!
//! The crate knows nothing of HTTP, of KMS or of the files. What is sealed (envelopes, notes, checksums) is bytes to it.
//!
//! ```text
//!  catalog.rs           Catalog: opened, and the files that it knows
//!    ├─ buckets.rs      buckets and their settings
//!    ├─ objects.rs      objects: put, read, deleted, wrapped anew
//!    ├─ listing.rs      pages of keys and common prefixes
//!    └─ uploads.rs      uploads in parts
//!  database.rs          one SQLite file: a thread that writes, connections that read
//! ```

mod bucket;
mod bucket_cache;
mod catalog;
mod database;
mod encoding;
mod error;
mod id;
mod object;
mod page;
mod upload;

pub use bucket::{Bucket, Creation};
pub use catalog::Catalog;
pub use error::CatalogError;
pub use id::{FileId, MalformedId, UploadId};
pub use object::{NewObject, Published, StoredObject, StoredPart, WriteIf};
pub use page::{After, ListQuery, ListedEntry, ListedObject, ListedPage};
pub use upload::{Completed, Completion, ListedUpload, NewUpload, PartPage};
