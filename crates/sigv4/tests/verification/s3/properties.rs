//! Any body cut anywhere; any byte of a request changed; and both again by plain, slow code.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sigv4::{S3Claim, Trailer};

use super::official::{Sent, presigned, signed};
use super::{Came, SIGNED_SECONDS, head, read, verify};
use crate::request::Request;

const SENT: [Sent; 5] =
    [Sent::Hashed, Sent::Unsigned, Sent::SignedChunks, Sent::SignedChunksWithTrailer, Sent::UnsignedTrailer];

const TRAILER: (&str, &str) = ("x-amz-checksum-crc32", "y/Q5Jg==");

/// What is left as it is when a name is written into a path.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Chunks that S3 takes: none but the last one is small.
fn any_chunks() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let large = (8192_usize..8300, any::<u8>()).prop_map(|(size, byte)| vec![byte; size]);
    (vec(large, 0..3), vec(any::<u8>(), 1..200)).prop_map(|(mut chunks, last)| {
        chunks.push(last);
        chunks
    })
}

/// Paths of objects of any name, with a few headers and parameters.
fn any_request() -> impl Strategy<Value = Request> {
    let plain = select(vec!["", ".", "..", "...", "a", "B-c_d~e", "%25", "%2541", "%20"]);
    let escaped = "[\\PC&&[^/]]{0,4}".prop_map(|text| utf8_percent_encode(&text, UNRESERVED).to_string());
    // Nobody escapes the slashes of a name: with them, it would be the same name.
    let segment = prop_oneof![plain.prop_map(str::to_owned), escaped.clone()];
    let pair = (escaped.clone(), escaped).prop_map(|(name, value)| format!("{name}={value}"));
    let headers = btree_map("x-amz-meta-[a-c]{1,2}", "[ -~]{0,12}", 0..4);
    (vec(segment, 0..5), vec(pair, 0..4), headers).prop_map(|(path, query, headers)| {
        let uri = format!("https://s3.example:9000/{}?{}", path.join("/"), query.join("&"));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Request::new("PUT", &uri, &headers, b"")
    })
}

fn plain_request() -> Request {
    let headers = [("x-amz-meta-colour", "red"), ("content-type", "text/plain")];
    Request::new("PUT", "https://s3.example/bucket/key?partNumber=1", &headers, b"")
}

fn slices(chunks: &[Vec<u8>]) -> Vec<&[u8]> {
    chunks.iter().map(Vec::as_slice).collect()
}

/// The body in pieces that end at these places.
fn cut(body: &[u8], cuts: &[Index]) -> Vec<Bytes> {
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    ends.push(body.len());
    ends.sort_unstable();
    let begins = [0].into_iter().chain(ends.clone());
    begins.zip(&ends).map(|(begin, end)| Bytes::copy_from_slice(body.get(begin..*end).unwrap())).collect()
}

/// One byte changed; the new one is another one, and means something else also where case does not matter.
fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let byte = bytes.get_mut(at).unwrap();
    *byte = if *byte == b'7' { b'8' } else { b'7' };
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_body_cut_anywhere_gives_the_same_data(
        request in any_request(),
        sent in select(&SENT[..]),
        chunks in any_chunks(),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let request = signed(&request, sent, &slices(&chunks), TRAILER);
        let trailer = Trailer { name: TRAILER.0.to_owned(), value: TRAILER.1.to_owned() };
        let has_trailer = matches!(sent, Sent::SignedChunksWithTrailer | Sent::UnsignedTrailer);
        let expected = (chunks.concat(), has_trailer.then_some(trailer));
        let came = read(head(&request, SIGNED_SECONDS).unwrap(), cut(&request.body, &cuts));
        prop_assert_eq!(came, Ok(expected));
    }

    #[test]
    fn a_byte_changed_in_a_signed_body_is_refused(
        sent in select(vec![Sent::Hashed, Sent::SignedChunks, Sent::SignedChunksWithTrailer]),
        chunks in any_chunks(),
        at in any::<Index>(),
        from_the_end in any::<bool>(),
    ) {
        let request = signed(&plain_request(), sent, &slices(&chunks), TRAILER);
        // Half of the changes near the end, where the lines are.
        let length = request.body.len();
        let at = if from_the_end { length - 1 - at.index(length.min(300)) } else { at.index(length) };
        let other = Request { body: changed(&request.body, at), ..request };
        let refusal = verify(&other, SIGNED_SECONDS).unwrap_err();
        let codes = [
            "SignatureDoesNotMatch", "IncompleteBody", "InvalidChunkSizeError", "MalformedTrailerError",
            "XAmzContentSHA256Mismatch",
        ];
        prop_assert!(codes.contains(&refusal.code()), "{refusal:?}");
    }

    #[test]
    fn any_bytes_are_decoded_as_by_the_plain_decoder(
        is_signed in any::<bool>(),
        base in select(vec!["GOOD", "4\r\n1234\r\nGOOD", "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:a\n\r\n\r\n"]),
        begin in any::<Index>(),
        left_out in 0_usize..3,
        pieces in vec(piece(), 0..4),
        cuts in vec(any::<Index>(), 0..6),
    ) {
        let sent = if is_signed { Sent::SignedChunks } else { Sent::UnsignedTrailer };
        let request = signed(&plain_request(), sent, &[b"123456789"], TRAILER);
        let good = String::from_utf8(request.body.clone()).unwrap();
        let base = base.replace("GOOD", &good);
        let begin = begin.index(base.len() + 1);
        let rest = base.get(begin + left_out..).unwrap_or_default();
        let body = [base.get(..begin).unwrap(), &pieces.concat(), rest].concat();
        let came = read(head(&request, SIGNED_SECONDS).unwrap(), cut(body.as_bytes(), &cuts));
        // Of signed bodies, the one that was signed is the only good one.
        let signed = || (body == good).then(|| (b"123456789".to_vec(), None));
        let expected = if is_signed { signed() } else { plain(&body, 9) };
        prop_assert_eq!(came.ok(), expected, "{:?}", body);
    }
}

/// Pieces of bodies.
fn piece() -> impl Strategy<Value = String> {
    let known = select(vec![
        "9\r\n123456789\r\n",
        "4\r\n1234\r\n",
        "5\r\n56789\r\n",
        "0\r\n",
        "\r\n",
        "\n",
        "9",
        ";",
        "123456789",
        "x-amz-checksum-crc32:y/Q5Jg==\r\n",
        "x-amz-checksum-crc32:a\n\r\n",
        "x-amz-trailer-signature:0\r\n",
        "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:a\r\n\r\n",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "[ -~]{0,4}"]
}

/// Decodes an unsigned body with a trailer, all of which is there.
fn plain(body: &str, length: usize) -> Option<Came> {
    let (mut rest, mut data, mut sizes) = (body, Vec::new(), Vec::new());
    loop {
        let (line, after) = rest.split_once("\r\n")?;
        let size = usize::from_str_radix(line, 16).ok().filter(|_| !line.starts_with('+'))?;
        rest = after;
        if size == 0 {
            break;
        }
        sizes.push(size);
        data.extend_from_slice(rest.get(..size)?.as_bytes());
        rest = rest.get(size..)?.strip_prefix("\r\n")?;
    }
    let (line, after) = rest.split_once('\n')?;
    let (line, end) = match line.strip_suffix('\r') {
        Some(line) => (line, after),
        None => (line, after.strip_prefix("\r\n")?),
    };
    let (name, value) = line.split_once(':')?;
    let is_good =
        end == "\r\n" && name.trim() == TRAILER.0 && value.chars().all(|char| (' '..='~').contains(&char));
    sizes.pop();
    let are_large = sizes.iter().all(|size| *size >= 8192);
    let trailer = Trailer { name: TRAILER.0.to_owned(), value: value.trim().to_owned() };
    (is_good && are_large && data.len() == length).then_some((data, Some(trailer)))
}

#[test]
fn each_byte_of_a_signed_request_counts() {
    let refused = |other: Request| assert!(verify(&other, SIGNED_SECONDS).is_err(), "{other:?}");
    for request in [
        signed(&plain_request(), Sent::SignedChunksWithTrailer, &[b"data"], TRAILER),
        presigned(&plain_request(), 60),
    ] {
        assert!(verify(&request, SIGNED_SECONDS).is_ok());
        let claim = S3Claim::parse(request.head()).unwrap();
        let covered = |name: &http::HeaderName| *name == AUTHORIZATION || claim.covers(name.as_str());
        for (name, value) in request.headers.iter().filter(|(name, _)| covered(name)) {
            for at in 0..value.len() {
                let mut other = request.clone();
                other.headers.insert(name, changed(value.as_bytes(), at).try_into().unwrap());
                refused(other);
            }
        }
        let target = request.uri.to_string();
        for at in 1..target.len() {
            let other = String::from_utf8(changed(target.as_bytes(), at)).unwrap();
            refused(Request { uri: other.parse().unwrap(), ..request.clone() });
        }
        // Of a presigned request's body nothing is signed.
        for at in (0..request.body.len()).filter(|_| !claim.is_presigned()) {
            refused(Request { body: changed(&request.body, at), ..request.clone() });
        }
    }
}
