//! The options about a bucket behind the gateway.

use std::path::PathBuf;

use clap::Args;
use s3::DataBucketPlace;

/// Where sealed data is, if not in the directory.
#[derive(Debug, Args)]
pub(crate) struct BucketOptions {
    /// Keeps the sealed data in this bucket; names and wrapped keys stay in the directory.
    #[arg(long, value_name = "s3://BUCKET[/PREFIX]", requires = "bucket_credentials")]
    bucket: Option<String>,
    /// A file with the bucket's credentials in AWS's form. KMS is called with others.
    #[arg(long, value_name = "FILE", requires = "bucket")]
    bucket_credentials: Option<PathBuf>,
    /// The profile in that file.
    #[arg(long, value_name = "NAME", default_value = "default", requires = "bucket")]
    bucket_profile: String,
    /// Where the bucket is, if not at AWS: `https`, or `http` on a loopback address.
    #[arg(long, value_name = "URL", requires = "bucket")]
    bucket_endpoint: Option<String>,
    /// The bucket's Region, if another one than KMS's.
    #[arg(long, value_name = "REGION", requires = "bucket")]
    bucket_region: Option<String>,
}

impl BucketOptions {
    /// The bucket that the options name. Its Region is this one, if they name none.
    ///
    /// # Errors
    /// What is wrong with the options.
    pub(crate) fn place(
        &self,
        region: &str,
        ca_file: Option<PathBuf>,
    ) -> Result<Option<DataBucketPlace>, String> {
        let (Some(bucket), Some(file)) = (&self.bucket, &self.bucket_credentials) else { return Ok(None) };
        let region = self.bucket_region.as_deref().unwrap_or(region);
        let credentials = (file.clone(), self.bucket_profile.clone());
        let place = (self.bucket_endpoint.as_deref(), region);
        DataBucketPlace::new(bucket, place, credentials, ca_file).map(Some)
    }
}
