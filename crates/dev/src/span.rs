//! Spans of time as people write them.

use std::time::Duration;

/// What a span has to look like; shown after "expected".
pub(crate) const EXPECTED: &str = "a span such as `365d`, `1h30m`, `90s` or `250ms`";

/// A span from its text: whole numbers with a unit of `d`, `h`, `m`, `s` or `ms`, the larger ones first.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.find(|character: char| character.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        let (_, factor) = units.find(|(name, _)| *name == unit)?;
        millis = millis.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (text, seconds) in
            [("365d", 31_536_000.0), ("1h30m", 5400.0), ("90s", 90.0), ("250ms", 0.25), ("1m1ms", 60.001)]
        {
            assert_eq!(parse(text).map(|span| span.as_secs_f64()), Some(seconds), "{text}");
        }
        for text in ["", "1", "d", "1y", "-1d", "1.5h", "1m1h", "1d1d", "1 d", "99999999999999999999d", "d1"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
