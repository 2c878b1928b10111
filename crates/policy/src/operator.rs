//! Condition operators: their names, and what each compares.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use time::{OffsetDateTime, format_description::well_known::Iso8601};

use crate::{
    ConditionKeys,
    pattern::{Pattern, Reading, wildcard},
};

/// What a condition does, without its set operator and `IfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    String { fold: bool, wildcards: bool, negated: bool },
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    Ip { negated: bool },
    Arn { negated: bool },
    Null,
}

/// How numbers and dates compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equals,
    NotEquals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

/// A value in a policy, read for its operator. A value that does not fit its operator matches nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Pattern(Pattern),
    Number(f64),
    Bool(bool),
    Binary(Vec<u8>),
    Network(IpAddr, u8),
    Unfit,
}

impl Operator {
    /// From its name; `None` for one that does not exist.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        use Comparison as C;
        let string = |fold, wildcards, negated| Some(Self::String { fold, wildcards, negated });
        let comparison = |name: &str| {
            Some(match name {
                "Equals" => C::Equals,
                "NotEquals" => C::NotEquals,
                "LessThan" => C::LessThan,
                "LessThanEquals" => C::LessThanEquals,
                "GreaterThan" => C::GreaterThan,
                "GreaterThanEquals" => C::GreaterThanEquals,
                _ => return None,
            })
        };
        match name {
            "StringEquals" => string(false, false, false),
            "StringNotEquals" => string(false, false, true),
            "StringEqualsIgnoreCase" => string(true, false, false),
            "StringNotEqualsIgnoreCase" => string(true, false, true),
            "StringLike" => string(false, true, false),
            "StringNotLike" => string(false, true, true),
            "Bool" => Some(Self::Bool),
            "BinaryEquals" => Some(Self::Binary),
            "IpAddress" => Some(Self::Ip { negated: false }),
            "NotIpAddress" => Some(Self::Ip { negated: true }),
            "ArnEquals" | "ArnLike" => Some(Self::Arn { negated: false }),
            "ArnNotEquals" | "ArnNotLike" => Some(Self::Arn { negated: true }),
            "Null" => Some(Self::Null),
            _ => match (name.strip_prefix("Numeric"), name.strip_prefix("Date")) {
                (Some(name), _) => comparison(name).map(Self::Numeric),
                (_, Some(name)) => comparison(name).map(Self::Date),
                _ => None,
            },
        }
    }

    /// Whether it holds for values that are *not* among those of the policy, and for absent keys.
    pub(crate) fn is_negated(self) -> bool {
        match self {
            Self::String { negated, .. } | Self::Ip { negated } | Self::Arn { negated } => negated,
            Self::Numeric(comparison) | Self::Date(comparison) => comparison == Comparison::NotEquals,
            Self::Bool | Self::Binary | Self::Null => false,
        }
    }

    /// Reads a value of the policy; `None` for a variable that is malformed.
    pub(crate) fn value(self, text: &str, variables: bool) -> Option<Value> {
        let known = |value: Option<Value>| Some(value.unwrap_or(Value::Unfit));
        match self {
            Self::String { fold, wildcards, .. } => {
                let text = if fold { text.to_lowercase() } else { text.to_owned() };
                Pattern::parse(&text, Reading { wildcards, variables }).map(Value::Pattern)
            }
            Self::Arn { .. } => {
                Pattern::parse(text, Reading { wildcards: true, variables }).map(Value::Pattern)
            }
            Self::Numeric(_) => known(number(text).map(Value::Number)),
            Self::Date(_) => known(seconds(text).map(Value::Number)),
            Self::Bool | Self::Null => known(truth(text).map(Value::Bool)),
            Self::Binary => known(base64_simd::STANDARD.decode_to_vec(text).ok().map(Value::Binary)),
            Self::Ip { .. } => known(network(text)),
        }
    }

    /// Whether a value of the question is the one of the policy, without regard to negation.
    pub(crate) fn matches(self, asked: &str, value: &Value, keys: &dyn ConditionKeys) -> bool {
        match (self, value) {
            (Self::String { fold: true, .. }, Value::Pattern(pattern)) => {
                // Variables are filled in as they are, so both sides are folded after that.
                pattern.text(keys).is_some_and(|text| text.to_lowercase() == asked.to_lowercase())
            }
            (Self::String { .. }, Value::Pattern(pattern)) => pattern.matches(asked, keys),
            (Self::Arn { .. }, Value::Pattern(pattern)) => {
                pattern.text(keys).is_some_and(|pattern| arn_matches(&pattern, asked))
            }
            (Self::Numeric(comparison), Value::Number(number)) => {
                self::number(asked).is_some_and(|asked| comparison.holds(asked, *number))
            }
            (Self::Date(comparison), Value::Number(number)) => {
                seconds(asked).is_some_and(|asked| comparison.holds(asked, *number))
            }
            (Self::Bool, Value::Bool(value)) => truth(asked) == Some(*value),
            (Self::Binary, Value::Binary(value)) => {
                base64_simd::STANDARD.decode_to_vec(asked).is_ok_and(|asked| asked == *value)
            }
            (Self::Ip { .. }, Value::Network(network, bits)) => {
                asked.parse().is_ok_and(|asked: IpAddr| contains(*network, *bits, asked))
            }
            _ => false,
        }
    }

    /// Whether a value of the question can be compared at all.
    pub(crate) fn fits(self, asked: &str) -> bool {
        match self {
            Self::Numeric(_) => number(asked).is_some(),
            Self::Date(_) => seconds(asked).is_some(),
            Self::Ip { .. } => asked.parse::<IpAddr>().is_ok(),
            _ => true,
        }
    }
}

impl Comparison {
    /// `NotEquals` is the negation of `Equals`, which is done where all values are known.
    fn holds(self, asked: f64, value: f64) -> bool {
        #[expect(clippy::float_cmp, reason = "equality is what was asked for")]
        match self {
            Self::Equals | Self::NotEquals => asked == value,
            Self::LessThan => asked < value,
            Self::LessThanEquals => asked <= value,
            Self::GreaterThan => asked > value,
            Self::GreaterThanEquals => asked >= value,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

fn truth(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Seconds since the epoch, from ISO 8601 or a number.
fn seconds(text: &str) -> Option<f64> {
    if let Some(number) = number(text) {
        return Some(number);
    }
    let time = OffsetDateTime::parse(text, &Iso8601::DEFAULT).ok().or_else(|| {
        let day = time::Date::parse(text, &Iso8601::DATE).ok()?;
        Some(day.midnight().assume_utc())
    })?;
    #[expect(clippy::cast_precision_loss, reason = "dates in seconds are far below 2^53")]
    Some(time.unix_timestamp_nanos() as f64 / 1e9)
}

/// An address, or a network in CIDR notation (RFC 4632, RFC 4291 section 2.3).
fn network(text: &str) -> Option<Value> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address.parse().ok()?, Some(bits.parse::<u8>().ok()?)),
        None => (text.parse().ok()?, None),
    };
    let width = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
    let bits = bits.unwrap_or(width);
    (bits <= width).then_some(Value::Network(address, bits))
}

fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (network.to_bits().into(), address.to_bits().into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let shift = u32::from(u8::saturating_sub(width, bits));
    let cut = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
    cut(network) == cut(address)
}

/// The six parts of an ARN match one by one; only the last may hold colons.
fn arn_matches(pattern: &str, arn: &str) -> bool {
    let parts = |text: &str| -> Vec<String> { text.splitn(6, ':').map(str::to_owned).collect() };
    if pattern == "*" {
        return true;
    }
    let (pattern, arn) = (parts(pattern), parts(arn));
    pattern.len() == 6
        && arn.len() == 6
        && pattern.iter().zip(&arn).all(|(pattern, part)| wildcard(pattern, part))
}
