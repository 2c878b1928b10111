//! Which bucket has the sealed parts, and who asks there.

use std::path::PathBuf;

use http::Uri;

/// A bucket that speaks S3, and where in it the gateway has its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataBucketPlace {
    /// The endpoint, such as `https://s3.eu-west-1.amazonaws.com`; requests are `endpoint/bucket/name`.
    pub(crate) endpoint: Uri,
    /// The Region that requests are signed for.
    pub(crate) region: String,
    pub(crate) bucket: String,
    /// What names begin with: nothing, or text that ends with a slash.
    pub(crate) prefix: String,
    /// A file with credentials in AWS's form, and the profile in it.
    pub(crate) credentials_file: PathBuf,
    pub(crate) profile: String,
    /// The CAs to trust; without it the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

impl DataBucketPlace {
    /// The place that `s3://bucket` or `s3://bucket/prefix` names, at an endpoint: AWS's own in the Region, if there is no other. What
    /// is asked there is signed with credentials of a profile in a file of AWS's form, which is read again from time to time.
    ///
    /// # Errors
    /// What is wrong, for the operator: the endpoint is neither `https` nor `http` on a loopback address, or the names have letters that
    /// stand for themselves in no URL.
    pub fn new(
        url: &str,
        (endpoint, region): (Option<&str>, &str),
        (credentials_file, profile): (PathBuf, String),
        ca_file: Option<PathBuf>,
    ) -> Result<Self, String> {
        let names = url.strip_prefix("s3://").ok_or_else(|| format!("`{url}` is not s3://bucket/prefix"))?;
        let (bucket, prefix) = names.split_once('/').unwrap_or((names, ""));
        let prefix = prefix.trim_matches('/');
        let is_plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        let is_name = |name: &str| !name.is_empty() && is_plain(name) && name != "." && name != "..";
        if !is_name(bucket) || !(prefix.is_empty() || prefix.split('/').all(is_name)) {
            return Err(format!("`{url}` has to have letters, digits, `-`, `_` and `.` in its names alone"));
        }
        let usual = || {
            let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://s3.{region}.{domain}")
        };
        let endpoint = endpoint.map_or_else(usual, str::to_owned);
        let wrong = |why: &str| format!("the bucket's endpoint `{endpoint}` {why}");
        let parsed: Uri = endpoint.parse().map_err(|_| wrong("is no URL"))?;
        match parsed.scheme_str() {
            Some("https") => {}
            Some("http") if outbound::is_local(&parsed) => {}
            _ => return Err(wrong("is neither `https` nor `http` on a loopback address")),
        }
        Ok(Self {
            endpoint: parsed,
            region: region.to_owned(),
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            credentials_file,
            profile,
            ca_file,
        })
    }

    /// The path of the bucket, for requests.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.endpoint.path().trim_end_matches('/'), self.bucket)
    }
}

/// As the operator named it.
impl std::fmt::Display for DataBucketPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{} at {}", self.bucket, self.prefix, self.endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str, endpoint: Option<&str>) -> Result<DataBucketPlace, String> {
        let credentials = (PathBuf::from("bucket.ini"), "default".to_owned());
        DataBucketPlace::new(url, (endpoint, "eu-west-1"), credentials, None)
    }

    #[test]
    fn buckets_are_read_as_they_are_written() {
        for (url, prefix) in [
            ("s3://sealed", ""),
            ("s3://sealed/", ""),
            ("s3://sealed/a", "a/"),
            ("s3://sealed/a/b_c./", "a/b_c./"),
        ] {
            let place = place(url, None).unwrap();
            assert_eq!((&*place.bucket, &*place.prefix), ("sealed", prefix));
            assert_eq!(
                (&*place.path(), place.endpoint.host()),
                ("/sealed", Some("s3.eu-west-1.amazonaws.com"))
            );
        }
        for wrong in
            ["sealed", "s3://", "s3:///a", "s3://a b", "s3://a/b//c", "s3://a/../b", "s3://a/ü", "https://a"]
        {
            assert!(place(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_leaves_this_machine_without_tls() {
        for (endpoint, is_taken) in [
            ("http://127.0.0.1:8333", true),
            ("http://[::1]:8333/base/", true),
            ("https://storage.example", true),
            ("http://storage.example", false),
            ("http://localhost:8333", false),
            ("ftp://127.0.0.1", false),
            ("127.0.0.1:8333", false),
        ] {
            assert_eq!(place("s3://sealed", Some(endpoint)).is_ok(), is_taken, "{endpoint}");
        }
        let based = place("s3://sealed", Some("http://[::1]:8333/base/")).unwrap();
        assert_eq!(based.path(), "/base/sealed");
    }
}
