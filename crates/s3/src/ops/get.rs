//! `GetObject` and `HeadObject`.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use catalog::StoredObject;
use envelope::{ObjectKey, PartSize, Slot};
use futures_util::{TryStreamExt as _, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        ChecksumMode, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
        StreamingBlob, Timestamp,
    },
    s3_error,
};

use crate::{
    entrance::BelievedRequest,
    faults,
    files::{FileError, PartPiece, PartReader},
    gateway::Gateway,
    held::{HeldFiles, ObjectFiles},
    kept::KeptHeaders,
    permission::RequestSays,
    sse::{Sealing, etag, timestamp},
};

/// An object that the caller may read, and what of it.
struct FoundObject {
    object: StoredObject,
    sealing: Sealing,
    kept: KeptHeaders,
    /// Which bytes; all, if `None`.
    range: Option<Range<u64>>,
    parts_count: Option<i32>,
}

/// What a request says of which object, and when.
struct SoughtObject<'i> {
    bucket: &'i str,
    key: &'i str,
    version: Option<&'i str>,
    range: Option<s3s::dto::Range>,
    part_number: Option<i32>,
    if_match: Option<&'i ETagCondition>,
    if_none_match: Option<&'i ETagCondition>,
    if_modified_since: Option<&'i Timestamp>,
    if_unmodified_since: Option<&'i Timestamp>,
}

macro_rules! sought {
    ($input:expr) => {
        SoughtObject {
            bucket: &$input.bucket,
            key: &$input.key,
            version: $input.version_id.as_deref(),
            range: $input.range,
            part_number: $input.part_number,
            if_match: $input.if_match.as_ref(),
            if_none_match: $input.if_none_match.as_ref(),
            if_modified_since: $input.if_modified_since.as_ref(),
            if_unmodified_since: $input.if_unmodified_since.as_ref(),
        }
    };
}

/// Puts a checksum into the member of an output that is for it.
macro_rules! show_checksum {
    ($output:ident, $checksum:expr) => {{
        use crate::checksums::ChecksumKind;
        let shown: &crate::sse::ObjectChecksum = $checksum;
        let value = Some(shown.checksum.value.clone());
        match shown.checksum.kind {
            ChecksumKind::Crc32 => $output.checksum_crc32 = value,
            ChecksumKind::Crc32c => $output.checksum_crc32c = value,
            ChecksumKind::Crc64Nvme => $output.checksum_crc64nvme = value,
            ChecksumKind::Sha1 => $output.checksum_sha1 = value,
            ChecksumKind::Sha256 => $output.checksum_sha256 = value,
        }
        let kind = if shown.is_composite { "COMPOSITE" } else { "FULL_OBJECT" };
        $output.checksum_type = Some(s3s::dto::ChecksumType::from_static(kind));
    }};
}
pub(crate) use show_checksum;

/// What answers to `GetObject` and `HeadObject` have in common.
macro_rules! output {
    ($kind:ident, $found:ident, $length:expr) => {{
        let FoundObject { object, sealing, kept, range, parts_count } = &$found;
        let shown = sealing.shown();
        let content_range =
            range.as_ref().map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, object.size));
        $kind {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: kept.cache_control.clone(),
            content_disposition: kept.content_disposition.clone(),
            content_encoding: kept.content_encoding.clone(),
            content_language: kept.content_language.clone(),
            content_type: Some(kept.content_type.clone().unwrap_or_else(|| CONTENT_TYPE.to_owned())),
            expires: kept.expires.clone(),
            website_redirect_location: kept.website_redirect_location.clone(),
            metadata: Some(kept.metadata.clone()).filter(|metadata| !metadata.is_empty()),
            content_length: i64::try_from($length).ok(),
            content_range,
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(timestamp(object.modified_ms)),
            parts_count: *parts_count,
            server_side_encryption: shown.algorithm,
            ssekms_key_id: shown.key,
            bucket_key_enabled: shown.bucket_key,
            ..$kind::default()
        }
    }};
}

/// What S3 says of an object whose type nobody told.
const CONTENT_TYPE: &str = "binary/octet-stream";

pub(super) async fn get_object(
    gateway: &Gateway,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let input = request.input;
    refuse_sse(&request.headers)?;
    until_it_stays(|| read(gateway, believed, &input)).await
}

/// Reads an object, again if somebody replaced it between its row and its file: then there is another row, or none.
pub(super) async fn until_it_stays<T, F>(read: impl Fn() -> F) -> S3Result<T>
where
    F: Future<Output = S3Result<T>>,
{
    let mut tries = 1;
    loop {
        match read().await {
            Err(error) if faults::is_gone(&error) && tries < TRIES => tries += 1,
            answer => return answer,
        }
    }
}

/// How often an object is looked up that is replaced all the time.
const TRIES: u32 = 5;

async fn read(
    gateway: &Gateway,
    believed: &BelievedRequest,
    input: &GetObjectInput,
) -> S3Result<S3Response<GetObjectOutput>> {
    let found = find(gateway, believed, &sought!(input))?;
    let key =
        gateway.keyring.open(&believed.requester, &found.sealing.key, (&input.bucket, &input.key)).await?;
    let range = found.range.clone().unwrap_or(0..found.object.size);
    let mut output = output!(GetObjectOutput, found, range.end - range.start);
    if found.range.is_none()
        && is_enabled(input.checksum_mode.as_ref())
        && let Some(checksum) = found.sealing.checksum(&key)?
    {
        show_checksum!(output, &checksum);
    }
    output.tag_count = shown_tags(gateway, believed, (&input.bucket, &input.key), found.object.tags.len());
    overridden(input, &mut output);
    output.body = Some(opened(gateway, key, &found.object, range).await?);
    Ok(S3Response::new(output))
}

/// How many tags an object has, for who may read them.
fn shown_tags(
    gateway: &Gateway,
    believed: &BelievedRequest,
    (bucket, key): (&str, &str),
    tags: usize,
) -> Option<i32> {
    let count = i32::try_from(tags).ok().filter(|count| *count > 0)?;
    let asked = ("s3:GetObjectTagging", bucket, Some(key));
    gateway.permitted(believed, asked, RequestSays::default()).is_ok().then_some(count)
}

pub(super) async fn head_object(
    gateway: &Gateway,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let input = request.input;
    refuse_sse(&request.headers)?;
    let found = find(gateway, believed, &sought!(input))?;
    let length = found.range.as_ref().map_or(found.object.size, |range| range.end - range.start);
    let mut output = output!(HeadObjectOutput, found, length);
    if found.range.is_none() && is_enabled(input.checksum_mode.as_ref()) {
        // Checksums tell of the plaintext, so that they take the key.
        let key = gateway
            .keyring
            .open(&believed.requester, &found.sealing.key, (&input.bucket, &input.key))
            .await?;
        if let Some(checksum) = found.sealing.checksum(&key)? {
            show_checksum!(output, &checksum);
        }
    }
    Ok(S3Response::new(output))
}

/// An object, if the caller may read it and the conditions hold.
fn find(gateway: &Gateway, believed: &BelievedRequest, sought: &SoughtObject<'_>) -> S3Result<FoundObject> {
    let SoughtObject { bucket, key, version, .. } = *sought;
    let object = gateway.readable(believed, (bucket, key))?;
    check_version(version)?;
    check_conditions(&object, sought)?;
    let sealing = Sealing::decode(&object.envelope)?;
    let kept = KeptHeaders::of_pairs(&object.headers);
    let (range, parts_count) = chosen(&object, sought)?;
    Ok(FoundObject { object, sealing, kept, range, parts_count })
}

/// RFC 9110 section 13.2.2.
fn check_conditions(object: &StoredObject, sought: &SoughtObject<'_>) -> S3Result<()> {
    let failed = || faults::of_catalog(&catalog::CatalogError::PreconditionFailed);
    let is_it = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == object.etag,
    };
    let modified = timestamp(object.modified_ms / 1000 * 1000);
    match (sought.if_match, sought.if_unmodified_since) {
        (Some(condition), _) if !is_it(condition) => return Err(failed()),
        (None, Some(since)) if modified > *since => return Err(failed()),
        _ => {}
    }
    let is_unchanged = match (sought.if_none_match, sought.if_modified_since) {
        (Some(condition), _) => is_it(condition),
        (None, Some(since)) => modified <= *since,
        (None, None) => false,
    };
    if is_unchanged {
        let mut unchanged =
            faults::custom("NotModified", "Not Modified".to_owned(), http::StatusCode::NOT_MODIFIED);
        unchanged.set_headers(shown_unchanged(object));
        return Err(unchanged);
    }
    Ok(())
}

/// What an answer without the object still says of it: RFC 9110 section 15.4.5.
fn shown_unchanged(object: &StoredObject) -> http::HeaderMap {
    let tag = http::HeaderValue::from_str(&format!("\"{}\"", object.etag));
    tag.into_iter().map(|tag| (http::header::ETAG, tag)).collect()
}

/// Whether a request names the only version that there is of an object.
///
/// # Errors
/// `NoSuchVersion`.
pub(super) fn check_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion, "The specified version does not exist.")),
    }
}

/// Which bytes are wanted, and of how many parts.
fn chosen(object: &StoredObject, sought: &SoughtObject<'_>) -> S3Result<(Option<Range<u64>>, Option<i32>)> {
    match (sought.part_number, &sought.range) {
        (Some(_), Some(_)) => {
            Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber query parameter"))
        }
        (None, None) => Ok((None, None)),
        (None, Some(range)) => {
            let range = range.check(object.size).map_err(|_| {
                S3Error::with_message(S3ErrorCode::InvalidRange, "The requested range is not satisfiable")
            })?;
            Ok((Some(range), None))
        }
        (Some(number), None) => {
            let missing = || {
                faults::custom(
                    "InvalidPartNumber",
                    "The requested partnumber is not satisfiable".to_owned(),
                    http::StatusCode::RANGE_NOT_SATISFIABLE,
                )
            };
            let at = usize::try_from(number - 1).map_err(|_| missing())?;
            let part = object.parts.get(at).ok_or_else(missing)?;
            let start = object.parts.iter().take(at).map(|part| part.size).sum::<u64>();
            let count =
                (object.parts.len() > 1).then(|| i32::try_from(object.parts.len()).unwrap_or(i32::MAX));
            let range = start..start + part.size;
            Ok(((!range.is_empty()).then_some(range), count))
        }
    }
}

/// The plaintext of a range, chunk after chunk. What is read first is opened before this returns, so that what does not open at
/// all is answered as an error; what does not open later ends the connection.
pub(super) async fn opened(
    gateway: &Gateway,
    key: ObjectKey,
    object: &StoredObject,
    range: Range<u64>,
) -> S3Result<StreamingBlob> {
    let pieces = pieces(object, &range)?;
    let held =
        gateway.files.hold(pieces.iter().map(|piece| piece.file).collect()).map_err(faults::of_file)?;
    let mut pieces = pieces.into_iter();
    let Some(first) = pieces.next() else { return Ok(StreamingBlob::from(s3s::Body::empty())) };
    let (files, key) = (gateway.files.clone(), Arc::new(key));
    let (reader, batch) = files.read(&key, first).await.map_err(faults::of_file)?;
    let opening = OpeningParts { files, key, reader, batch: batch.into_iter(), pieces, _held: held };
    let chunks = stream::try_unfold(opening, |opening| async move {
        opening.next().await.map_err(|error| {
            // It is logged there.
            drop(faults::of_file(error));
            ReadFailed
        })
    });
    let frames = StreamBody::new(chunks.map_ok(Frame::data));
    Ok(StreamingBlob::from(s3s::Body::http_body_unsync(frames)))
}

/// Parts that are read one after the other, as the client takes them.
struct OpeningParts {
    files: ObjectFiles,
    key: Arc<ObjectKey>,
    reader: PartReader,
    batch: std::vec::IntoIter<Bytes>,
    pieces: std::vec::IntoIter<PartPiece>,
    _held: HeldFiles,
}

impl OpeningParts {
    /// The next chunk; none at the end.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, FileError> {
        loop {
            if let Some(chunk) = self.batch.next() {
                return Ok(Some((chunk, self)));
            }
            let (reader, batch) = self.reader.next().await?;
            self.reader = reader;
            if let Some(batch) = batch {
                self.batch = batch.into_iter();
            } else if let Some(piece) = self.pieces.next() {
                let (reader, batch) = self.files.read(&self.key, piece).await?;
                (self.reader, self.batch) = (reader, batch.into_iter());
            } else {
                return Ok(None);
            }
        }
    }
}

/// The parts that a range needs, and what of each.
fn pieces(object: &StoredObject, range: &Range<u64>) -> S3Result<Vec<PartPiece>> {
    let mut pieces = Vec::new();
    let parts = u32::try_from(object.parts.len()).unwrap_or(u32::MAX);
    let mut offset = 0;
    for (number, part) in (0..).zip(&object.parts) {
        let (start, end) = (offset, offset + part.size);
        let size = PartSize::of_plain(part.size).map_err(S3Error::internal_error)?;
        if range.start < end && range.end > start {
            pieces.push(PartPiece {
                file: part.file,
                slot: Slot { part: number, parts, offset, size },
                voucher: part.note.clone(),
                range: range.start.max(start) - start..range.end.min(end) - start,
            });
        }
        offset = end;
    }
    Ok(pieces)
}

/// A chunk could not be read, or did not open. The connection ends, so that nobody takes what came for the whole.
#[derive(Debug)]
struct ReadFailed;

impl std::fmt::Display for ReadFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a chunk of the object could not be read")
    }
}

impl std::error::Error for ReadFailed {}

/// What a request to read says that answers show in place of what is kept.
fn overridden(input: &GetObjectInput, output: &mut GetObjectOutput) {
    let replace = |to: &mut Option<String>, by: &Option<String>| {
        if by.is_some() {
            to.clone_from(by);
        }
    };
    replace(&mut output.cache_control, &input.response_cache_control);
    replace(&mut output.content_disposition, &input.response_content_disposition);
    replace(&mut output.content_encoding, &input.response_content_encoding);
    replace(&mut output.content_language, &input.response_content_language);
    replace(&mut output.content_type, &input.response_content_type);
    if input.response_expires.is_some() {
        output.expires.clone_from(&input.response_expires);
    }
}

/// A request to read that says how to encrypt.
fn refuse_sse(headers: &http::HeaderMap) -> S3Result<()> {
    if headers.contains_key("x-amz-server-side-encryption") {
        return Err(s3_error!(
            InvalidArgument,
            "x-amz-server-side-encryption header is not supported for this operation."
        ));
    }
    if headers.contains_key("x-amz-server-side-encryption-customer-algorithm") {
        return Err(s3_error!(
            InvalidRequest,
            "The encryption parameters are not applicable to this object."
        ));
    }
    Ok(())
}

fn is_enabled(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}
