//! `DeleteObject` and `DeleteObjects`.

use std::sync::Arc;

use catalog::{Catalog, WriteIf};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
        ETagCondition, Error, ObjectIdentifier,
    },
    s3_error,
};

use super::get::check_version;
use crate::{
    entrance::BelievedRequest,
    faults,
    gateway::{Gateway, check_expected},
    permission::RequestSays,
};

/// Most objects of one `DeleteObjects`.
const OBJECTS_MAX: usize = 1000;

pub(super) async fn delete_object(
    gateway: &Gateway,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let DeleteObjectInput {
        bucket,
        key,
        version_id,
        if_match,
        if_match_size,
        if_match_last_modified_time,
        ..
    } = request.input;
    gateway.permitted(believed, ("s3:DeleteObject", &bucket, Some(&key)), RequestSays::default())?;
    check_version(version_id.as_deref())?;
    if if_match_size.is_some() || if_match_last_modified_time.is_some() {
        return Err(of_directory_buckets());
    }
    match if_match {
        None => remove(gateway, bucket, vec![key]).await?,
        Some(ETagCondition::ETag(etag)) => delete_if(gateway, (&bucket, &key), etag.into_value()).await?,
        Some(ETagCondition::Any) => {
            let found = gateway.catalog.object(&bucket, &key).map_err(|error| faults::of_catalog(&error))?;
            let found = found.ok_or_else(|| faults::of_catalog(&catalog::CatalogError::NoSuchKey))?;
            delete_if(gateway, (&bucket, &key), found.etag).await?;
        }
    }
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

pub(super) async fn delete_objects(
    gateway: &Gateway,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let DeleteObjectsInput { bucket, delete, .. } = request.input;
    if delete.objects.is_empty() || delete.objects.len() > OBJECTS_MAX {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    let found = gateway.bucket(&bucket)?;
    check_expected(believed, &found)?;
    let (mut at_once, mut deleted, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for object in delete.objects {
        let key = object.key.clone();
        match checked(gateway, believed, (&found, object)).await {
            Ok(is_deleted) => {
                if !is_deleted {
                    at_once.push(key.clone());
                }
                deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() });
            }
            Err(refused) => errors.push(Error {
                code: Some(refused.code().as_str().to_owned()),
                key: Some(key),
                message: refused.message().map(str::to_owned),
                version_id: None,
            }),
        }
    }
    if !at_once.is_empty() {
        remove(gateway, bucket, at_once).await?;
    }
    if delete.quiet.unwrap_or_default() {
        deleted.clear();
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

/// Deletes objects in one commit.
async fn remove(gateway: &Gateway, bucket: String, keys: Vec<String>) -> S3Result<()> {
    let remove = |catalog: Arc<Catalog>| async move {
        let deleted = catalog.delete_many(&bucket, keys).await?;
        let parts = deleted.into_iter().flatten().flat_map(|object| object.parts);
        Ok(((), parts.map(|part| part.file).collect()))
    };
    gateway.commit(Vec::new(), remove).await
}

/// Whether the caller may delete one of many objects. One whose entity tag is named is deleted here: then the answer is `true`.
async fn checked(
    gateway: &Gateway,
    believed: &BelievedRequest,
    (bucket, object): (&catalog::Bucket, ObjectIdentifier),
) -> S3Result<bool> {
    let ObjectIdentifier { key, e_tag, version_id, size, last_modified_time } = object;
    gateway.check(believed, bucket, ("s3:DeleteObject", Some(&key)), RequestSays::default())?;
    check_version(version_id.as_deref())?;
    match (e_tag, size, last_modified_time) {
        (None, None, None) => Ok(false),
        (Some(etag), None, None) => {
            delete_if(gateway, (&bucket.name, &key), etag.into_value()).await?;
            Ok(true)
        }
        _ => Err(of_directory_buckets()),
    }
}

/// Deletes an object that has this entity tag.
async fn delete_if(gateway: &Gateway, (bucket, key): (&str, &str), etag: String) -> S3Result<()> {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let remove = |catalog: Arc<Catalog>| async move {
        let deleted = catalog.delete_if(&bucket, &key, WriteIf::Etag(etag)).await?;
        let parts = deleted.into_iter().flat_map(|object| object.parts);
        Ok(((), parts.map(|part| part.file).collect()))
    };
    gateway.commit(Vec::new(), remove).await
}

/// Conditions that S3 takes for directory buckets alone.
fn of_directory_buckets() -> S3Error {
    S3Error::with_message(
        S3ErrorCode::NotImplemented,
        "A header you provided implies functionality that is not implemented",
    )
}
