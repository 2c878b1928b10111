//! `ListObjects` and `ListObjectsV2`.

use base64_simd::URL_SAFE_NO_PAD;
use catalog::{After, ListQuery, ListedEntry, ListedObject, ListedPage};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, Object, ObjectStorageClass, Owner,
    },
    s3_error,
};

use crate::sse::{etag, timestamp};
use crate::{
    entrance::BelievedRequest,
    faults,
    gateway::Gateway,
    permission::{ListingSays, RequestSays},
};

/// Entries of a page.
const MAX: i32 = 1000;
/// What `encoding-type=url` leaves as it is.
const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/');

/// What both versions ask for.
struct ListingAsked<'i> {
    bucket: &'i str,
    prefix: &'i str,
    delimiter: &'i str,
    max_keys: Option<i32>,
}

pub(super) async fn list_objects_v2(
    gateway: &Gateway,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let believed = gateway.believed(&request.extensions)?;
    let input = request.input;
    let asked = ListingAsked {
        bucket: &input.bucket,
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref().unwrap_or_default(),
        max_keys: input.max_keys,
    };
    let token = input.continuation_token.as_deref().map(decoded).transpose()?;
    let after = match (&token, input.start_after.as_deref()) {
        (Some(token), _) => After::Entry(token),
        (None, Some(key)) if !key.is_empty() => After::Key(key),
        (None, _) => After::Start,
    };
    let (page, owner) = list(gateway, believed, &asked, after)?;
    let encoding = Encoding::of(input.encoding_type.as_ref());
    let count = i32::try_from(page.entries.len()).ok();
    let owner = input.fetch_owner.unwrap_or_default().then_some(owner);
    let (contents, common_prefixes) = split(page.entries, owner.as_ref(), encoding);
    let output = ListObjectsV2Output {
        name: Some(input.bucket.clone()),
        prefix: Some(encoding.put(asked.prefix)),
        max_keys: Some(asked.max()?),
        key_count: count,
        continuation_token: input.continuation_token.clone(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(|next| URL_SAFE_NO_PAD.encode_to_string(next)),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: input.delimiter.as_deref().map(|text| encoding.put(text)),
        encoding_type: input.encoding_type.clone(),
        start_after: input.start_after.as_deref().map(|text| encoding.put(text)),
        ..ListObjectsV2Output::default()
    };
    Ok(S3Response::new(output))
}

pub(super) async fn list_objects(
    gateway: &Gateway,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let believed = gateway.believed(&request.extensions)?;
    let input = request.input;
    let asked = ListingAsked {
        bucket: &input.bucket,
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref().unwrap_or_default(),
        max_keys: input.max_keys,
    };
    let after = match input.marker.as_deref() {
        Some(marker) if !marker.is_empty() => After::Entry(marker),
        _ => After::Start,
    };
    let (page, owner) = list(gateway, believed, &asked, after)?;
    let encoding = Encoding::of(input.encoding_type.as_ref());
    let next = page.next.as_deref().filter(|_| !asked.delimiter.is_empty()).map(|next| encoding.put(next));
    let is_truncated = Some(page.next.is_some());
    let (contents, common_prefixes) = split(page.entries, Some(&owner), encoding);
    let output = ListObjectsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(encoding.put(asked.prefix)),
        marker: Some(encoding.put(input.marker.as_deref().unwrap_or_default())),
        max_keys: Some(asked.max()?),
        is_truncated,
        next_marker: next,
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: input.delimiter.as_deref().map(|text| encoding.put(text)),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectsOutput::default()
    };
    Ok(S3Response::new(output))
}

/// A page, and whose the bucket is.
fn list(
    gateway: &Gateway,
    believed: &BelievedRequest,
    asked: &ListingAsked<'_>,
    after: After<'_>,
) -> S3Result<(ListedPage<ListedObject>, Owner)> {
    let ListingAsked { bucket, prefix, delimiter, .. } = *asked;
    let max = asked.max()?;
    let listing = ListingSays { prefix, delimiter, max_keys: max };
    let says = RequestSays { listing: Some(listing), ..RequestSays::default() };
    let found = gateway.permitted(believed, ("s3:ListBucket", bucket, None), says)?;
    let query = ListQuery {
        prefix,
        delimiter: Some(delimiter).filter(|delimiter| !delimiter.is_empty()),
        after,
        max: usize::try_from(max).unwrap_or_default(),
    };
    let page = gateway.catalog.list(bucket, query).map_err(|error| faults::of_catalog(&error))?;
    Ok((page, Owner { display_name: None, id: Some(found.owner.clone()) }))
}

impl ListingAsked<'_> {
    fn max(&self) -> S3Result<i32> {
        match self.max_keys {
            Some(asked) if asked < 0 => Err(s3_error!(
                InvalidArgument,
                "Argument maxKeys must be an integer between 0 and 2147483647"
            )),
            asked => Ok(asked.unwrap_or(MAX).min(MAX)),
        }
    }
}

/// How keys are written in an answer.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub(super) fn of(asked: Option<&EncodingType>) -> Self {
        match asked {
            Some(asked) if asked.as_str() == EncodingType::URL => Self::Url,
            _ => Self::Plain,
        }
    }

    pub(super) fn put(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Url => utf8_percent_encode(text, URL).to_string(),
        }
    }
}

fn split(
    entries: Vec<ListedEntry<ListedObject>>,
    owner: Option<&Owner>,
    encoding: Encoding,
) -> (Vec<Object>, Vec<CommonPrefix>) {
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            ListedEntry::Prefix(prefix) => {
                prefixes.push(CommonPrefix { prefix: Some(encoding.put(&prefix)) });
            }
            ListedEntry::Item(ListedObject { key, size, modified_ms, etag: tag }) => contents.push(Object {
                key: Some(encoding.put(&key)),
                size: i64::try_from(size).ok(),
                last_modified: Some(timestamp(modified_ms)),
                e_tag: Some(etag(&tag)),
                owner: owner.cloned(),
                storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                ..Object::default()
            }),
        }
    }
    (contents, prefixes)
}

fn decoded(token: &str) -> S3Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}
