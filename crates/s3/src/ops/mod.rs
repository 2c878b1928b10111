//! The operations, as s3s calls them. What each of them does is in the module that is named after it.

mod buckets;
mod complete;
mod copy;
mod delete;
mod get;
mod list;
mod multipart;
mod put;
mod settings;
mod tagging;
mod update_object_encryption;

use std::sync::Arc;

use s3s::{S3, S3Request, S3Response, S3Result, dto::*};

pub(crate) use self::update_object_encryption::UpdateObjectEncryption;
use crate::{entrance::BelievedRequest, gateway::Gateway};

/// The operations of a gateway.
pub(crate) struct Operations(pub(crate) Arc<Gateway>);

/// Answers a request by a function of its module.
macro_rules! operations {
    ($($name:ident($input:ident) -> $output:ident = $module:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for Operations {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                let call = BelievedRequest::noted(&request.extensions, stringify!($input));
                $module::$name(&self.0, request).await.inspect_err(|error| call.failed(error))
            })*
        }
    };
}

operations! {
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = complete;
    copy_object(CopyObjectInput) -> CopyObjectOutput = copy;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = multipart;
    create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets;
    delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput = settings;
    delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput = settings;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = delete;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = tagging;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = delete;
    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput = settings;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets;
    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = settings;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = buckets;
    get_object(GetObjectInput) -> GetObjectOutput = get;
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tagging;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets;
    head_object(HeadObjectInput) -> HeadObjectOutput = get;
    list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = multipart;
    list_parts(ListPartsInput) -> ListPartsOutput = multipart;
    list_objects(ListObjectsInput) -> ListObjectsOutput = list;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = list;
    put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput = settings;
    put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput = settings;
    put_object(PutObjectInput) -> PutObjectOutput = put;
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tagging;
    upload_part(UploadPartInput) -> UploadPartOutput = multipart;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = complete;
}
