//! `PutObject`.

use catalog::{NewObject, WriteIf};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{ETagCondition, PutObjectInput, PutObjectOutput},
};

use crate::sse::{ObjectChecksum, Sealing, etag, has_md5, hexadecimal, named_key, random_etag, sse_headers};
use crate::{
    checksums::{ChecksumKind, Hashing, StatedChecksum, of_trailer, stated_checksums},
    encryption::{choose, object_arn},
    entrance::BelievedRequest,
    faults,
    gateway::Gateway,
    kept::kept_headers,
    permission::RequestSays,
    receiving::{Unpublished, publish, receive},
};

pub(super) async fn put_object(
    gateway: &Gateway,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let believed = gateway.believed(&request.extensions)?.clone();
    let mut input = request.input;
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    check_key(&key)?;
    let sse = sse_headers!(input);
    let sse_key = named_key(gateway, &believed, &bucket, &sse).await?;
    let says = RequestSays { sse: Some(&sse), sse_key: sse_key.as_deref(), ..RequestSays::default() };
    let found = gateway.permitted(&believed, ("s3:PutObject", &bucket, Some(&key)), says)?;
    let tags = tags(input.tagging.as_deref())?;
    if !tags.is_empty() {
        gateway.check(&believed, &found, ("s3:PutObjectTagging", Some(&key)), RequestSays::default())?;
    }
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let choice = choose(&sse, &gateway.encryption_of(&found)?, &object_arn(&bucket, &key))?;
    let stated = stated_checksum(&input, &believed)?;
    let new = gateway.keyring.make(&believed.requester, &choice, (&bucket, &key)).await?;

    let file = gateway.new_file()?;
    let unpublished = Unpublished::of(gateway, file);
    let hashing = Hashing::new(stated, has_md5(&choice));
    let length = input.content_length.and_then(|length| u64::try_from(length).ok());
    let hashed = (hashing, Some(&believed.end));
    let received = receive(gateway, (file, length), &new.key, input.body.take(), hashed).await?;
    let tag = match (has_md5(&choice), received.hashed.md5) {
        (true, Some(md5)) => hexadecimal(&md5),
        _ => random_etag(gateway)?,
    };
    let checksum = ObjectChecksum { checksum: received.hashed.checksum.clone(), is_composite: false };
    let sealing = Sealing::new(gateway, new.stored, &new.key, &checksum)?;
    let object = NewObject {
        key,
        size: received.size.plain(),
        modified_ms: gateway.now_ms(),
        etag: tag.clone(),
        envelope: sealing.encode(),
        headers: kept_headers!(input),
        tags,
        parts: vec![received.only_part(&new.key, &tag)?],
    };
    publish(gateway, &bucket, object, (condition, unpublished)).await?;
    let shown = sealing.shown();
    let mut output = PutObjectOutput {
        e_tag: Some(etag(&tag)),
        server_side_encryption: shown.algorithm,
        ssekms_key_id: shown.key,
        bucket_key_enabled: shown.bucket_key,
        ssekms_encryption_context: input.ssekms_encryption_context,
        ..PutObjectOutput::default()
    };
    super::get::show_checksum!(output, &checksum);
    Ok(S3Response::new(output))
}

/// The checksum that a request states or announces.
fn stated_checksum(input: &PutObjectInput, believed: &BelievedRequest) -> S3Result<StatedChecksum> {
    let headers = stated_checksums!(input);
    let announced = believed.trailer.as_deref().and_then(of_trailer);
    let asked = input.checksum_algorithm.as_ref().and_then(|name| ChecksumKind::parse(name.as_str()));
    StatedChecksum::of(headers, announced.or(asked), input.content_md5.as_ref())
}

/// On what a write depends.
///
/// # Errors
/// `NotImplemented` for what S3 does not take either.
pub(super) fn condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<WriteIf> {
    let refused = || {
        S3Error::with_message(
            S3ErrorCode::NotImplemented,
            "A header you provided implies functionality that is not implemented",
        )
    };
    match (if_match, if_none_match) {
        (None, None) => Ok(WriteIf::Always),
        (None, Some(ETagCondition::Any)) => Ok(WriteIf::Absent),
        (Some(ETagCondition::ETag(etag)), None) => Ok(WriteIf::Etag(etag.value().to_owned())),
        _ => Err(refused()),
    }
}

/// Tags in the form of a query.
///
/// # Errors
/// `InvalidArgument`, `InvalidTag`.
pub(super) fn tags(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let wrong = |text: &'static str| S3Error::with_message(S3ErrorCode::InvalidTag, text);
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| wrong("The tag is not valid UTF-8."))
    };
    let mut tags = Vec::new();
    for pair in header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        tags.push((decoded(key)?, decoded(value)?));
    }
    check_tags(&tags)?;
    Ok(tags)
}

/// Checks tags of an object as S3 does.
///
/// # Errors
/// `InvalidTag`, `BadRequest`.
pub(super) fn check_tags(tags: &[(String, String)]) -> S3Result<()> {
    let wrong = |text: &'static str| Err(S3Error::with_message(S3ErrorCode::InvalidTag, text));
    if tags.len() > 10 {
        let text = "Object tags cannot be greater than 10";
        return Err(faults::custom("BadRequest", text.to_owned(), http::StatusCode::BAD_REQUEST));
    }
    for (at, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > 128 {
            return wrong("The TagKey you have provided is invalid");
        }
        if value.chars().count() > 256 {
            return wrong("The TagValue you have provided is invalid");
        }
        if tags.iter().take(at).any(|(other, _)| other == key) {
            return wrong("Cannot provide multiple Tags with the same key");
        }
    }
    Ok(())
}

/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 1024;

/// Checks an object's key as S3 does.
///
/// # Errors
/// `KeyTooLongError`.
pub(super) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > KEY_BYTES_MAX {
        return Err(S3Error::with_message(S3ErrorCode::KeyTooLongError, "Your key is too long"));
    }
    Ok(())
}
