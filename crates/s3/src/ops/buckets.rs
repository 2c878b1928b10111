//! Buckets: made, found, listed and deleted.

use catalog::{Bucket, Creation};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        Bucket as ShownBucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput,
        DeleteBucketInput, DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput,
        GetBucketVersioningInput, GetBucketVersioningOutput, HeadBucketInput, HeadBucketOutput,
        ListBucketsInput, ListBucketsOutput, Owner,
    },
};

use crate::sse::timestamp;
use crate::{
    encryption::bucket_arn,
    faults,
    gateway::Gateway,
    permission::{RequestSays, S3Permission, require},
};

/// The Region that has no location constraint.
const CLASSIC: &str = "us-east-1";

pub(super) async fn create_bucket(
    gateway: &Gateway,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let CreateBucketInput { bucket, create_bucket_configuration, .. } = request.input;
    let resource = bucket_arn(&bucket);
    let permission = S3Permission {
        action: "s3:CreateBucket",
        resource: &resource,
        bucket: None,
        says: RequestSays::default(),
    };
    require(&believed.requester, &believed.arrived, &permission)?;
    let asked = create_bucket_configuration.and_then(|asked| asked.location_constraint);
    let asked = asked.as_ref().map_or(CLASSIC, |asked| asked.as_str());
    if asked != gateway.region {
        let text = format!(
            "The {asked} location constraint is incompatible for the region specific endpoint this request was sent to."
        );
        let code = S3ErrorCode::IllegalLocationConstraintException;
        return Err(S3Error::with_message(code, text));
    }
    let made = Bucket {
        name: bucket.clone(),
        owner: believed.requester.account.clone(),
        region: gateway.region.clone(),
        created_ms: gateway.now_ms(),
        encryption: None,
        policy: None,
        tags: Vec::new(),
    };
    let output = CreateBucketOutput { location: Some(format!("/{bucket}")) };
    match gateway.catalog.create_bucket(made).await.map_err(|error| faults::of_catalog(&error))? {
        Creation::Made => Ok(S3Response::new(output)),
        // As AWS does in its first Region, for old clients.
        Creation::OwnedByYou if gateway.region == CLASSIC => Ok(S3Response::new(output)),
        Creation::OwnedByYou => Err(S3Error::with_message(
            S3ErrorCode::BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it.",
        )),
        Creation::Taken => Err(S3Error::with_message(
            S3ErrorCode::BucketAlreadyExists,
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select \
             a different name and try again.",
        )),
    }
}

pub(super) async fn delete_bucket(
    gateway: &Gateway,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let bucket = request.input.bucket;
    gateway.permitted(believed, ("s3:DeleteBucket", &bucket, None), RequestSays::default())?;
    gateway.catalog.delete_bucket(&bucket).await.map_err(|error| faults::of_catalog(&error))?;
    Ok(S3Response::new(DeleteBucketOutput {}))
}

pub(super) async fn head_bucket(
    gateway: &Gateway,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let bucket = request.input.bucket;
    let found = gateway.permitted(believed, ("s3:ListBucket", &bucket, None), RequestSays::default())?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(found.region.clone()),
        ..HeadBucketOutput::default()
    }))
}

pub(super) async fn list_buckets(
    gateway: &Gateway,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let permission = S3Permission {
        action: "s3:ListAllMyBuckets",
        resource: "*",
        bucket: None,
        says: RequestSays::default(),
    };
    require(&believed.requester, &believed.arrived, &permission)?;
    let buckets = gateway.catalog.buckets_of(&believed.requester.account);
    let buckets = buckets.map_err(|error| faults::of_catalog(&error))?;
    let prefix = request.input.prefix.as_deref().unwrap_or_default();
    let shown =
        buckets.into_iter().filter(|bucket| bucket.name.starts_with(prefix)).map(|bucket| ShownBucket {
            name: Some(bucket.name),
            creation_date: Some(timestamp(bucket.created_ms)),
            ..ShownBucket::default()
        });
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(shown.collect()),
        owner: Some(Owner { display_name: None, id: Some(believed.requester.account.clone()) }),
        ..ListBucketsOutput::default()
    }))
}

pub(super) async fn get_bucket_location(
    gateway: &Gateway,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let bucket = request.input.bucket;
    let found =
        gateway.permitted(believed, ("s3:GetBucketLocation", &bucket, None), RequestSays::default())?;
    let constraint = Some(found.region.clone()).filter(|region| region != CLASSIC);
    Ok(S3Response::new(GetBucketLocationOutput {
        location_constraint: constraint.map(BucketLocationConstraint::from),
    }))
}

/// Buckets have no versions.
pub(super) async fn get_bucket_versioning(
    gateway: &Gateway,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let bucket = request.input.bucket;
    gateway.permitted(believed, ("s3:GetBucketVersioning", &bucket, None), RequestSays::default())?;
    Ok(S3Response::new(GetBucketVersioningOutput::default()))
}
