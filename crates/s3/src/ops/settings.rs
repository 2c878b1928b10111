//! How a bucket has objects encrypted, and its policy.

use policy::{PolicyKind, PrincipalPattern};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput, DeleteBucketPolicyInput,
        DeleteBucketPolicyOutput, GetBucketEncryptionInput, GetBucketEncryptionOutput, GetBucketPolicyInput,
        GetBucketPolicyOutput, PutBucketEncryptionInput, PutBucketEncryptionOutput, PutBucketPolicyInput,
        PutBucketPolicyOutput, ServerSideEncryption, ServerSideEncryptionByDefault,
        ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    },
    s3_error,
};

use crate::{
    encryption::{AES256, AWS_KMS, BucketEncryption, BucketKms},
    faults,
    gateway::Gateway,
    permission::RequestSays,
};

/// Longest policy of a bucket, in bytes.
const POLICY_BYTES_MAX: usize = 20 * 1024;

pub(super) async fn put_bucket_encryption(
    gateway: &Gateway,
    request: S3Request<PutBucketEncryptionInput>,
) -> S3Result<S3Response<PutBucketEncryptionOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let PutBucketEncryptionInput { bucket, server_side_encryption_configuration: asked, .. } = request.input;
    gateway.permitted(believed, ("s3:PutEncryptionConfiguration", &bucket, None), RequestSays::default())?;
    let encryption = encryption(asked)?;
    if let Some(BucketKms { key: Some(key) }) = &encryption.kms
        && gateway.keyring.arn_of(&believed.requester, key).await?.is_none()
    {
        // S3 takes any text. Every upload will fail, and this is the only place that says why.
        tracing::warn!(bucket, key, "a bucket's default key is none that its configurer can look at");
    }
    let bytes = serde_json::to_vec(&encryption).map_err(S3Error::internal_error)?;
    let set = gateway.catalog.set_encryption(&bucket, Some(bytes.into())).await;
    set.map_err(|error| faults::of_catalog(&error))?;
    Ok(S3Response::new(PutBucketEncryptionOutput {}))
}

pub(super) async fn get_bucket_encryption(
    gateway: &Gateway,
    request: S3Request<GetBucketEncryptionInput>,
) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let bucket = request.input.bucket;
    let found = gateway.permitted(
        believed,
        ("s3:GetEncryptionConfiguration", &bucket, None),
        RequestSays::default(),
    )?;
    let BucketEncryption { kms, bucket_key } = gateway.encryption_of(&found)?;
    let algorithm = if kms.is_some() { AWS_KMS } else { AES256 };
    let by_default = ServerSideEncryptionByDefault {
        sse_algorithm: ServerSideEncryption::from(algorithm.to_owned()),
        kms_master_key_id: kms.and_then(|kms| kms.key),
    };
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(by_default),
        bucket_key_enabled: Some(bucket_key),
    };
    Ok(S3Response::new(GetBucketEncryptionOutput {
        server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration { rules: vec![rule] }),
    }))
}

pub(super) async fn delete_bucket_encryption(
    gateway: &Gateway,
    request: S3Request<DeleteBucketEncryptionInput>,
) -> S3Result<S3Response<DeleteBucketEncryptionOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let bucket = request.input.bucket;
    gateway.permitted(believed, ("s3:PutEncryptionConfiguration", &bucket, None), RequestSays::default())?;
    let set = gateway.catalog.set_encryption(&bucket, None).await;
    set.map_err(|error| faults::of_catalog(&error))?;
    Ok(S3Response::new(DeleteBucketEncryptionOutput {}))
}

pub(super) async fn put_bucket_policy(
    gateway: &Gateway,
    request: S3Request<PutBucketPolicyInput>,
) -> S3Result<S3Response<PutBucketPolicyOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let PutBucketPolicyInput { bucket, policy, .. } = request.input;
    gateway.permitted(believed, ("s3:PutBucketPolicy", &bucket, None), RequestSays::default())?;
    check_policy(&bucket, &policy)?;
    let set = gateway.catalog.set_policy(&bucket, Some(policy)).await;
    set.map_err(|error| faults::of_catalog(&error))?;
    Ok(S3Response::new(PutBucketPolicyOutput {}))
}

pub(super) async fn get_bucket_policy(
    gateway: &Gateway,
    request: S3Request<GetBucketPolicyInput>,
) -> S3Result<S3Response<GetBucketPolicyOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let bucket = request.input.bucket;
    let found = gateway.permitted(believed, ("s3:GetBucketPolicy", &bucket, None), RequestSays::default())?;
    match &found.policy {
        Some(policy) => Ok(S3Response::new(GetBucketPolicyOutput { policy: Some(policy.clone()) })),
        None => Err(s3_error!(NoSuchBucketPolicy, "The bucket policy does not exist")),
    }
}

pub(super) async fn delete_bucket_policy(
    gateway: &Gateway,
    request: S3Request<DeleteBucketPolicyInput>,
) -> S3Result<S3Response<DeleteBucketPolicyOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let bucket = request.input.bucket;
    gateway.permitted(believed, ("s3:DeleteBucketPolicy", &bucket, None), RequestSays::default())?;
    let set = gateway.catalog.set_policy(&bucket, None).await;
    set.map_err(|error| faults::of_catalog(&error))?;
    Ok(S3Response::new(DeleteBucketPolicyOutput {}))
}

/// One rule, of SSE-S3 or SSE-KMS.
fn encryption(asked: ServerSideEncryptionConfiguration) -> S3Result<BucketEncryption> {
    let malformed = || {
        s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        )
    };
    let [rule] = <[ServerSideEncryptionRule; 1]>::try_from(asked.rules).map_err(|_| malformed())?;
    let bucket_key = rule.bucket_key_enabled.unwrap_or_default();
    let Some(by_default) = rule.apply_server_side_encryption_by_default else {
        return Ok(BucketEncryption { kms: None, bucket_key });
    };
    match (by_default.sse_algorithm.as_str(), by_default.kms_master_key_id) {
        (AES256, None) => Ok(BucketEncryption { kms: None, bucket_key }),
        (AES256, Some(_)) => Err(s3_error!(
            InvalidArgument,
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
        )),
        (AWS_KMS, key) => Ok(BucketEncryption { kms: Some(BucketKms { key }), bucket_key }),
        ("aws:kms:dsse", _) => {
            Err(s3_error!(NotImplemented, "Dual-layer server-side encryption (aws:kms:dsse) is not served."))
        }
        _ => Err(malformed()),
    }
}

/// Checks a policy as S3 does: well-formed, with principals, about this bucket.
fn check_policy(bucket: &str, text: &str) -> S3Result<()> {
    let malformed = |text: String| S3Error::with_message(S3ErrorCode::MalformedPolicy, text);
    if text.len() > POLICY_BYTES_MAX {
        return Err(malformed("Policies must not exceed 20 KB.".to_owned()));
    }
    let parsed = policy::Policy::parse(text, PolicyKind::KeyPolicy);
    let parsed = parsed.map_err(|wrong| malformed(wrong.to_string()))?;
    let invalid = |pattern: &PrincipalPattern| matches!(pattern, PrincipalPattern::CanonicalUser(_));
    if parsed.principals().any(invalid) {
        return Err(malformed("Invalid principal in policy".to_owned()));
    }
    let arn = crate::encryption::bucket_arn(bucket);
    let document: serde_json::Value =
        serde_json::from_str(text).map_err(|wrong| malformed(wrong.to_string()))?;
    let statements = match document.get("Statement") {
        Some(serde_json::Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let is_ours = |resource: &str| resource == arn || resource.starts_with(&format!("{arn}/"));
    for statement in statements {
        let resources = match statement.get("Resource") {
            Some(serde_json::Value::Array(all)) => all.iter().filter_map(|one| one.as_str()).collect(),
            Some(serde_json::Value::String(one)) => vec![one.as_str()],
            _ => return Err(malformed("Missing required field Resource".to_owned())),
        };
        if !resources.into_iter().all(is_ours) {
            return Err(malformed("Policy has invalid resource".to_owned()));
        }
        if statement.get("Principal").or_else(|| statement.get("NotPrincipal")).is_none() {
            return Err(malformed("Missing required field Principal".to_owned()));
        }
    }
    Ok(())
}
