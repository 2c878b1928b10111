//! The `Date` header, formatted once a second. Clients correct their clocks by it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::HeaderValue;
use model::Timestamp;

/// The header of the second that was asked for last.
pub(crate) struct DateHeader(ArcSwap<(i64, HeaderValue)>);

impl Default for DateHeader {
    fn default() -> Self {
        Self(ArcSwap::from_pointee((i64::MIN, HeaderValue::from_static(""))))
    }
}

impl DateHeader {
    /// The header for a time, in the format of RFC 9110 section 5.6.7.
    pub(crate) fn at(&self, now: Timestamp) -> HeaderValue {
        let second = now.as_millis().div_euclid(1000);
        let cached = self.0.load();
        if cached.0 == second {
            return cached.1.clone();
        }
        let value = format(second).unwrap_or_else(|| HeaderValue::from_static(""));
        self.0.store(Arc::new((second, value.clone())));
        value
    }
}

fn format(second: i64) -> Option<HeaderValue> {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let text = time::OffsetDateTime::from_unix_timestamp(second).ok()?.format(format).ok()?;
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        let header = DateHeader::default();
        for _ in 0..2 {
            assert_eq!(header.at(Timestamp::from_millis(784_111_777_123)), "Sun, 06 Nov 1994 08:49:37 GMT");
        }
    }
}
