//! `CopyObject`: the source is opened as the caller, and sealed anew under a key of the target's, as S3 does: it takes
//! `kms:Decrypt` of the one and `kms:GenerateDataKey` of the other.

use catalog::{Bucket, NewObject, StoredObject, WriteIf};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETagCondition, MetadataDirective,
        TaggingDirective,
    },
    s3_error,
};

use super::{
    get::{check_version, opened, show_checksum, until_it_stays},
    put::{check_key, condition, tags},
};
use crate::{
    checksums::{ChecksumKind, Hashing, StatedChecksum},
    encryption::{choose, object_arn},
    entrance::BelievedRequest,
    faults,
    gateway::Gateway,
    kept::kept_headers,
    permission::RequestSays,
    receiving::{PART_BYTES_MAX, Unpublished, publish, receive},
    sse::{
        ObjectChecksum, Sealing, etag, has_md5, hexadecimal, named_key, random_etag, sse_headers, timestamp,
    },
};

pub(super) async fn copy_object(
    gateway: &Gateway,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    until_it_stays(|| copy(gateway, believed, &request)).await
}

async fn copy(
    gateway: &Gateway,
    believed: &BelievedRequest,
    request: &S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let input = &request.input;
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let (bucket, key) = (&*input.bucket, &*input.key);
    check_key(key)?;
    let sse = sse_headers!(input);
    let sse_key = named_key(gateway, believed, bucket, &sse).await?;
    let copied = gateway.copyable(believed, (from_bucket, from_key))?;
    let says = RequestSays { sse: Some(&sse), sse_key: sse_key.as_deref(), ..RequestSays::default() };
    let found = gateway.permitted(believed, ("s3:PutObject", bucket, Some(key)), says)?;
    check_copied(input, &copied)?;
    let replaces = Replaces::of(input);
    let tags = target_tags(gateway, believed, input, (&copied, &found))?;
    let write_if = written_if(&request.headers)?;
    if (from_bucket, from_key) == (bucket, key) && sse.algorithm.is_none() {
        replaces.check_something()?;
    }
    let choice = choose(&sse, &gateway.encryption_of(&found)?, &object_arn(bucket, key))?;
    let sealing = Sealing::decode(&copied.envelope)?;
    let opened_key = gateway.keyring.open(&believed.requester, &sealing.key, (from_bucket, from_key)).await?;
    let before = sealing.checksum(&opened_key)?;
    let new = gateway.keyring.make(&believed.requester, &choice, (bucket, key)).await?;

    let asked = input.checksum_algorithm.as_ref().and_then(|name| ChecksumKind::parse(name.as_str()));
    let announced = asked.or(before.map(|before| before.checksum.kind));
    let hashing = Hashing::new(StatedChecksum { announced, ..StatedChecksum::default() }, has_md5(&choice));
    let body = opened(gateway, opened_key, &copied, 0..copied.size).await?;
    let file = gateway.new_file()?;
    let unpublished = Unpublished::of(gateway, file);
    let target = (file, Some(copied.size));
    let received = receive(gateway, target, &new.key, Some(body), (hashing, None)).await?;
    if received.size.plain() != copied.size {
        return Err(S3Error::new(S3ErrorCode::InternalError));
    }
    let tag = match (has_md5(&choice), received.hashed.md5) {
        (true, Some(md5)) => hexadecimal(&md5),
        _ => random_etag(gateway)?,
    };
    let checksum = ObjectChecksum { checksum: received.hashed.checksum.clone(), is_composite: false };
    let sealing = Sealing::new(gateway, new.stored, &new.key, &checksum)?;
    let modified_ms = gateway.now_ms();
    let object = NewObject {
        key: key.to_owned(),
        size: copied.size,
        modified_ms,
        etag: tag.clone(),
        envelope: sealing.encode(),
        headers: if replaces.metadata { kept_headers!(input) } else { copied.headers.clone() },
        tags,
        parts: vec![received.only_part(&new.key, &tag)?],
    };
    publish(gateway, bucket, object, (write_if, unpublished)).await?;
    let mut result = CopyObjectResult {
        e_tag: Some(etag(&tag)),
        last_modified: Some(timestamp(modified_ms)),
        ..CopyObjectResult::default()
    };
    show_checksum!(result, &checksum);
    let shown = sealing.shown();
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(result),
        server_side_encryption: shown.algorithm,
        ssekms_key_id: shown.key,
        bucket_key_enabled: shown.bucket_key,
        ..CopyObjectOutput::default()
    }))
}

/// What a copy does not take over.
struct Replaces {
    metadata: bool,
    tags: bool,
}

impl Replaces {
    fn of(input: &CopyObjectInput) -> Self {
        let (metadata, tags) = (input.metadata_directive.as_ref(), input.tagging_directive.as_ref());
        Self {
            metadata: metadata.is_some_and(|told| told.as_str() == MetadataDirective::REPLACE),
            tags: tags.is_some_and(|told| told.as_str() == TaggingDirective::REPLACE),
        }
    }

    /// Whether a copy of an object to itself changes anything.
    fn check_something(&self) -> S3Result<()> {
        if self.metadata || self.tags {
            return Ok(());
        }
        Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, \
             storage class, website redirect location or encryption attributes."
        ))
    }
}

/// The tags of a copy: those of its source, or what the request has in their place. It takes the permission to read the ones, and to
/// put any.
fn target_tags(
    gateway: &Gateway,
    believed: &BelievedRequest,
    input: &CopyObjectInput,
    (copied, target): (&StoredObject, &Bucket),
) -> S3Result<Vec<(String, String)>> {
    let tags = if Replaces::of(input).tags {
        tags(input.tagging.as_deref())?
    } else {
        if !copied.tags.is_empty() {
            gateway.check_copied_tags(believed, source(&input.copy_source)?)?;
        }
        copied.tags.clone()
    };
    if !tags.is_empty() {
        let asked = ("s3:PutObjectTagging", Some(&*input.key));
        gateway.check(believed, target, asked, RequestSays::default())?;
    }
    Ok(tags)
}

/// On what the write depends. s3s does not read these headers, which S3 takes since 2025.
fn written_if(headers: &http::HeaderMap) -> S3Result<WriteIf> {
    let parse = |name| {
        let value = headers.get(name).map(|value| ETagCondition::parse_http_header(value.as_bytes()));
        value.transpose().map_err(|_| s3_error!(InvalidArgument, "The condition is no entity tag"))
    };
    condition(parse(http::header::IF_MATCH)?.as_ref(), parse(http::header::IF_NONE_MATCH)?.as_ref())
}

/// Whether the object that is copied is as the request wants it, and not too long for a copy.
fn check_copied(input: &CopyObjectInput, copied: &StoredObject) -> S3Result<()> {
    check_conditions(input, copied)?;
    if copied.size > PART_BYTES_MAX {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        ));
    }
    Ok(())
}

/// The bucket and the key of a copy's source.
pub(super) fn source(source: &CopySource) -> S3Result<(&str, &str)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            check_version(version_id.as_deref())?;
            Ok((bucket, key))
        }
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
            Err(s3_error!(NotImplemented, "There are no access points."))
        }
    }
}

fn check_conditions(input: &CopyObjectInput, copied: &StoredObject) -> S3Result<()> {
    let is_it = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == copied.etag,
    };
    let modified = timestamp(copied.modified_ms / 1000 * 1000);
    let fails = input.copy_source_if_match.as_ref().is_some_and(|condition| !is_it(condition))
        || input.copy_source_if_none_match.as_ref().is_some_and(is_it)
        || input.copy_source_if_unmodified_since.as_ref().is_some_and(|since| modified > *since)
        || input.copy_source_if_modified_since.as_ref().is_some_and(|since| modified <= *since);
    if fails { Err(faults::of_catalog(&catalog::CatalogError::PreconditionFailed)) } else { Ok(()) }
}
