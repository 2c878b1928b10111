//! Pages for the operator's tools: `/healthz`, `/readyz`, `/metrics`. As the server's, without authentication.

use std::{fmt::Write as _, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN},
    request::Parts,
};
use http_body_util::Full;

use crate::vitals::{GatewayVitals, VitalPart};

/// Answers the pages.
pub struct Pages(pub(crate) Arc<GatewayVitals>);

impl Pages {
    /// Answers a request from this address.
    pub async fn answer(&self, head: &Parts, peer: IpAddr) -> Response<Full<Bytes>> {
        // Off loopback, monitoring calls this machine by any of its names.
        if peer.to_canonical().is_loopback() && is_of_a_page(head) {
            return page(StatusCode::FORBIDDEN, TEXT, "web pages may not call here\n");
        }
        if head.method != Method::GET && head.method != Method::HEAD {
            let mut refused =
                page(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD are answered here\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match head.uri.path() {
            "/healthz" => self.healthz().await,
            "/readyz" => self.readyz().await,
            "/metrics" => {
                let mut out = String::with_capacity(64 * 1024);
                self.0.render(&mut out).await;
                page(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", out)
            }
            _ => page(StatusCode::NOT_FOUND, TEXT, "there are /healthz, /readyz and /metrics\n"),
        }
    }

    /// 200 while the process lives, whatever its parts are. Those that take long are not waited for.
    async fn healthz(&self) -> Response<Full<Bytes>> {
        let known = tokio::time::timeout(HEALTH_WITHIN, self.0.parts()).await;
        let ready = known.as_ref().is_ok_and(|parts| parts.iter().all(|part| part.ready));
        let parts = known.unwrap_or_default();
        let mut told = serde_json::Map::new();
        told.insert("alive".to_owned(), true.into());
        told.insert("ready".to_owned(), ready.into());
        told.extend(parts.into_iter().map(|VitalPart { name, state, .. }| (name.to_owned(), state.into())));
        page(StatusCode::OK, "application/json", format!("{}\n", serde_json::Value::Object(told)))
    }

    /// 200 when requests are answered, else 503 with the parts that are in the way; in both cases what is under way.
    async fn readyz(&self) -> Response<Full<Bytes>> {
        let mut reasons = String::new();
        for VitalPart { name, state, .. } in self.0.parts().await.iter().filter(|part| !part.ready) {
            let _ = writeln!(reasons, "{name}: {state}");
        }
        let (open, under_way) = self.0.metrics.present();
        let present = format!("connections: {open} open; {under_way} requests under way\n");
        if reasons.is_empty() {
            page(StatusCode::OK, TEXT, format!("ready\n{present}"))
        } else {
            page(StatusCode::SERVICE_UNAVAILABLE, TEXT, reasons + &present)
        }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
/// Who asks whether the process lives often waits for a second alone.
const HEALTH_WITHIN: Duration = Duration::from_millis(500);

fn page(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether a browser sends the request for a web page: it says of which origin the page is, or was led here by a name with a domain.
fn is_of_a_page(head: &Parts) -> bool {
    let host = head.headers.get(HOST).map(|host| host.to_str().unwrap_or(".")).unwrap_or_default();
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    head.headers.contains_key(ORIGIN) || (name.contains('.') && name.parse::<IpAddr>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_in_a_browser_are_known_by_origin_and_by_host() {
        let of = |name: &str, value: &str| {
            let request = http::Request::get("/metrics").header(name, value);
            is_of_a_page(&request.body(()).unwrap().into_parts().0)
        };
        for host in ["127.0.0.1:8015", "localhost:8015", "[::1]:8015", "gateway"] {
            assert!(!of("host", host), "{host}");
        }
        for (name, value) in [("host", "evil.example:8015"), ("host", "127.0.0.1.nip.io"), ("origin", "null")]
        {
            assert!(of(name, value), "{value}");
        }
    }
}
