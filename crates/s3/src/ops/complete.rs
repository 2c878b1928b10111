//! `CompleteMultipartUpload`: the parts that the client chose become an object, in one commit. `UploadPartCopy` makes a part of another
//! object.

use std::sync::Arc;

use bytes::Bytes;
use catalog::{Catalog, CatalogError, NewObject, StoredPart};
use envelope::{ObjectKey, PartSize, Slot};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    crypto::{Checksum as _, Md5},
    dto::{
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CopyPartResult,
        UploadPartCopyInput, UploadPartCopyOutput,
    },
    s3_error,
};

use super::{
    copy::source,
    get::{opened, show_checksum, until_it_stays},
    multipart::{FoundUpload, PARTS_MAX, SentPart, keep, part_number, permitted, show_part_checksum},
    put::condition,
};
use crate::{
    checksums::{ChecksumKind, Hashing, KeptChecksum, StatedChecksum, combined, composite, stated_checksums},
    entrance::BelievedRequest,
    faults,
    gateway::Gateway,
    receiving::{PART_BYTES_MAX, Unpublished, receive},
    sse::{ObjectChecksum, Sealing, etag, hexadecimal, shown, timestamp},
};

/// Least bytes of every part but the last one: 5 MiB.
const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;

pub(super) async fn complete_multipart_upload(
    gateway: &Gateway,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let input = request.input;
    let (bucket, key) = (&*input.bucket, &*input.key);
    let found = permitted(gateway, believed, (bucket, key), &input.upload_id)?;
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let chosen = input.multipart_upload.as_ref().and_then(|chosen| chosen.parts.as_deref());
    let chosen = chosen.unwrap_or_default();
    if chosen.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    let found = match found {
        Ok(found) => found,
        Err(missing) => return again(gateway, &input, chosen)?.map(S3Response::new).ok_or(missing),
    };
    let object_key = gateway.keyring.open(&believed.requester, &found.key, (bucket, key)).await?;
    let sent = chosen_parts(gateway, &found, chosen)?;
    check_parts(&object_key, chosen, &sent)?;
    let checksum = object_checksum(&found, &object_key, &sent)?;
    check_stated(&input, checksum.as_ref())?;
    let tag = etag_of(&sent);
    let object = NewObject {
        key: key.to_owned(),
        size: sent.iter().map(|part| part.size).sum(),
        modified_ms: gateway.now_ms(),
        etag: tag.clone(),
        envelope: match &checksum {
            Some(checksum) => Sealing::new(gateway, found.key.clone(), &object_key, checksum)?,
            None => Sealing { key: found.key.clone(), checksum: None },
        }
        .encode(),
        headers: found.upload.headers.clone(),
        tags: found.upload.tags.clone(),
        parts: vouched(&object_key, &sent)?,
    };
    let (of, id) = (input.bucket.clone(), found.id);
    let complete = |catalog: Arc<Catalog>| async move {
        let completed = catalog.complete(&of, id, object, condition).await?;
        Ok(((), completed.replaced.into_iter().chain(completed.unused).collect()))
    };
    gateway.commit(Vec::new(), complete).await?;
    let shown = shown(&found.key);
    let mut output = CompleteMultipartUploadOutput {
        server_side_encryption: shown.algorithm,
        ssekms_key_id: shown.key,
        bucket_key_enabled: shown.bucket_key,
        ..answer(&input, &tag)
    };
    if let Some(checksum) = &checksum {
        show_checksum!(output, checksum);
    }
    Ok(S3Response::new(output))
}

pub(super) async fn upload_part_copy(
    gateway: &Gateway,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    until_it_stays(|| copy(gateway, believed, &request.input)).await
}

async fn copy(
    gateway: &Gateway,
    believed: &BelievedRequest,
    input: &UploadPartCopyInput,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let (bucket, key) = (&*input.bucket, &*input.key);
    let copied = gateway.copyable(believed, (from_bucket, from_key))?;
    let found = permitted(gateway, believed, (bucket, key), &input.upload_id)??;
    let number = part_number(input.part_number)?;
    let range = match input.copy_source_range.as_deref() {
        None => 0..copied.size,
        Some(range) => {
            let range = s3s::dto::Range::parse(range).ok().and_then(|range| range.check(copied.size).ok());
            range.ok_or_else(|| s3_error!(InvalidRange, "The requested range is not satisfiable"))?
        }
    };
    let bytes = range.end - range.start;
    if bytes > PART_BYTES_MAX {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        ));
    }
    let sealing = Sealing::decode(&copied.envelope)?;
    let source_key = gateway.keyring.open(&believed.requester, &sealing.key, (from_bucket, from_key)).await?;
    let object_key = gateway.keyring.open(&believed.requester, &found.key, (bucket, key)).await?;
    let stated = StatedChecksum { announced: found.checksum.asked, ..StatedChecksum::default() };
    let hashing = Hashing::new(stated, shown(&found.key).key.is_none());
    let body = opened(gateway, source_key, &copied, range).await?;
    let file = gateway.new_file()?;
    let unpublished = Unpublished::of(gateway, file);
    let received = receive(gateway, (file, Some(bytes)), &object_key, Some(body), (hashing, None)).await?;
    if received.size.plain() != bytes {
        return Err(S3Error::new(S3ErrorCode::InternalError));
    }
    let tag = keep(gateway, &found, &object_key, (number, &received), unpublished).await?;
    let mut result = CopyPartResult {
        e_tag: Some(etag(&tag)),
        last_modified: Some(timestamp(gateway.now_ms())),
        ..CopyPartResult::default()
    };
    show_part_checksum!(result, &received.hashed.checksum);
    let shown = shown(&found.key);
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        server_side_encryption: shown.algorithm,
        ssekms_key_id: shown.key,
        bucket_key_enabled: shown.bucket_key,
        ..UploadPartCopyOutput::default()
    }))
}

/// The answer to a client that did not hear the first one.
fn again(
    gateway: &Gateway,
    input: &CompleteMultipartUploadInput,
    chosen: &[CompletedPart],
) -> S3Result<Option<CompleteMultipartUploadOutput>> {
    let named: Option<Vec<(u16, &str)>> = chosen
        .iter()
        .map(|part| Some((u16::try_from(part.part_number?).ok()?, part.e_tag.as_ref()?.value())))
        .collect();
    let (Ok(id), Some(named)) = (input.upload_id.parse(), named) else { return Ok(None) };
    let known = gateway.catalog.completion(&input.bucket, &input.key, id, &named);
    let known = known.map_err(|error| faults::of_catalog(&error))?;
    Ok(known.map(|known| answer(input, &known.etag)))
}

fn answer(input: &CompleteMultipartUploadInput, tag: &str) -> CompleteMultipartUploadOutput {
    CompleteMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        e_tag: Some(etag(tag)),
        ..CompleteMultipartUploadOutput::default()
    }
}

/// The parts that the client chose, as they were sent.
fn chosen_parts(
    gateway: &Gateway,
    found: &FoundUpload,
    chosen: &[CompletedPart],
) -> S3Result<Vec<StoredPart>> {
    let all = gateway.catalog.parts(found.id, 0, usize::try_from(PARTS_MAX).unwrap_or(usize::MAX));
    let mut sent = all.map_err(|error| faults::of_catalog(&error))?.parts.into_iter();
    let mut parts = Vec::with_capacity(chosen.len());
    let mut last = 0;
    for part in chosen {
        let number = part_number(part.part_number.unwrap_or_default())?;
        if number <= last {
            return Err(faults::of_catalog(&CatalogError::InvalidPartOrder));
        }
        last = number;
        // Both rise.
        let known = sent.find(|known| known.number >= number).filter(|known| known.number == number);
        let is_it = |known: &StoredPart| part.e_tag.as_ref().is_some_and(|tag| tag.value() == known.etag);
        let known = known.filter(is_it);
        parts.push(known.ok_or_else(|| faults::of_catalog(&CatalogError::InvalidPart(number)))?);
    }
    let before_last = parts.len().saturating_sub(1);
    if parts.iter().take(before_last).any(|part| part.size < PART_BYTES_MIN) {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ));
    }
    Ok(parts)
}

/// Compares the checksums that the client states of the parts.
fn check_parts(key: &ObjectKey, chosen: &[CompletedPart], sent: &[StoredPart]) -> S3Result<()> {
    for (part, sent) in chosen.iter().zip(sent) {
        let stated = stated_checksums!(part);
        for (kind, value) in stated.into_iter().filter_map(|(kind, value)| Some((kind, value?))) {
            let kept = SentPart::decode(&sent.note)?.checksum(key)?;
            if kept.kind != kind || kept.value != *value {
                return Err(faults::of_catalog(&CatalogError::InvalidPart(sent.number)));
            }
        }
    }
    Ok(())
}

/// The parts with their places in the object.
fn vouched(key: &ObjectKey, sent: &[StoredPart]) -> S3Result<Vec<StoredPart>> {
    let parts = u32::try_from(sent.len()).unwrap_or(u32::MAX);
    let mut offset = 0;
    let mut vouched = Vec::with_capacity(sent.len());
    for (part, number) in sent.iter().zip(0..) {
        let size = PartSize::of_plain(part.size).map_err(S3Error::internal_error)?;
        let header = SentPart::decode(&part.note)?.header()?;
        let slot = Slot { part: number, parts, offset, size };
        let voucher = key.vouch(&header, &slot).map_err(S3Error::internal_error)?;
        vouched.push(StoredPart { note: Bytes::copy_from_slice(&voucher), ..part.clone() });
        offset += part.size;
    }
    Ok(vouched)
}

/// The checksum of the whole, where the parts have what makes it.
fn object_checksum(
    found: &FoundUpload,
    key: &ObjectKey,
    sent: &[StoredPart],
) -> S3Result<Option<ObjectChecksum>> {
    let parts: Vec<(KeptChecksum, u64)> = sent
        .iter()
        .map(|part| Ok((SentPart::decode(&part.note)?.checksum(key)?, part.size)))
        .collect::<S3Result<_>>()?;
    let kind = found.checksum.asked.unwrap_or(ChecksumKind::Crc64Nvme);
    if parts.iter().any(|(checksum, _)| checksum.kind != kind) {
        return Ok(None);
    }
    let is_composite = found.checksum.is_composite;
    let value = if is_composite { Some(composite(kind, &parts)) } else { combined(kind, &parts) };
    Ok(value.map(|value| ObjectChecksum { checksum: KeptChecksum { kind, value }, is_composite }))
}

/// Compares the checksum that the client states of the whole.
fn check_stated(input: &CompleteMultipartUploadInput, made: Option<&ObjectChecksum>) -> S3Result<()> {
    let headers = stated_checksums!(input);
    for (kind, stated) in headers {
        let Some(stated) = stated else { continue };
        let agrees = made.is_some_and(|made| {
            // With or without the number of parts.
            let value = made.checksum.value.as_str();
            let bare = value.split('-').next().unwrap_or(value);
            made.checksum.kind == kind && (stated == value || stated == bare)
        });
        if !agrees {
            let text = format!("The {} you specified did not match the calculated checksum.", kind.name());
            return Err(S3Error::with_message(S3ErrorCode::BadDigest, text));
        }
    }
    Ok(())
}

/// The MD5 of the parts' entity tags, and how many they are.
fn etag_of(sent: &[StoredPart]) -> String {
    let mut hash = Md5::new();
    for part in sent {
        hash.update(&u128::from_str_radix(&part.etag, 16).unwrap_or_default().to_be_bytes());
    }
    format!("{}-{}", hexadecimal(&hash.finalize()), sent.len())
}
