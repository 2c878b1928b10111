//! Moments as signatures write them: `20150830T123600Z`.

use std::fmt;

use time::format_description::well_known::Rfc2822;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// A moment to the second, with its ISO 8601 basic form. Years 1970 to 9999.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    seconds: i64,
    text: [u8; LENGTH],
}

impl Stamp {
    /// The moment `seconds` after 1970-01-01T00:00:00Z; out of range, the nearest in range.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        let seconds = seconds.clamp(0, SECONDS_MAX);
        let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let year = u16::try_from(moment.year()).unwrap_or(0);
        let [century, year] = [year / 100, year % 100].map(|part| pair(u8::try_from(part).unwrap_or(0)));
        let [month, day] = [u8::from(moment.month()), moment.day()].map(pair);
        let [hour, minute, second] = [moment.hour(), moment.minute(), moment.second()].map(pair);
        let text = [
            century[0], century[1], year[0], year[1], month[0], month[1], day[0], day[1], b'T', //
            hour[0], hour[1], minute[0], minute[1], second[0], second[1], b'Z',
        ];
        Self { seconds, text }
    }

    /// Reads ISO 8601 basic format, exactly `YYYYMMDDTHHMMSSZ`.
    #[must_use]
    pub fn from_basic(text: &[u8]) -> Option<Self> {
        let text: [u8; LENGTH] = text.try_into().ok()?;
        let [y1, y2, y3, y4, mo1, mo2, d1, d2, b'T', h1, h2, mi1, mi2, s1, s2, b'Z'] = text else {
            return None;
        };
        let year = i32::from(number(y1, y2)?) * 100 + i32::from(number(y3, y4)?);
        let month = Month::try_from(number(mo1, mo2)?).ok()?;
        let date = Date::from_calendar_date(year, month, number(d1, d2)?).ok()?;
        let time = Time::from_hms(number(h1, h2)?, number(mi1, mi2)?, number(s1, s2)?).ok()?;
        let seconds = PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp();
        (seconds >= 0).then_some(Self { seconds, text })
    }

    /// Reads the date format of HTTP and mail, `Sun, 30 Aug 2015 12:36:00 GMT` (RFC 9110 section 5.6.7,
    /// RFC 1123).
    #[must_use]
    pub fn from_http_date(text: &[u8]) -> Option<Self> {
        let moment = OffsetDateTime::parse(std::str::from_utf8(text).ok()?, &Rfc2822).ok()?;
        let seconds = moment.unix_timestamp();
        (0..=SECONDS_MAX).contains(&seconds).then(|| Self::from_seconds(seconds))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn seconds(&self) -> i64 {
        self.seconds
    }

    /// `YYYYMMDDTHHMMSSZ`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`, ISO 8601 extended format.
    pub(crate) fn extended(&self) -> String {
        let [y1, y2, y3, y4, mo1, mo2, d1, d2, _, h1, h2, mi1, mi2, s1, s2, _] = self.text;
        let text = [
            y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', //
            h1, h2, b':', mi1, mi2, b':', s1, s2, b'Z',
        ];
        text.map(char::from).iter().collect()
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.text
    }

    /// `YYYYMMDD`, the date that a credential scope must carry.
    #[must_use]
    pub fn date(&self) -> &str {
        self.as_str().get(..8).unwrap_or_default()
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn number(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

fn pair(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

const LENGTH: usize = 16;

/// 9999-12-31T23:59:59Z.
const SECONDS_MAX: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_moment() {
        let basic = Stamp::from_basic(b"20150830T123600Z").unwrap();
        assert_eq!(basic.seconds(), 1_440_938_160);
        assert_eq!(basic, Stamp::from_seconds(1_440_938_160));
        assert_eq!(Some(basic), Stamp::from_http_date(b"Sun, 30 Aug 2015 12:36:00 GMT"));
        assert_eq!((basic.as_str(), basic.date()), ("20150830T123600Z", "20150830"));
        assert_eq!(basic.extended(), "2015-08-30T12:36:00Z");
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        let wrong = [
            "",
            "201",
            "20150830",
            "2015-08-30T12:36:00Z",
            "20150830T123600",
            "20150830t123600Z",
            "20151330T123600Z",
            "20150230T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "2015083OT123600Z",
            "+0150830T123600Z",
            "19691231T235959Z",
        ];
        for text in wrong {
            assert!(Stamp::from_basic(text.as_bytes()).is_none(), "{text}");
        }
        for text in ["", "yesterday", "Sun, 30 Aug 1915 12:36:00 GMT", "\u{fffd}"] {
            assert!(Stamp::from_http_date(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn out_of_range_is_clamped() {
        assert_eq!(Stamp::from_seconds(i64::MIN).as_str(), "19700101T000000Z");
        assert_eq!(Stamp::from_seconds(i64::MAX).as_str(), "99991231T235959Z");
    }
}
