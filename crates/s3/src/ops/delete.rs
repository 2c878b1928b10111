//! `DeleteObject` and `DeleteObjects`.

use std::sync::Arc;

use catalog::Catalog;
use s3s::{
    S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, Error,
    },
    s3_error,
};

use crate::{gateway::Gateway, permission::RequestSays};

/// Most objects of one `DeleteObjects`.
const OBJECTS_MAX: usize = 1000;

pub(super) async fn delete_object(
    gateway: &Gateway,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let DeleteObjectInput { bucket, key, version_id, .. } = request.input;
    gateway.permitted(believed, ("s3:DeleteObject", &bucket, Some(&key)), RequestSays::default())?;
    if version_id.is_some_and(|version| version != "null") {
        return Err(s3_error!(NoSuchVersion, "The specified version does not exist."));
    }
    remove(gateway, bucket, vec![key]).await?;
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
    let (mut keys, mut errors) = (Vec::new(), Vec::new());
    for object in delete.objects {
        match gateway.check(believed, &found, ("s3:DeleteObject", Some(&object.key)), RequestSays::default())
        {
            Ok(()) => keys.push(object.key),
            Err(refused) => errors.push(Error {
                code: Some(S3ErrorCode::AccessDenied.as_str().to_owned()),
                key: Some(object.key),
                message: refused.message().map(str::to_owned),
                version_id: None,
            }),
        }
    }
    remove(gateway, bucket, keys.clone()).await?;
    let is_quiet = delete.quiet.unwrap_or_default();
    let deleted = keys.into_iter().map(|key| DeletedObject { key: Some(key), ..DeletedObject::default() });
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted.filter(|_| !is_quiet).collect()),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

async fn remove(gateway: &Gateway, bucket: String, keys: Vec<String>) -> S3Result<()> {
    let remove = |catalog: Arc<Catalog>| async move {
        let deleted = catalog.delete_many(&bucket, keys).await?;
        let parts = deleted.into_iter().flatten().flat_map(|object| object.parts);
        Ok(((), parts.map(|part| part.file).collect()))
    };
    gateway.commit(Vec::new(), remove).await
}
