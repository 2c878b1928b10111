//! Query strings: taken apart, and put together in canonical form.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// The parameter that carries a presigned request's signature, and is not covered by it.
pub(crate) const SIGNATURE: &str = "X-Amz-Signature";

/// What [`percent_encode`] must escape: all but the unreserved characters of RFC 3986 section 2.3.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names and values as they are written; empty pairs are nothing.
pub(crate) fn params(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A name or value without its escapes. `+` is a space, as in forms, which the Query protocol's are.
pub(crate) fn decode(text: &str) -> Cow<'_, [u8]> {
    if text.contains('+') {
        return Cow::Owned(percent_decode_str(&text.replace('+', " ")).collect());
    }
    percent_decode_str(text).into()
}

/// All parameters but the signature, encoded anew, sorted by encoded name and value, joined.
pub(crate) fn canonical(query: &str) -> String {
    let mut pairs: Vec<_> = params(query)
        .map(|(name, value)| (encode(name), encode(value)))
        .filter(|(name, _)| name != SIGNATURE)
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encode(text: &str) -> String {
    percent_encode(&decode(text), RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_is_sorted_after_encoding() {
        let cases = [
            ("", ""),
            ("a", "a="),
            ("&&b=2&a=1&", "a=1&b=2"),
            ("a=2&a=10&A=3", "A=3&a=10&a=2"),
            ("Param-3=c&Param=b&%E1%88%B4=a", "%E1%88%B4=a&Param=b&Param-3=c"),
            ("x=a+b&y=a%20b&z=a%2bb", "x=a%20b&y=a%20b&z=a%2Bb"),
            ("a=b=c&d=~-._", "a=b%3Dc&d=~-._"),
            ("a=%zz&b=%f", "a=%25zz&b=%25f"),
            ("X-Amz-Signature=0&X-Amz%2DSignature=1&b=2", "b=2"),
        ];
        for (wire, expected) in cases {
            assert_eq!(canonical(wire), expected, "{wire}");
        }
    }
}
