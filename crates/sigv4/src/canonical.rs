//! The canonical request, hashed as it is written.
//!
//! ```text
//! method ⏎ path ⏎ query ⏎ name:value ⏎ … ⏎ ⏎ name;… ⏎ hex(SHA-256(body))
//! ```
//!
//! "Create a signed AWS API request", step 1
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use aws_lc_rs::digest;
use http::header::HOST;
use percent_encoding::{AsciiSet, percent_encode};

use crate::{Head, query};

/// SHA-256 of the canonical request; nothing if a header is named that is not there.
pub(crate) fn hash(head: Head<'_>, signed_headers: &str, body_hash: &[u8; 64]) -> Option<digest::Digest> {
    let mut sink = Sink::new();
    sink.put(head.method.as_str().as_bytes());
    sink.put(b"\n");
    put_path(&mut sink, head.uri.path());
    sink.put(b"\n");
    if let Some(query) = head.uri.query() {
        sink.put(query::canonical(query).as_bytes());
    }
    sink.put(b"\n");
    for name in signed_headers.as_bytes().split(|byte| *byte == b';') {
        put_header(&mut sink, head, name)?;
    }
    sink.put(b"\n");
    sink.put(signed_headers.as_bytes());
    sink.put(b"\n");
    sink.put(body_hash);
    Some(sink.finish())
}

/// The path as sent, dot segments resolved (RFC 3986 section 5.2.4) and slashes merged, then encoded again.
fn put_path(sink: &mut Sink, path: &str) {
    if path == "/" {
        return sink.put(b"/");
    }
    let segments = || path.split('/').filter(|segment| !matches!(*segment, "" | "."));
    let merged = path.contains("//") || segments().any(|segment| segment == "..");
    if path.starts_with('/') && !merged && !path.split('/').any(|segment| segment == ".") {
        return put_encoded(sink, path);
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
        sink.put(b"/");
        put_encoded(sink, segment);
    }
    // What ends in a directory keeps its last slash.
    if kept.is_empty() || ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) {
        sink.put(b"/");
    }
}

fn put_encoded(sink: &mut Sink, path: &str) {
    const RESERVED: &AsciiSet = &query::RESERVED.remove(b'/');
    for piece in percent_encode(path.as_bytes(), RESERVED) {
        sink.put(piece.as_bytes());
    }
}

/// One line per header; several values of one name are joined by commas in the order sent.
fn put_header(sink: &mut Sink, head: Head<'_>, name: &[u8]) -> Option<()> {
    sink.put(name);
    sink.put(b":");
    if name == HOST.as_str().as_bytes() {
        put_value(sink, host(head)?);
    } else {
        // Of a handful of headers, looking at each is faster than hashing the name.
        let named = head.headers.iter().filter(|(header, _)| header.as_str().as_bytes() == name);
        let mut values = named.map(|(_, value)| value.as_bytes());
        put_value(sink, values.next()?);
        for value in values {
            sink.put(b",");
            put_value(sink, value);
        }
    }
    sink.put(b"\n");
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
fn put_value(sink: &mut Sink, value: &[u8]) {
    let value = value.trim_ascii();
    if !value.windows(2).any(|two| two == b"  ") {
        return sink.put(value);
    }
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    for (n, word) in words.enumerate() {
        if n > 0 {
            sink.put(b" ");
        }
        sink.put(word);
    }
}

/// SHA-256 behind a small buffer: a canonical request is some forty pieces of a few bytes, and the hash
/// is faster on whole blocks. Most requests fit, and are hashed in one step.
struct Sink {
    /// Of what did not fit.
    context: Option<digest::Context>,
    buffer: [u8; 1024],
    len: usize,
}

impl Sink {
    fn new() -> Self {
        Self { context: None, buffer: [0; 1024], len: 0 }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.buffer.len() - self.len < bytes.len() {
            self.flush();
        }
        match self.buffer.get_mut(self.len..self.len.saturating_add(bytes.len())) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.context().update(bytes),
        }
    }

    fn context(&mut self) -> &mut digest::Context {
        self.context.get_or_insert_with(|| digest::Context::new(&digest::SHA256))
    }

    #[cold]
    fn flush(&mut self) {
        let (buffer, len) = (self.buffer, std::mem::take(&mut self.len));
        self.context().update(buffer.get(..len).unwrap_or_default());
    }

    fn finish(mut self) -> digest::Digest {
        if self.context.is_none() {
            return digest::digest(&digest::SHA256, self.buffer.get(..self.len).unwrap_or_default());
        }
        self.flush();
        self.context.unwrap_or_else(|| digest::Context::new(&digest::SHA256)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(put: impl FnOnce(&mut Sink)) -> digest::Digest {
        let mut sink = Sink::new();
        put(&mut sink);
        sink.finish()
    }

    fn assert_text(put: impl FnOnce(&mut Sink), text: &str, from: &str) {
        let expected = digest::digest(&digest::SHA256, text.as_bytes());
        assert_eq!(hashed(put).as_ref(), expected.as_ref(), "{from} should become {text}");
    }

    #[test]
    fn the_sink_hashes_pieces_of_every_size_in_order() {
        for size in [0, 1, 1023, 1024, 1025, 3000] {
            let text = "x".repeat(size);
            let whole = format!("ab{text}cd{text}{text}e");
            let pieces = ["ab", &text, "cd", &text, &text, "e"];
            assert_text(|sink| pieces.iter().for_each(|piece| sink.put(piece.as_bytes())), &whole, "pieces");
        }
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
            assert_text(|sink| put_path(sink, path), expected, path);
        }
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
            assert_text(|sink| put_value(sink, value.as_bytes()), expected, value);
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
