//! Tags of objects.

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
        PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
    },
};

use super::{get::check_version, put::check_tags};
use crate::{faults, gateway::Gateway, permission::RequestSays};

pub(super) async fn get_object_tagging(
    gateway: &Gateway,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let GetObjectTaggingInput { bucket, key, version_id, .. } = request.input;
    gateway.permitted(believed, ("s3:GetObjectTagging", &bucket, Some(&key)), RequestSays::default())?;
    check_version(version_id.as_deref())?;
    let object = gateway.catalog.object(&bucket, &key).map_err(|error| faults::of_catalog(&error))?;
    let object = object.ok_or_else(|| faults::of_catalog(&catalog::CatalogError::NoSuchKey))?;
    let tag_set = object.tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) });
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set: tag_set.collect(), version_id: None }))
}

pub(super) async fn put_object_tagging(
    gateway: &Gateway,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let PutObjectTaggingInput { bucket, key, tagging, version_id, .. } = request.input;
    gateway.permitted(believed, ("s3:PutObjectTagging", &bucket, Some(&key)), RequestSays::default())?;
    check_version(version_id.as_deref())?;
    let tags = tagging.tag_set.into_iter();
    let tags: Vec<_> = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect();
    check_tags(&tags)?;
    set(gateway, &bucket, &key, tags).await?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

pub(super) async fn delete_object_tagging(
    gateway: &Gateway,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let DeleteObjectTaggingInput { bucket, key, version_id, .. } = request.input;
    gateway.permitted(believed, ("s3:DeleteObjectTagging", &bucket, Some(&key)), RequestSays::default())?;
    check_version(version_id.as_deref())?;
    set(gateway, &bucket, &key, Vec::new()).await?;
    Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
}

async fn set(gateway: &Gateway, bucket: &str, key: &str, tags: Vec<(String, String)>) -> S3Result<()> {
    let set = gateway.catalog.set_tags(bucket, key, None, tags).await;
    set.map_err(|error| faults::of_catalog(&error))
}
