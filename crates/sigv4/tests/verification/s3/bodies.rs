//! Bodies in chunks: what is taken, and each refusal.

use bytes::Bytes;
use sigv4::{S3AuthError, Trailer};

use super::official::{Sent, seed, signed, signed_chunks};
use super::{Came, SIGNED_SECONDS, head, read, verify};
use crate::request::Request;

const TRAILER: (&str, &str) = ("x-amz-checksum-crc32", "y/Q5Jg==");

const STREAMED: [Sent; 3] = [Sent::SignedChunks, Sent::SignedChunksWithTrailer, Sent::UnsignedTrailer];

fn upload(sent: Sent, chunks: &[&[u8]]) -> Request {
    signed(&Request::new("PUT", "https://s3.example/bucket/key", &[], b""), sent, chunks, TRAILER)
}

/// What comes of a body in the place of the one that was sent, in one piece and in single bytes.
fn came(request: &Request, body: &[u8]) -> Result<Came, S3AuthError> {
    let head = || head(request, SIGNED_SECONDS).unwrap();
    let whole = read(head(), [Bytes::copy_from_slice(body)]);
    let single = read(head(), body.chunks(1).map(Bytes::copy_from_slice));
    assert_eq!(whole, single, "{:?}", String::from_utf8_lossy(body));
    whole
}

/// What comes of an unsigned body of nine bytes.
fn unsigned(body: &str) -> Result<Came, S3AuthError> {
    came(&upload(Sent::UnsignedTrailer, &[b"123456789"]), body.as_bytes())
}

fn trailer() -> Trailer {
    Trailer { name: TRAILER.0.to_owned(), value: TRAILER.1.to_owned() }
}

#[test]
fn what_is_good_is_taken() {
    let large = vec![7; 8192];
    let chunkings: [&[&[u8]]; 4] = [&[], &[b"data"], &[&large, b"data"], &[&large, &large]];
    for sent in [Sent::Hashed, Sent::Unsigned].into_iter().chain(STREAMED) {
        for chunks in chunkings {
            let request = upload(sent, chunks);
            let has_trailer = matches!(sent, Sent::SignedChunksWithTrailer | Sent::UnsignedTrailer);
            let expected = (chunks.concat(), has_trailer.then(trailer));
            assert_eq!(came(&request, &request.body), Ok(expected), "{sent:?}");
        }
    }
    let good = Ok((b"123456789".to_vec(), Some(trailer())));
    let forms = [
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
        "09\r\n123456789\r\n0000\r\nX-Amz-Checksum-CRC32: y/Q5Jg== \r\n\r\n",
        // MinIO's client for Go.
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\n\r\n\r\n",
    ];
    for form in forms {
        assert_eq!(unsigned(form), good, "{form:?}");
    }
}

#[test]
fn what_is_cut_off_is_incomplete() {
    for sent in STREAMED {
        let request = upload(sent, &[b"data"]);
        for end in 0..request.body.len() {
            assert_eq!(
                came(&request, request.body.get(..end).unwrap()),
                Err(S3AuthError::IncompleteBody),
                "{sent:?} {end}"
            );
        }
        for more in [&b"\r\n"[..], b"x"] {
            let longer = [&request.body[..], more].concat();
            assert_eq!(came(&request, &longer), Err(S3AuthError::IncompleteBody), "{sent:?}");
        }
    }
    let hashed = upload(Sent::Hashed, &[b"data"]);
    for other in [&b"dat"[..], b"data.", b""] {
        assert_eq!(came(&hashed, other).unwrap_err().code(), "XAmzContentSHA256Mismatch");
    }
}

#[test]
fn bodies_that_are_not_in_chunks() {
    let end = "0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
    let long = "0".repeat(2000);
    let wrong = [
        "123456789".to_owned(),
        format!("9\n123456789\r\n{end}"),
        format!("9\r\n123456789\n{end}"),
        format!("9\r\n123456789{end}"),
        format!("8\r\n123456789\r\n{end}"),
        format!("a\r\n123456789\r\n{end}"),
        format!("8\r\n12345678\r\n{end}"),
        format!("a\r\n1234567890\r\n{end}"),
        format!("+9\r\n123456789\r\n{end}"),
        format!("0x9\r\n123456789\r\n{end}"),
        format!(" 9\r\n123456789\r\n{end}"),
        format!("\r\n123456789\r\n{end}"),
        format!("9 \r\n123456789\r\n{end}"),
        format!("9;\r\n123456789\r\n{end}"),
        format!("9;a=b\r\n123456789\r\n{end}"),
        format!("9;chunk-signature={}\r\n123456789\r\n{end}", "0".repeat(64)),
        format!("ffffffffffffffff\r\n123456789\r\n{end}"),
        format!("00000000000000009\r\n123456789\r\n{end}"),
        format!("{long}9\r\n123456789\r\n{end}"),
        long,
        end.to_owned(),
        "9\r\n123456789\r\n0\r\nno colon\r\n\r\n".to_owned(),
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:\u{fc}\r\n\r\n".to_owned(),
        format!("9\r\n123456789\r\n{end}{end}"),
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\n\n\r\n".to_owned(),
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n"
            .to_owned(),
    ];
    for body in wrong {
        let refusal = unsigned(&body).unwrap_err();
        assert_eq!((refusal.code(), refusal.status()), ("IncompleteBody", 400), "{body:?}");
        assert_eq!(refusal.to_string(), "The request body terminated unexpectedly");
    }
    // Signatures that have to be there.
    let request = upload(Sent::SignedChunks, &[b"123456789"]);
    for body in ["9\r\n123456789\r\n0\r\n\r\n", "9;signature=0\r\n123456789\r\n0\r\n\r\n"] {
        assert_eq!(came(&request, body.as_bytes()), Err(S3AuthError::IncompleteBody), "{body:?}");
    }
}

#[test]
fn trailers_that_were_not_announced() {
    let begin = "9\r\n123456789\r\n0\r\n";
    for end in
        ["\r\n", "x-amz-checksum-crc32c:y/Q5Jg==\r\n\r\n", "x-amz-trailer-signature:0\r\n\r\n", ":\r\n\r\n"]
    {
        let refusal = unsigned(&format!("{begin}{end}")).unwrap_err();
        assert_eq!((refusal.code(), refusal.status()), ("MalformedTrailerError", 400), "{end:?}");
    }
    let request = upload(Sent::SignedChunksWithTrailer, &[b"data"]);
    let text = String::from_utf8(request.body.clone()).unwrap();
    let unsigned = text.split("x-amz-trailer-signature").next().unwrap().to_owned() + "\r\n";
    assert_eq!(came(&request, unsigned.as_bytes()), Err(S3AuthError::MalformedTrailer));
    let without = text.replace("x-amz-checksum-crc32:y/Q5Jg==\r\n", "");
    assert_eq!(came(&request, without.as_bytes()), Err(S3AuthError::MalformedTrailer));

    // One where none is announced.
    let request = upload(Sent::SignedChunks, &[b"data"]);
    let trailing = signed_chunks(&seed(&request), &[b"data"], Some(TRAILER));
    assert_eq!(came(&request, &trailing), Err(S3AuthError::IncompleteBody));
}

#[test]
fn announcements_that_are_wrong() {
    let announcing = |sent, name: &str, values: &[&str]| {
        let mut request = Request::new("PUT", "https://s3.example/bucket/key", &[], b"");
        for value in values {
            request
                .headers
                .append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let refusal = head(&signed(&request, sent, &[], TRAILER), SIGNED_SECONDS).err();
        refusal.map(|error| (error.code(), error.status(), error.to_string()))
    };
    let told = |code, status, text: &str| Some((code, status, text.to_owned()));
    let trailer = "The request contained trailing data that was not well-formed or did not conform to our \
        published schema.";
    for sent in [Sent::Hashed, Sent::Unsigned, Sent::SignedChunks] {
        assert_eq!(announcing(sent, "x-amz-trailer", &[]), None);
        let refusal = announcing(sent, "x-amz-trailer", &["x-amz-checksum-crc32"]);
        assert_eq!(refusal, told("MalformedTrailerError", 400, trailer), "{sent:?}");
    }
    let unsupported = "The value specified in the x-amz-trailer header is not supported";
    for value in ["", "x-amz-checksum-", "x-amz-meta-a", "content-md5", "x-amz-checksum-a b"] {
        let refusal = announcing(Sent::Hashed, "x-amz-trailer", &[value]);
        assert_eq!(refusal, told("InvalidRequest", 400, unsupported), "{value}");
    }
    let many = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
    let two = "x-amz-checksum-crc32,x-amz-checksum-sha1";
    assert_eq!(announcing(Sent::Hashed, "x-amz-trailer", &[two]), told("InvalidRequest", 400, many));
}

/// A trailer or a length that the official signer does not let out.
#[test]
fn announcements_that_are_missing() {
    let length = "You must provide the Content-Length HTTP header.";
    for (payload, extra, code, status, text) in [
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", &[][..], "MissingContentLength", 411, length),
        (
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            &[("x-amz-decoded-content-length", "+1")],
            "MissingContentLength",
            411,
            length,
        ),
        (
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            &[("x-amz-decoded-content-length", "18446744073709551616")],
            "MissingContentLength",
            411,
            length,
        ),
        (
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            &[("x-amz-decoded-content-length", "0")],
            "MalformedTrailerError",
            400,
            "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        ),
    ] {
        let mut request = Request::new("PUT", "https://s3.example/bucket/key", extra, b"");
        request.headers.insert("x-amz-content-sha256", payload.parse().unwrap());
        let request = super::official::precomputed(&request, payload);
        let refusal = head(&request, SIGNED_SECONDS).err().unwrap();
        assert_eq!((refusal.code(), refusal.status(), refusal.to_string()), (code, status, text.to_owned()));
    }
}

#[test]
fn small_chunks_are_last() {
    let (large, small) = (vec![7; 8192], vec![7; 8191]);
    for sent in STREAMED {
        assert!(verify(&upload(sent, &[&large, &large, b"1"]), SIGNED_SECONDS).is_ok());
        let refusal = verify(&upload(sent, &[&large, &small, b"1"]), SIGNED_SECONDS).unwrap_err();
        let text = "Only the last chunk is allowed to have a size less than 8192 bytes";
        assert_eq!(
            (refusal.code(), refusal.status(), refusal.to_string()),
            ("InvalidChunkSizeError", 403, text.to_owned())
        );
        let details = [("Chunk", "3".to_owned()), ("BadChunkSize", "8191".to_owned())];
        assert_eq!(refusal.details(), details);
    }
}

#[test]
fn chunks_in_another_order_or_of_another_request_are_refused() {
    let (first, second) = (vec![1; 8192], vec![2; 8192]);
    let request = upload(Sent::SignedChunks, &[&first, &second]);
    let length = "2000;chunk-signature=".len() + 64 + 2 + 8192 + 2;
    let (one, rest) = request.body.split_at(length);
    let (two, end) = rest.split_at(length);
    assert!(came(&request, &[one, two, end].concat()).is_ok());
    for body in [[two, one, end].concat(), [one, one, end].concat(), [two, two, end].concat()] {
        assert_eq!(came(&request, &body), Err(S3AuthError::Mismatch));
    }
    let other = Request::new("PUT", "https://s3.example/bucket/other", &[], b"");
    let other = signed(&other, Sent::SignedChunks, &[&first, &second], TRAILER);
    assert_eq!(came(&request, &other.body), Err(S3AuthError::Mismatch));
}

/// A stranger's long line costs no memory, and no data is given of a chunk that is too large.
#[test]
fn what_is_too_long_is_refused_at_once() {
    let first = |sent, bytes: &[u8]| {
        let mut body = head(&upload(sent, &[b"123456789"]), SIGNED_SECONDS).unwrap();
        body.read(&mut Bytes::copy_from_slice(bytes))
    };
    for sent in STREAMED {
        assert_eq!(first(sent, &[b'0'; 1024]), Ok(None), "{sent:?}");
        assert_eq!(first(sent, &[b'0'; 1025]), Err(S3AuthError::IncompleteBody), "{sent:?}");
    }
    assert_eq!(first(Sent::UnsignedTrailer, b"a\r\n1"), Err(S3AuthError::IncompleteBody));
    let signed = format!("a;chunk-signature={}\r\n1", "0".repeat(64));
    assert_eq!(first(Sent::SignedChunks, signed.as_bytes()), Err(S3AuthError::IncompleteBody));
}

#[test]
fn nothing_comes_after_an_error() {
    let mut body = head(&upload(Sent::UnsignedTrailer, &[b"1"]), SIGNED_SECONDS).unwrap();
    assert!(body.read(&mut Bytes::from_static(b"x\r\n")).is_err());
    let mut rest = Bytes::from_static(b"1\r\n1\r\n0\r\nx-amz-checksum-crc32:a\r\n\r\n");
    assert_eq!(body.read(&mut rest), Err(S3AuthError::IncompleteBody));
    assert_eq!(body.finish(), Err(S3AuthError::IncompleteBody));
}
