//! Uploads in parts: begun, sent, listed, aborted. `complete` makes the object.
//!
//! The upload has one key from its beginning. Each part that is sent is sealed under a salt of its own, so that no part that is sent
//! again repeats a nonce.

use std::sync::Arc;

use bytes::Bytes;
use catalog::{After, Catalog, CatalogError, ListQuery, ListedEntry, NewUpload, StoredPart, UploadId};
use envelope::{ObjectKey, PartHeader};
use minicbor::{Decode, Encode};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType, CommonPrefix,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, ListMultipartUploadsInput,
        ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Owner, Part,
        StorageClass, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};
use serde::{Deserialize, Serialize};

use super::{
    list::Encoding,
    put::{check_key, tags},
};
use crate::{
    checksums::{ChecksumKind, Hashing, KeptChecksum, StatedChecksum, of_trailer, stated_checksums},
    encryption::{StoredKey, choose, object_arn},
    entrance::BelievedRequest,
    faults,
    gateway::{Gateway, open_note, seal_note},
    kept::kept_headers,
    permission::RequestSays,
    receiving::{ReceivedPart, Unpublished, receive},
    sse::{etag, hexadecimal, named_key, random_etag, shown, sse_headers, sse_headers_of, timestamp},
};

/// Numbers of parts.
pub(super) const PARTS_MAX: i32 = 10_000;
/// Entries of a page.
const PAGE: i32 = 1000;

/// What the parts of an upload have to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UploadChecksum {
    /// `None`: the client asked for none, and S3 makes one of its own.
    pub(super) asked: Option<ChecksumKind>,
    /// Whether the object's is made of the parts' checksums.
    pub(super) is_composite: bool,
}

/// What is kept with a part that was sent.
#[derive(Debug, Encode, Decode)]
pub(super) struct SentPart {
    #[cbor(n(0), with = "minicbor::bytes")]
    header: Vec<u8>,
    /// Its checksum, sealed.
    #[cbor(n(1), with = "minicbor::bytes")]
    checksum: Vec<u8>,
}

/// What the seal of a part's checksum is bound to.
const LABEL: &str = "part checksum";

/// An upload that goes on.
pub(super) struct FoundUpload {
    pub(super) id: UploadId,
    pub(super) upload: NewUpload,
    pub(super) key: StoredKey,
    pub(super) checksum: UploadChecksum,
}

pub(super) async fn create_multipart_upload(
    gateway: &Gateway,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let input = request.input;
    let (bucket, key) = (&*input.bucket, &*input.key);
    check_key(key)?;
    let sse = sse_headers!(input);
    let sse_key = named_key(gateway, believed, bucket, &sse).await?;
    let says = RequestSays { sse: Some(&sse), sse_key: sse_key.as_deref(), ..RequestSays::default() };
    let found = gateway.permitted(believed, ("s3:PutObject", bucket, Some(key)), says)?;
    let tags = tags(input.tagging.as_deref())?;
    if !tags.is_empty() {
        gateway.check(believed, &found, ("s3:PutObjectTagging", Some(key)), RequestSays::default())?;
    }
    let checksum = asked_checksum(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
    let choice = choose(&sse, &gateway.encryption_of(&found)?, &object_arn(bucket, key))?;
    let new = gateway.keyring.make(&believed.requester, &choice, (bucket, key)).await?;
    let shown = shown(&new.stored);
    let id = UploadId(gateway.random()?);
    let upload = NewUpload {
        key: key.to_owned(),
        created_ms: gateway.now_ms(),
        owner: believed.requester.arn.clone(),
        checksum: serde_json::to_vec(&checksum).map_err(S3Error::internal_error)?.into(),
        envelope: minicbor::to_vec(&new.stored).map_err(S3Error::internal_error)?.into(),
        headers: kept_headers!(input),
        tags,
    };
    let created = gateway.catalog.create_upload(bucket, id, upload).await;
    created.map_err(|error| faults::of_catalog(&error))?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(id.to_string()),
        checksum_algorithm: checksum.asked.map(|kind| ChecksumAlgorithm::from_static(kind.name())),
        checksum_type: checksum.asked.map(|_| checksum.shown()),
        server_side_encryption: shown.algorithm,
        ssekms_key_id: shown.key,
        bucket_key_enabled: shown.bucket_key,
        ssekms_encryption_context: input.ssekms_encryption_context.clone(),
        ..CreateMultipartUploadOutput::default()
    }))
}

pub(super) async fn upload_part(
    gateway: &Gateway,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let believed = gateway.believed(&request.extensions)?.clone();
    let mut input = request.input;
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let found = permitted(gateway, &believed, (&bucket, &key), &input.upload_id)??;
    let number = part_number(input.part_number)?;
    let stated = stated_checksum(&input, believed.trailer.as_deref(), found.checksum)?;
    let object_key = gateway.keyring.open(&believed.requester, &found.key, (&bucket, &key)).await?;
    let is_s3 = shown(&found.key).key.is_none();
    let file = gateway.new_file()?;
    let unpublished = Unpublished::of(gateway, file);
    let hashing = Hashing::new(stated, is_s3);
    let length = input.content_length.and_then(|length| u64::try_from(length).ok());
    let hashed = (hashing, Some(&believed.end));
    let received = receive(gateway, (file, length), &object_key, input.body.take(), hashed).await?;
    let tag = keep(gateway, &found, &object_key, (number, &received), unpublished).await?;
    let shown = shown(&found.key);
    let mut output = UploadPartOutput {
        e_tag: Some(etag(&tag)),
        server_side_encryption: shown.algorithm,
        ssekms_key_id: shown.key,
        bucket_key_enabled: shown.bucket_key,
        ..UploadPartOutput::default()
    };
    show_part_checksum!(output, &received.hashed.checksum);
    Ok(S3Response::new(output))
}

/// Takes a part into the catalog: its entity tag.
///
/// # Errors
/// `NoSuchUpload`, and what the catalog cannot do.
pub(super) async fn keep(
    gateway: &Gateway,
    found: &FoundUpload,
    key: &ObjectKey,
    (number, received): (u16, &ReceivedPart),
    unpublished: Unpublished<'_>,
) -> S3Result<String> {
    let tag = match received.hashed.md5 {
        Some(md5) if shown(&found.key).key.is_none() => hexadecimal(&md5),
        _ => random_etag(gateway)?,
    };
    let checksum = seal_note(key, LABEL, &received.hashed.checksum, &*gateway.randomness)?;
    let note = SentPart { header: received.header.as_bytes().to_vec(), checksum: checksum.to_vec() };
    let part = StoredPart {
        number,
        size: received.size.plain(),
        file: received.file,
        etag: tag.clone(),
        note: minicbor::to_vec(&note).map_err(S3Error::internal_error)?.into(),
    };
    let id = found.id;
    let put = |catalog: Arc<Catalog>| async move {
        let replaced = catalog.put_part(id, part).await?;
        Ok((tag, replaced.into_iter().collect()))
    };
    gateway.commit(unpublished.hand_over(), put).await
}

pub(super) async fn abort_multipart_upload(
    gateway: &Gateway,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let AbortMultipartUploadInput { bucket, key, upload_id, .. } = request.input;
    let asked = ("s3:AbortMultipartUpload", &*bucket, Some(&*key));
    gateway.permitted(believed, asked, RequestSays::default())?;
    let found = find(gateway, (&bucket, &key), &upload_id)?;
    let abort = |catalog: Arc<Catalog>| async move { Ok(((), catalog.abort(found.id).await?)) };
    gateway.commit(Vec::new(), abort).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

pub(super) async fn list_parts(
    gateway: &Gateway,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let input = request.input;
    let (bucket, key) = (&*input.bucket, &*input.key);
    let asked = ("s3:ListMultipartUploadParts", bucket, Some(key));
    gateway.permitted(believed, asked, RequestSays::default())?;
    let found = find(gateway, (bucket, key), &input.upload_id)?;
    let max = input.max_parts.unwrap_or(PAGE).clamp(0, PAGE);
    let after = input.part_number_marker.unwrap_or_default();
    let after = u16::try_from(after.clamp(0, i32::from(u16::MAX))).unwrap_or(u16::MAX);
    let page = gateway.catalog.parts(found.id, after, usize::try_from(max).unwrap_or_default());
    let page = page.map_err(|error| faults::of_catalog(&error))?;
    let parts = page.parts.into_iter().map(|part| Part {
        part_number: Some(i32::from(part.number)),
        size: i64::try_from(part.size).ok(),
        e_tag: Some(etag(&part.etag)),
        last_modified: Some(timestamp(found.upload.created_ms)),
        ..Part::default()
    });
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(input.upload_id.clone()),
        checksum_algorithm: found.checksum.asked.map(|kind| ChecksumAlgorithm::from_static(kind.name())),
        checksum_type: found.checksum.asked.map(|_| found.checksum.shown()),
        is_truncated: Some(page.next.is_some()),
        max_parts: Some(max),
        next_part_number_marker: Some(i32::from(page.next.unwrap_or_default())),
        part_number_marker: Some(i32::from(after)),
        parts: Some(parts.collect()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        ..ListPartsOutput::default()
    }))
}

pub(super) async fn list_multipart_uploads(
    gateway: &Gateway,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let input = request.input;
    let asked = ("s3:ListBucketMultipartUploads", &*input.bucket, None);
    let found = gateway.permitted(believed, asked, RequestSays::default())?;
    let max = input.max_uploads.unwrap_or(PAGE).clamp(0, PAGE);
    let marker = input.key_marker.as_deref().filter(|marker| !marker.is_empty());
    let id = marker.and(input.upload_id_marker.as_deref()).and_then(|id| id.parse().ok());
    let query = ListQuery {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty()),
        after: marker.map_or(After::Start, After::Entry),
        max: usize::try_from(max).unwrap_or_default(),
    };
    let page =
        gateway.catalog.uploads(&input.bucket, query, id).map_err(|error| faults::of_catalog(&error))?;
    let encoding = Encoding::of(input.encoding_type.as_ref());
    let owner = Owner { display_name: None, id: Some(found.owner.clone()) };
    let (mut uploads, mut prefixes, mut last) = (Vec::new(), Vec::new(), None);
    for entry in page.entries {
        match entry {
            ListedEntry::Prefix(prefix) => {
                prefixes.push(CommonPrefix { prefix: Some(encoding.put(&prefix)) });
                last = None;
            }
            ListedEntry::Item(upload) => {
                last = Some(upload.id.to_string());
                uploads.push(MultipartUpload {
                    key: Some(encoding.put(&upload.key)),
                    upload_id: last.clone(),
                    initiated: Some(timestamp(upload.created_ms)),
                    owner: Some(owner.clone()),
                    storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
                    ..MultipartUpload::default()
                });
            }
        }
    }
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket.clone()),
        common_prefixes: Some(prefixes),
        delimiter: input.delimiter.as_deref().map(|text| encoding.put(text)),
        encoding_type: input.encoding_type.clone(),
        is_truncated: Some(page.next.is_some()),
        key_marker: input.key_marker.as_deref().map(|text| encoding.put(text)),
        max_uploads: Some(max),
        next_upload_id_marker: last.filter(|_| page.next.is_some()),
        next_key_marker: page.next.as_deref().map(|next| encoding.put(next)),
        prefix: input.prefix.as_deref().map(|text| encoding.put(text)),
        upload_id_marker: input.upload_id_marker.clone(),
        uploads: Some(uploads),
        ..ListMultipartUploadsOutput::default()
    }))
}

/// An upload that goes on.
///
/// # Errors
/// `NoSuchUpload`.
pub(super) fn find(gateway: &Gateway, (bucket, key): (&str, &str), id: &str) -> S3Result<FoundUpload> {
    let missing = || faults::of_catalog(&CatalogError::NoSuchUpload);
    let id: UploadId = id.parse().map_err(|_| missing())?;
    let upload = gateway.catalog.upload(bucket, key, id).map_err(|error| faults::of_catalog(&error))?;
    let upload = upload.ok_or_else(missing)?;
    let key = minicbor::decode(&upload.envelope).map_err(S3Error::internal_error)?;
    let checksum = serde_json::from_slice(&upload.checksum).map_err(S3Error::internal_error)?;
    Ok(FoundUpload { id, upload, key, checksum })
}

/// An upload, or that there is none, for a caller who may put its object. Its requests after the first have no headers of
/// encryption. Conditions see what became of those of the first, so that a bucket that demands them takes the parts too.
///
/// # Errors
/// `NoSuchBucket`, `AccessDenied`; within, `NoSuchUpload`.
pub(super) fn permitted(
    gateway: &Gateway,
    believed: &BelievedRequest,
    (bucket, key): (&str, &str),
    id: &str,
) -> S3Result<S3Result<FoundUpload>> {
    let found = find(gateway, (bucket, key), id);
    let sse = found.as_ref().ok().map(|found| sse_headers_of(&found.key));
    let sse_key = sse.as_ref().and_then(|sse| sse.key.as_deref());
    let says = RequestSays { sse: sse.as_ref(), sse_key, ..RequestSays::default() };
    gateway.permitted(believed, ("s3:PutObject", bucket, Some(key)), says)?;
    Ok(found)
}

/// The number of a part.
///
/// # Errors
/// `InvalidArgument`.
pub(super) fn part_number(number: i32) -> S3Result<u16> {
    match u16::try_from(number) {
        Ok(number @ 1..) if i32::from(number) <= PARTS_MAX => Ok(number),
        _ => Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")),
    }
}

impl SentPart {
    pub(super) fn decode(note: &Bytes) -> S3Result<Self> {
        minicbor::decode(note).map_err(S3Error::internal_error)
    }

    pub(super) fn header(&self) -> S3Result<PartHeader> {
        PartHeader::parse(&self.header).map_err(S3Error::internal_error)
    }

    pub(super) fn checksum(&self, key: &ObjectKey) -> S3Result<KeptChecksum> {
        open_note(key, LABEL, &self.checksum)
    }
}

impl UploadChecksum {
    fn shown(self) -> ChecksumType {
        let shown = if self.is_composite { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
        ChecksumType::from_static(shown)
    }
}

/// The checksum that an upload begins with.
fn asked_checksum(
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> S3Result<UploadChecksum> {
    let Some(algorithm) = algorithm else {
        if kind.is_some() {
            return Err(s3_error!(
                InvalidRequest,
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            ));
        }
        return Ok(UploadChecksum { asked: None, is_composite: false });
    };
    let asked = ChecksumKind::parse(algorithm.as_str()).ok_or_else(|| {
        s3_error!(
            InvalidRequest,
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, \
             SHA256]"
        )
    })?;
    let is_composite = match kind {
        None => asked != ChecksumKind::Crc64Nvme,
        Some(kind) => kind.as_str() == ChecksumType::COMPOSITE,
    };
    let refused = |kind: &str| {
        let name = asked.name().to_ascii_lowercase();
        let text = format!("The {kind} checksum type cannot be used with the {name} checksum algorithm.");
        Err(S3Error::with_message(S3ErrorCode::InvalidRequest, text))
    };
    match (asked, is_composite) {
        (ChecksumKind::Crc64Nvme, true) => refused(ChecksumType::COMPOSITE),
        (ChecksumKind::Sha1 | ChecksumKind::Sha256, false) => refused(ChecksumType::FULL_OBJECT),
        _ => Ok(UploadChecksum { asked: Some(asked), is_composite }),
    }
}

/// The checksum that a part states or announces; if the upload has a kind, it is of that kind.
fn stated_checksum(
    input: &UploadPartInput,
    trailer: Option<&str>,
    upload: UploadChecksum,
) -> S3Result<StatedChecksum> {
    let headers = stated_checksums!(input);
    let announced = trailer.and_then(of_trailer);
    let stated = StatedChecksum::of(headers, announced.or(upload.asked), input.content_md5.as_ref())?;
    let sent = stated.stated.as_ref().map(|stated| stated.kind).or(announced);
    if let (Some(expected), Some(sent)) = (upload.asked, sent)
        && sent != expected
    {
        let (expected, sent) = (expected.name().to_ascii_lowercase(), sent.name().to_ascii_lowercase());
        let text = format!(
            "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {sent}"
        );
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, text));
    }
    Ok(stated)
}

/// Puts a part's checksum into the member of an output that is for it.
macro_rules! show_part_checksum {
    ($output:ident, $checksum:expr) => {{
        let shown: &crate::checksums::KeptChecksum = $checksum;
        let value = Some(shown.value.clone());
        match shown.kind {
            crate::checksums::ChecksumKind::Crc32 => $output.checksum_crc32 = value,
            crate::checksums::ChecksumKind::Crc32c => $output.checksum_crc32c = value,
            crate::checksums::ChecksumKind::Crc64Nvme => $output.checksum_crc64nvme = value,
            crate::checksums::ChecksumKind::Sha1 => $output.checksum_sha1 = value,
            crate::checksums::ChecksumKind::Sha256 => $output.checksum_sha256 = value,
        }
    }};
}
pub(super) use show_part_checksum;
