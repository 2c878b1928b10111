//! The canonical request.
//!
//! ```text
//! method ⏎ path ⏎ query ⏎ name:value ⏎ … ⏎ ⏎ name;… ⏎ hex(SHA-256(body))
//! ```
//!
//! "Create a signed AWS API request", step 1
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use std::borrow::Cow;

use http::header::HOST;
use percent_encoding::{AsciiSet, percent_decode_str, percent_encode};

use crate::{Head, query};

/// The canonical request, not larger than a few times the head; nothing if a header is named that is not there.
pub(crate) fn request(head: Head<'_>, signed_headers: &str, body_hash: &[u8; 64]) -> Option<Vec<u8>> {
    with_path(head, put_path, signed_headers, body_hash)
}

/// The canonical request as S3 has it: the path stays what it is, and `payload` is what the request states of its body.
pub(crate) fn s3_request(head: Head<'_>, signed_headers: &str, payload: &[u8]) -> Option<Vec<u8>> {
    with_path(head, put_object_path, signed_headers, payload)
}

fn with_path(
    head: Head<'_>,
    put_path: impl Fn(&mut Vec<u8>, &str),
    signed_headers: &str,
    payload: &[u8],
) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(REQUEST_BYTES);
    text.extend_from_slice(head.method.as_str().as_bytes());
    text.push(b'\n');
    put_path(&mut text, head.uri.path());
    text.push(b'\n');
    if let Some(query) = head.uri.query() {
        text.extend_from_slice(query::canonical(query).as_bytes());
    }
    text.push(b'\n');
    for name in signed_headers.as_bytes().split(|byte| *byte == b';') {
        put_header(&mut text, head, name)?;
    }
    text.push(b'\n');
    text.extend_from_slice(signed_headers.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload);
    Some(text)
}

/// A SHA-256 or HMAC-SHA-256 value in small hexadecimal digits, as signatures are made of them. Shorter leaves zeros.
pub(crate) fn digits(hash: &[u8]) -> [u8; 64] {
    let mut digits = [b'0'; 64];
    // Longer there is none.
    let _ = base16ct::lower::encode(hash, &mut digits);
    digits
}

/// Room for most canonical requests.
const REQUEST_BYTES: usize = 1024;

/// The path as sent, dot segments resolved (RFC 3986 section 5.2.4) and slashes merged, then encoded again.
fn put_path(text: &mut Vec<u8>, path: &str) {
    if path == "/" {
        return text.push(b'/');
    }
    let segments = || path.split('/').filter(|segment| !matches!(*segment, "" | "."));
    let merged = path.contains("//") || segments().any(|segment| segment == "..");
    if path.starts_with('/') && !merged && !path.split('/').any(|segment| segment == ".") {
        return put_encoded(text, path.as_bytes());
    }
    let mut kept = Vec::new();
    for segment in segments() {
        if segment == ".." {
            kept.pop();
        } else {
            kept.push(segment);
        }
    }
    for segment in &kept {
        text.push(b'/');
        put_encoded(text, segment.as_bytes());
    }
    // What ends in a directory keeps its last slash.
    if kept.is_empty() || ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) {
        text.push(b'/');
    }
}

/// The path of an object, encoded once: without its escapes, and then with those that have to be. Dots and slashes are
/// part of an object's name.
fn put_object_path(text: &mut Vec<u8>, path: &str) {
    if !path.starts_with('/') {
        text.push(b'/');
    }
    let bytes: Cow<'_, [u8]> = percent_decode_str(path).into();
    put_encoded(text, &bytes);
}

fn put_encoded(text: &mut Vec<u8>, path: &[u8]) {
    const RESERVED: &AsciiSet = &query::RESERVED.remove(b'/');
    for piece in percent_encode(path, RESERVED) {
        text.extend_from_slice(piece.as_bytes());
    }
}

/// One line per header; several values of one name are joined by commas in the order sent.
fn put_header(text: &mut Vec<u8>, head: Head<'_>, name: &[u8]) -> Option<()> {
    text.extend_from_slice(name);
    text.push(b':');
    if name == HOST.as_str().as_bytes() {
        put_value(text, host(head)?);
    } else {
        // Of a handful of headers, looking at each is faster than hashing the name.
        let named = head.headers.iter().filter(|(header, _)| header.as_str().as_bytes() == name);
        let mut values = named.map(|(_, value)| value.as_bytes());
        put_value(text, values.next()?);
        for value in values {
            text.push(b',');
            put_value(text, value);
        }
    }
    text.push(b'\n');
    Some(())
}

/// The one name of the host: two that differ would let one party route by the first, another sign the second.
fn host(head: Head<'_>) -> Option<&[u8]> {
    let mut named = head.headers.get_all(HOST).iter().map(|value| value.as_bytes());
    let authority = head.uri.authority().map(|authority| authority.as_str().as_bytes());
    match (named.next(), named.next(), authority) {
        (Some(name), None, None) | (None, None, Some(name)) => Some(name),
        (Some(name), None, Some(authority)) if name.eq_ignore_ascii_case(authority) => Some(name),
        _ => None,
    }
}

/// A header's value, trimmed, runs of spaces made one.
fn put_value(text: &mut Vec<u8>, value: &[u8]) {
    let value = value.trim_ascii();
    // Without a branch for each byte, many are looked at in one step.
    if !value.iter().fold(false, |found, byte| found | (*byte == b' ')) {
        return text.extend_from_slice(value);
    }
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    for (n, word) in words.enumerate() {
        if n > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_text(put: impl FnOnce(&mut Vec<u8>), expected: &str, from: &str) {
        let mut text = Vec::new();
        put(&mut text);
        assert_eq!(String::from_utf8(text).unwrap(), expected, "from {from}");
    }

    #[test]
    fn paths_are_normalised_and_encoded_once_more() {
        let cases = [
            ("/", "/"),
            ("", "/"),
            ("*", "/%2A"),
            ("//", "/"),
            ("/./", "/"),
            ("/.", "/"),
            ("/..", "/"),
            ("/../../a", "/a"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/../", "/a/"),
            ("/a/./b", "/a/b"),
            ("//a//", "/a/"),
            ("/a/b/", "/a/b/"),
            ("/...", "/..."),
            ("/a%20b", "/a%2520b"),
            ("/%2e%2e/a", "/%252e%252e/a"),
            ("/~a-b_c.d@e", "/~a-b_c.d%40e"),
        ];
        for (path, expected) in cases {
            assert_text(|text| put_path(text, path), expected, path);
        }
    }

    #[test]
    fn paths_of_objects_stay_what_they_are_and_are_encoded_once() {
        let cases = [
            ("/", "/"),
            ("", "/"),
            ("*", "/%2A"),
            ("//", "//"),
            ("/./", "/./"),
            ("/a/..", "/a/.."),
            ("/bucket//a///b/", "/bucket//a///b/"),
            ("/a%20b", "/a%20b"),
            ("/a%2fb%2F", "/a/b/"),
            ("/%2e%2E/%7ea", "/../~a"),
            ("/a+b$c@d=e:f", "/a%2Bb%24c%40d%3De%3Af"),
            ("/%c3%bc", "/%C3%BC"),
            ("/\u{fc}", "/%C3%BC"),
            ("/%ff", "/%FF"),
            ("/100%", "/100%25"),
            ("/%zz%4", "/%25zz%254"),
            ("/%2525", "/%2525"),
        ];
        for (path, expected) in cases {
            assert_text(|text| put_object_path(text, path), expected, path);
        }
    }

    proptest! {
        #[test]
        fn paths_of_objects_are_encoded_as_by_plain_code(path in "(/|%2[f0]|%[0-9a-fA-F]{2}|%|[!-$&-~]|\\PC){0,20}") {
            let path = format!("/{path}");
            let mut text = Vec::new();
            put_object_path(&mut text, &path);
            prop_assert_eq!(String::from_utf8(text).unwrap(), encoded(&decoded(path.as_bytes())));
        }
    }

    fn decoded(path: &[u8]) -> Vec<u8> {
        match path {
            [] => Vec::new(),
            [b'%', digits @ ..] if digits.len() > 1 && digits[..2].iter().all(u8::is_ascii_hexdigit) => {
                let byte = u8::from_str_radix(std::str::from_utf8(&digits[..2]).unwrap(), 16).unwrap();
                [vec![byte], decoded(&digits[2..])].concat()
            }
            [byte, rest @ ..] => [vec![*byte], decoded(rest)].concat(),
        }
    }

    fn encoded(path: &[u8]) -> String {
        let encode = |byte: &u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        };
        path.iter().map(encode).collect()
    }

    #[test]
    fn values_are_trimmed_and_their_spaces_merged() {
        let cases = [
            ("", ""),
            ("   ", ""),
            (" a ", "a"),
            ("a   b    c", "a b c"),
            ("a b", "a b"),
            ("\"a   b\"", "\"a b\""),
            ("\ta\tb\t", "a\tb"),
        ];
        for (value, expected) in cases {
            assert_text(|text| put_value(text, value.as_bytes()), expected, value);
        }
    }

    #[test]
    fn a_request_has_one_host() {
        let host_of = |uri: &str, names: &[&str]| {
            let mut headers = http::HeaderMap::new();
            for name in names {
                headers.append(HOST, name.parse().unwrap());
            }
            let (method, uri) = (http::Method::GET, uri.parse().unwrap());
            host(Head { method: &method, uri: &uri, headers: &headers }).map(<[u8]>::to_vec)
        };
        assert_eq!(host_of("/", &["a:1"]), Some(b"a:1".to_vec()));
        assert_eq!(host_of("http://a:1/", &[]), Some(b"a:1".to_vec()));
        assert_eq!(host_of("http://A:1/", &["a:1"]), Some(b"a:1".to_vec()));
        assert_eq!(host_of("http://b:1/", &["a:1"]), None);
        assert_eq!(host_of("/", &["a", "b"]), None);
        assert_eq!(host_of("/", &[]), None);
    }
}
