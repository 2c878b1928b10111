//! Buckets that trails deliver to. Which ones there are is the operator's to say: no request names a path or a host.

mod directory;
mod s3;

pub use directory::DirectoryBucket;
pub use s3::{S3Bucket, S3Place};
