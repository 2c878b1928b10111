//! The worked examples of the S3 API reference, "Authenticating Requests (AWS Signature Version 4)".

use bytes::Bytes;
use sigv4::{Payload, S3AuthError, S3Claim, Trailer};

use super::{NO_BYTES, SIGNED_SECONDS, authorization, head, read, verify};
use crate::request::Request;

const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");

#[test]
fn objects_and_buckets() {
    let basic = "host;x-amz-content-sha256;x-amz-date";
    let text = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let examples = [
        (
            "GET",
            "/test.txt",
            &[("range", "bytes=0-9")][..],
            NO_BYTES,
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            text,
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/?lifecycle",
            &[],
            NO_BYTES,
            basic,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/?max-keys=2&prefix=J",
            &[],
            NO_BYTES,
            basic,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ];
    for (method, target, extra, hash, list, signature) in examples {
        let authorization = authorization(list, signature);
        let mut headers = vec![HOST, DATE, ("x-amz-content-sha256", hash), ("authorization", &authorization)];
        headers.extend_from_slice(extra);
        let body = if method == "PUT" { &b"Welcome to Amazon S3."[..] } else { b"" };
        let request = Request::new(method, target, &headers, body);
        assert_eq!(verify(&request, SIGNED_SECONDS), Ok((body.to_vec(), None)), "{method} {target}");
        let other = Request::new(method, target, &headers, b"other");
        let refusal = verify(&other, SIGNED_SECONDS).unwrap_err();
        assert_eq!(refusal.code(), "XAmzContentSHA256Mismatch", "{method} {target}");
    }
}

#[test]
fn a_presigned_request() {
    let target = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let request = Request::new("GET", target, &[HOST], b"anything");
    let claim = S3Claim::parse(request.head()).unwrap();
    assert!(claim.is_presigned() && claim.payload() == Payload::Unsigned);
    for (now, is_alive) in [(-900, true), (-901, false), (86_400, true), (86_401, false)] {
        let came = verify(&request, SIGNED_SECONDS + now);
        assert_eq!(came.is_ok(), is_alive, "{now}: {came:?}");
    }
    let other = Request::new("PUT", target, &[HOST], b"anything");
    assert_eq!(verify(&other, SIGNED_SECONDS), Err(S3AuthError::Mismatch));
}

/// The upload of 65 KiB in chunks of 64 KiB.
fn streamed(payload: &str, list: &str, seed: &str, body: &[u8]) -> Request {
    let authorization = authorization(list, seed);
    let mut headers = vec![
        ("host", "s3.amazonaws.com"),
        DATE,
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("authorization", authorization.as_str()),
        ("x-amz-content-sha256", payload),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("content-length", "66824"),
    ];
    if payload.ends_with("TRAILER") {
        headers.push(("x-amz-trailer", "x-amz-checksum-crc32c"));
    }
    Request::new("PUT", "/examplebucket/chunkObject.txt", &headers, body)
}

fn chunks(signatures: [&str; 3], end: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (size, signature) in [65_536, 1024, 0].into_iter().zip(signatures) {
        body.extend_from_slice(format!("{size:x};chunk-signature={signature}\r\n").as_bytes());
        body.extend(std::iter::repeat_n(b'a', size));
        body.extend_from_slice(if size == 0 { end } else { "\r\n" }.as_bytes());
    }
    body
}

#[test]
fn an_upload_in_chunks() {
    let signatures = [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ];
    let body = chunks(signatures, "\r\n");
    assert_eq!(body.len(), 66_824);
    let request = streamed(
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
         x-amz-decoded-content-length;x-amz-storage-class",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        &body,
    );
    assert_eq!(S3Claim::parse(request.head()).unwrap().payload(), Payload::SignedChunks);
    assert_eq!(verify(&request, SIGNED_SECONDS), Ok((vec![b'a'; 66_560], None)));

    // The first piece ends inside of the first chunk.
    let mut came = head(&request, SIGNED_SECONDS).unwrap();
    assert_eq!(came.decoded_length(), Some(66_560));
    let whole = Bytes::from(body);
    let mut first = whole.slice(..1000);
    let given = came.read(&mut first).unwrap().unwrap();
    assert_eq!(given.len(), 1000 - 88);
    assert_eq!(given.as_ptr(), whole.slice(88..).as_ptr(), "data is not copied");
    let mut second = whole.slice(1000..);
    assert_eq!(came.read(&mut second).unwrap().unwrap().len(), 65_536 - 912);
    assert_eq!(came.read(&mut second).unwrap().unwrap().len(), 1024);
    assert_eq!(came.read(&mut second), Ok(None));
    assert_eq!(came.finish(), Ok(None));
}

#[test]
fn an_upload_in_chunks_with_a_trailer() {
    let signatures = [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ];
    let signature =
        "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
    let trailer = Trailer { name: "x-amz-checksum-crc32c".to_owned(), value: "sOO8/Q==".to_owned() };
    // As documented, and as MinIO's client for Go ends the trailer's line.
    for end in ["\r\n", "\n\r\n"] {
        let end = format!("x-amz-checksum-crc32c:sOO8/Q=={end}{signature}\r\n\r\n");
        let request = streamed(
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
             x-amz-storage-class;x-amz-trailer",
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
            &chunks(signatures, &end),
        );
        assert_eq!(S3Claim::parse(request.head()).unwrap().payload(), Payload::SignedChunksWithTrailer);
        assert_eq!(verify(&request, SIGNED_SECONDS), Ok((vec![b'a'; 66_560], Some(trailer.clone()))));

        let pieces = || request.body.chunks(777).map(Bytes::copy_from_slice);
        assert!(read(head(&request, SIGNED_SECONDS).unwrap(), pieces()).is_ok());
        let cut = read(head(&request, SIGNED_SECONDS).unwrap(), pieces().take(80));
        assert_eq!(cut, Err(S3AuthError::IncompleteBody));
    }
}
