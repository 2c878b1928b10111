//! What a client sends along with an object, and gets back with it.

use s3s::dto::{Metadata, Timestamp, TimestampFormat};

/// Headers of an object, and its user metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeptHeaders {
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) website_redirect_location: Option<String>,
    pub(crate) metadata: Metadata,
}

/// What names of user metadata begin with.
const METADATA: &str = "x-amz-meta-";

impl KeptHeaders {
    /// As the catalog keeps them.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        let expires = self.expires.and_then(|time| {
            let mut text = Vec::new();
            time.format(TimestampFormat::HttpDate, &mut text).ok()?;
            String::from_utf8(text).ok()
        });
        let named = [
            ("cache-control", self.cache_control),
            ("content-disposition", self.content_disposition),
            ("content-encoding", self.content_encoding),
            ("content-language", self.content_language),
            ("content-type", self.content_type),
            ("expires", expires),
            ("x-amz-website-redirect-location", self.website_redirect_location),
        ];
        let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let metadata = self.metadata.into_iter().map(|(name, value)| (format!("{METADATA}{name}"), value));
        let mut pairs: Vec<_> = named.chain(metadata).collect();
        pairs.sort();
        pairs
    }

    /// As they came.
    pub(crate) fn of_pairs(pairs: &[(String, String)]) -> Self {
        let find = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let expires =
            find("expires").and_then(|text| Timestamp::parse(TimestampFormat::HttpDate, &text).ok());
        let metadata = pairs.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(METADATA)?;
            Some((name.to_owned(), value.clone()))
        });
        Self {
            cache_control: find("cache-control"),
            content_disposition: find("content-disposition"),
            content_encoding: find("content-encoding"),
            content_language: find("content-language"),
            content_type: find("content-type"),
            expires,
            website_redirect_location: find("x-amz-website-redirect-location"),
            metadata: metadata.collect(),
        }
    }
}

/// What a request sends along with an object, as the catalog keeps it.
macro_rules! kept_headers {
    ($input:expr) => {
        crate::kept::KeptHeaders {
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $input.content_encoding.clone(),
            content_language: $input.content_language.clone(),
            content_type: $input.content_type.clone(),
            expires: $input.expires.clone(),
            website_redirect_location: $input.website_redirect_location.clone(),
            metadata: $input.metadata.clone().unwrap_or_default(),
        }
        .into_pairs()
    };
}
pub(crate) use kept_headers;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let kept = KeptHeaders {
            content_type: Some("text/plain".to_owned()),
            expires: Some(
                Timestamp::parse(TimestampFormat::HttpDate, "Wed, 21 Oct 2026 07:28:00 GMT").unwrap(),
            ),
            metadata: Metadata::from([("a".to_owned(), "b".to_owned()), ("ü".to_owned(), "c".to_owned())]),
            ..KeptHeaders::default()
        };
        assert_eq!(KeptHeaders::of_pairs(&kept.clone().into_pairs()), kept);
    }
}
