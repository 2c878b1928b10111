//! `UpdateObjectEncryption`: an object's key is wrapped anew; its data does not move, and its entity tag and dates stay.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>
//!
//! s3s does not know the operation, so that it is a route of its own.

use std::sync::Arc;

use http::{Extensions, HeaderMap, Method, Uri};
use http_body_util::{BodyExt as _, Limited};
use quick_xml::{Reader, events::Event};
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, route::S3Route, s3_error};

use crate::{entrance::BelievedRequest, faults, gateway::Gateway, permission::RequestSays, sse::Sealing};

/// The route.
pub(crate) struct UpdateObjectEncryption(pub(crate) Arc<Gateway>);

/// Longest body, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What a request asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct WantedEncryption {
    key: String,
    bucket_key: bool,
}

#[async_trait::async_trait]
impl S3Route for UpdateObjectEncryption {
    fn is_match(&self, method: &Method, uri: &Uri, _: &HeaderMap, _: &mut Extensions) -> bool {
        let mut parameters = uri.query().unwrap_or_default().split('&');
        let is_asked = parameters.any(|parameter| parameter == "encryption" || parameter == "encryption=");
        method == Method::PUT && is_asked && target(uri).is_some()
    }

    /// Who sent it was established at the entrance.
    async fn check_access(&self, _: &mut S3Request<Body>) -> S3Result<()> {
        Ok(())
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let call = BelievedRequest::noted(&request.extensions, "UpdateObjectEncryption");
        self.update(request).await.inspect_err(|error| call.failed(error))
    }
}

impl UpdateObjectEncryption {
    async fn update(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let gateway = &*self.0;
        let believed = gateway.believed(&request.extensions)?.clone();
        let (bucket, key) = target(&request.uri).ok_or_else(|| S3Error::new(S3ErrorCode::InvalidURI))?;
        let asked = ("s3:UpdateObjectEncryption", &*bucket, Some(&*key));
        gateway.permitted(&believed, asked, RequestSays::default())?;
        let body = Limited::new(request.input, BODY_BYTES_MAX).collect().await.map_err(|_| malformed())?;
        // What is not believed to its end changes nothing.
        believed.end.trailer()?;
        let wanted = parse(&body.to_bytes())?;
        let object = gateway.catalog.object(&bucket, &key).map_err(|error| faults::of_catalog(&error))?;
        let object = object.ok_or_else(|| faults::of_catalog(&catalog::CatalogError::NoSuchKey))?;
        let sealing = Sealing::decode(&object.envelope)?;
        let WantedEncryption { key: kms_key, bucket_key } = wanted;
        let at = (&*bucket, &*key);
        let rewrapped =
            gateway.keyring.rewrap(&believed.requester, &sealing.key, at, (&kms_key, bucket_key)).await?;
        let envelope = Sealing { key: rewrapped, checksum: sealing.checksum }.encode();
        let changed = gateway.catalog.rewrap(&bucket, &key, object.version, envelope).await;
        changed.map_err(|error| faults::of_catalog(&error))?;
        Ok(S3Response::new(Body::empty()))
    }
}

/// The bucket and the key that a path names; `None` for a bucket alone.
fn target(uri: &Uri) -> Option<(String, String)> {
    let path = percent_encoding::percent_decode_str(uri.path()).decode_utf8().ok()?;
    let (bucket, key) = path.strip_prefix('/')?.split_once('/')?;
    (!bucket.is_empty() && !key.is_empty()).then(|| (bucket.to_owned(), key.to_owned()))
}

/// Reads `<ObjectEncryption><SSE-KMS><KMSKeyArn/><BucketKeyEnabled/></SSE-KMS></ObjectEncryption>`.
fn parse(body: &[u8]) -> S3Result<WantedEncryption> {
    let mut reader = Reader::from_reader(body);
    reader.config_mut().trim_text(true);
    let (mut path, mut wanted) = (Vec::new(), WantedEncryption::default());
    loop {
        match reader.read_event().map_err(|_| malformed())? {
            Event::Start(tag) => path.push(String::from_utf8_lossy(tag.local_name().as_ref()).into_owned()),
            Event::End(_) => drop(path.pop()),
            Event::Text(text) => {
                let text = text.decode().map_err(|_| malformed())?;
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                match names.as_slice() {
                    ["ObjectEncryption", "SSE-KMS", "KMSKeyArn"] => text.trim().clone_into(&mut wanted.key),
                    ["ObjectEncryption", "SSE-KMS", "BucketKeyEnabled"] => {
                        wanted.bucket_key = match text.trim() {
                            "true" => true,
                            "false" => false,
                            _ => return Err(malformed()),
                        };
                    }
                    _ => return Err(malformed()),
                }
            }
            Event::Eof => break,
            Event::Empty(_) | Event::CData(_) | Event::DocType(_) | Event::GeneralRef(_) => {
                return Err(malformed());
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if !(wanted.key.starts_with("arn:") && wanted.key.contains(":key/")) {
        return Err(s3_error!(InvalidRequest, "The KMS key has to be named by the ARN of the key."));
    }
    Ok(wanted)
}

fn malformed() -> S3Error {
    s3_error!(
        MalformedXML,
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn bodies_are_read_and_others_refused() {
        let body = |inner: &str| {
            format!(
                r#"<?xml version="1.0"?><ObjectEncryption xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><SSE-KMS>{inner}</SSE-KMS></ObjectEncryption>"#
            )
        };
        let key = format!("<KMSKeyArn>{ARN}</KMSKeyArn>");
        let wanted = |bucket_key| WantedEncryption { key: ARN.to_owned(), bucket_key };
        assert_eq!(parse(body(&key).as_bytes()).unwrap(), wanted(false));
        let both = format!("{key} <BucketKeyEnabled>true</BucketKeyEnabled>");
        assert_eq!(parse(body(&both).as_bytes()).unwrap(), wanted(true));
        for wrong in [
            "".to_owned(),
            "<a".to_owned(),
            body(""),
            body("<KMSKeyArn>alias/x</KMSKeyArn>"),
            body(&format!("{key}<BucketKeyEnabled>yes</BucketKeyEnabled>")),
            format!("<Other>{key}</Other>"),
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_bucket_alone_is_no_object() {
        let target = |uri: &str| target(&uri.parse().unwrap());
        assert_eq!(target("/b/k%20x/y?encryption"), Some(("b".to_owned(), "k x/y".to_owned())));
        assert_eq!((target("/b?encryption"), target("/b/?encryption"), target("/")), (None, None, None));
    }
}
