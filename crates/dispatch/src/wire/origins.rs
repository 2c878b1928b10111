//! What browsers are told about calls from pages of other origins
//! (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! AWS lets pages of every origin call. Here those may whose origin the configuration names, and by default none.

use std::{collections::BTreeSet, fmt, net::Ipv6Addr};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, Uri,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
        ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
    request::Parts,
};

/// The origins whose pages may call from a browser.
///
/// Whoever answers requests asks [`Origins::guest`] before, answers [`Guest::preflight`] if there is such an answer, and
/// lets [`Guest::admit`] complete every other response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeSet<String>);

/// A page in a browser, of an origin that may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest(HeaderValue);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoOrigin(pub String);

impl Origins {
    /// Reads origins as people write them: `https://console.example.com`, `http://localhost:3000`.
    ///
    /// # Errors
    /// [`NoOrigin`] for the first text that is none. `*` and `null`, which stand for every page and for pages of no
    /// origin, are none.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, NoOrigin> {
        let read = |text: &str| serialised(text).ok_or_else(|| NoOrigin(text.to_owned()));
        texts.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The origins, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The page that a request comes from, if its origin is named here.
    #[must_use]
    pub fn guest(&self, headers: &HeaderMap) -> Option<Guest> {
        if self.0.is_empty() {
            return None;
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
        let is_named = origin.to_str().is_ok_and(|origin| self.0.contains(origin));
        is_named.then(|| Guest(origin.clone()))
    }
}

impl Guest {
    /// The answer to a request by which a browser asks whether the page may make its call. `None` for the call itself.
    #[must_use]
    pub fn preflight(&self, head: &Parts) -> Option<Response<Bytes>> {
        if head.method != Method::OPTIONS || !head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let mut response = Response::new(Bytes::new());
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        // The page may send any header, as with AWS: what is not signed decides nothing.
        if let Some(asked) = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
        self.admit(&mut response);
        Some(response)
    }

    /// Lets the browser hand a response to the page. Cookies play no part, so nothing is said of them.
    pub fn admit(&self, response: &mut Response<Bytes>) {
        const FIELDS: [(HeaderName, HeaderValue); 2] =
            [(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED), (VARY, HeaderValue::from_static("Origin"))];
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.0.clone());
        headers.extend(FIELDS);
    }
}

impl fmt::Display for NoOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is no origin of web pages, such as https://console.example.com:8443", self.0)
    }
}

impl std::error::Error for NoOrigin {}

/// How calls are made.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// How long a browser need not ask again: two days, as with AWS.
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("172800");
/// What clients read off a response; by the date they correct their clocks.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,Date");

/// An origin as browsers write it: in small letters, without the port that its scheme has anyway (RFC 6454,
/// section 6.2).
fn serialised(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let usual_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = authority.host().to_ascii_lowercase();
    let without_port = format!("{scheme}://{host}");
    let whole = authority.port_u16().map(|port| format!("{without_port}:{port}"));
    let whole = whole.as_ref().unwrap_or(&without_port);
    // Neither a path nor a user's name belongs to it, and nothing in it stands for others.
    let is_origin = whole.eq_ignore_ascii_case(text) && is_host(&host);
    let origin = if authority.port_u16() == Some(usual_port) { &without_port } else { whole };
    is_origin.then(|| origin.clone())
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !text.is_empty() && text.bytes().all(name),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const PAGE: &str = "https://console.example.com";

    fn head(method: Method, fields: &[(HeaderName, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in fields {
            request = request.header(name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn fields(response: &Response<Bytes>) -> Vec<(&str, &str)> {
        let mut fields: Vec<_> =
            response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        fields.sort_unstable();
        fields
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, origin) in [
            (PAGE, PAGE),
            ("HTTPS://Console.Example.com", PAGE),
            ("https://console.example.com:443", PAGE),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(serialised(text).as_deref(), Some(origin), "{text}");
        }
        for text in [
            "",
            "*",
            "null",
            "https://",
            "https://*",
            "console.example.com",
            "//a",
            "ftp://a",
            "file:///a",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://a#b",
            "https://user@a",
            "https://:443",
            "https://a:b",
            "https://a:99999",
            "https://a b",
            "https://é",
            "https://a,https://b",
            "https://*.example.com",
            "https://[::1",
            "https://[*]",
            "https://[fe80::1%25eth0]",
        ] {
            let refused = Origins::parse([PAGE, text]);
            assert_eq!(refused, Err(NoOrigin(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_guest_is_of_a_named_origin() {
        let origins = Origins::parse([PAGE, "http://localhost:3000"]).unwrap();
        let guest = |origins: &Origins, sent: &[&str]| {
            let fields: Vec<_> = sent.iter().map(|origin| (ORIGIN, *origin)).collect();
            origins.guest(&head(Method::POST, &fields).headers)
        };
        assert_eq!(guest(&origins, &[PAGE]), Some(Guest(HeaderValue::from_static(PAGE))));
        for other in [
            "https://evil.example",
            "https://console.example.com.evil.example",
            "https://console.example.com:8443",
            "http://console.example.com",
            "https://console.example.com/",
            "https://Console.example.com",
            "null",
            "*",
            "",
        ] {
            assert_eq!(guest(&origins, &[other]), None, "{other}");
        }
        assert_eq!(guest(&origins, &[]), None);
        assert_eq!(guest(&origins, &[PAGE, PAGE]), None, "one request has one origin");
        assert_eq!(guest(&Origins::default(), &[PAGE]), None);
    }

    #[test]
    fn a_browser_that_asks_is_answered() {
        let guest = Guest(HeaderValue::from_static(PAGE));
        let asks = (ACCESS_CONTROL_REQUEST_METHOD, "POST");
        let sends = (ACCESS_CONTROL_REQUEST_HEADERS, "authorization,x-amz-date,x-amz-target");
        let answer = guest.preflight(&head(Method::OPTIONS, &[asks.clone(), sends])).unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(
            fields(&answer),
            [
                ("access-control-allow-headers", "authorization,x-amz-date,x-amz-target"),
                ("access-control-allow-methods", "GET, POST"),
                ("access-control-allow-origin", PAGE),
                ("access-control-expose-headers", "x-amzn-RequestId,x-amzn-ErrorType,Date"),
                ("access-control-max-age", "172800"),
                ("vary", "Origin"),
            ]
        );
        assert!(guest.preflight(&head(Method::OPTIONS, &[])).is_none(), "it asks nothing");
        assert!(guest.preflight(&head(Method::POST, &[asks])).is_none(), "it is the call");
    }

    #[test]
    fn a_response_is_let_through_to_the_page() {
        let mut response = Response::new(Bytes::from_static(b"{}"));
        Guest(HeaderValue::from_static(PAGE)).admit(&mut response);
        assert_eq!(
            fields(&response),
            [
                ("access-control-allow-origin", PAGE),
                ("access-control-expose-headers", "x-amzn-RequestId,x-amzn-ErrorType,Date"),
                ("vary", "Origin"),
            ]
        );
        assert_eq!((response.status().as_u16(), &response.body()[..]), (200, &b"{}"[..]));
    }
}
