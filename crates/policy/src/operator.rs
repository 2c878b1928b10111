//! Condition operators: their names, and what each compares.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use time::{OffsetDateTime, format_description::well_known::Iso8601};

use crate::{
    effort::Effort,
    facts::Facts,
    pattern::{Pattern, Reading},
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

/// A value in a policy, read for its operator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Pattern(Pattern),
    Number(f64),
    Bool(bool),
    Binary(Vec<u8>),
    Network(IpAddr, u8),
}

/// A value of a question, read for an operator.
pub(crate) enum Asked<'a> {
    Text(&'a str),
    Number(f64),
    Bool(bool),
    Binary(Vec<u8>),
    Address(IpAddr),
}

/// Why a value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueError {
    /// A variable is malformed.
    Variable,
    /// It is nothing that the operator compares with.
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

    /// Whether a negated operator is this one's negation.
    pub(crate) fn negates(self, negated: Self) -> bool {
        match (self, negated) {
            (
                Self::String { fold, wildcards, negated: false },
                Self::String { fold: other_fold, wildcards: other_wildcards, negated: true },
            ) => fold == other_fold && wildcards == other_wildcards,
            (Self::Arn { negated: false }, Self::Arn { negated: true })
            | (Self::Ip { negated: false }, Self::Ip { negated: true })
            | (Self::Numeric(Comparison::Equals), Self::Numeric(Comparison::NotEquals))
            | (Self::Date(Comparison::Equals), Self::Date(Comparison::NotEquals)) => true,
            _ => false,
        }
    }

    /// Reads a value of the policy.
    pub(crate) fn value(self, text: &str, variables: bool) -> Result<Value, ValueError> {
        let pattern = |wildcards| {
            let pattern = Pattern::parse(text, Reading { wildcards, variables });
            pattern.map(Value::Pattern).ok_or(ValueError::Variable)
        };
        let fitting = match self {
            Self::String { wildcards, .. } => return pattern(wildcards),
            Self::Arn { .. } => return pattern(true),
            Self::Numeric(_) => number(text).map(Value::Number),
            Self::Date(_) => seconds(text).map(Value::Number),
            Self::Bool | Self::Null => truth(text).map(Value::Bool),
            Self::Binary => base64_simd::STANDARD.decode_to_vec(text).ok().map(Value::Binary),
            Self::Ip { .. } => network(text).map(|(address, bits)| Value::Network(address, bits)),
        };
        fitting.ok_or(ValueError::Unfit)
    }

    /// Reads a value of the question; `None` for one that cannot be compared.
    pub(crate) fn read<'a>(self, asked: &'a str, effort: &Effort) -> Option<Asked<'a>> {
        let as_it_is = matches!(self, Self::String { .. } | Self::Arn { .. });
        if !as_it_is && !effort.take_bytes(asked.len()) {
            return None;
        }
        Some(match self {
            Self::String { .. } | Self::Arn { .. } => Asked::Text(asked),
            Self::Numeric(_) => Asked::Number(number(asked)?),
            Self::Date(_) => Asked::Number(seconds(asked)?),
            Self::Bool | Self::Null => Asked::Bool(truth(asked)?),
            Self::Binary => Asked::Binary(base64_simd::STANDARD.decode_to_vec(asked).ok()?),
            Self::Ip { .. } => Asked::Address(asked.parse().ok()?),
        })
    }

    /// Whether a value of the question is the one of the policy, without regard to negation.
    pub(crate) fn matches(self, asked: &Asked<'_>, value: &Value, facts: &Facts<'_>) -> bool {
        if !facts.effort.take(1) {
            return false;
        }
        match (self, asked, value) {
            (Self::String { fold: true, .. }, Asked::Text(asked), Value::Pattern(pattern)) => {
                pattern.equals_folded(asked, facts)
            }
            (Self::String { .. }, Asked::Text(asked), Value::Pattern(pattern)) => {
                pattern.matches(asked, facts)
            }
            (Self::Arn { .. }, Asked::Text(asked), Value::Pattern(pattern)) => {
                pattern.matches_arn(asked, facts)
            }
            (
                Self::Numeric(comparison) | Self::Date(comparison),
                Asked::Number(asked),
                Value::Number(number),
            ) => comparison.holds(*asked, *number),
            (Self::Bool, Asked::Bool(asked), Value::Bool(value)) => asked == value,
            (Self::Binary, Asked::Binary(asked), Value::Binary(value)) => asked == value,
            (Self::Ip { .. }, Asked::Address(asked), Value::Network(network, bits)) => {
                contains(*network, *bits, *asked)
            }
            _ => false,
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

/// Seconds since the epoch, from a number or one of the forms of ISO 8601 that W3C's note on dates has:
/// `2026-11`, `2026-11-24`, `2026-11-24T20:15Z`, with seconds and fractions. A year alone is a number.
/// <https://www.w3.org/TR/NOTE-datetime>
fn seconds(text: &str) -> Option<f64> {
    if let Some(number) = number(text) {
        return Some(number);
    }
    let day = |text: &str| {
        let day = time::Date::parse(text, &Iso8601::DATE).ok()?;
        Some(day.midnight().assume_utc())
    };
    let time = match text.len() {
        7 => day(&format!("{text}-01")),
        10 => day(text),
        _ => OffsetDateTime::parse(text, &Iso8601::DEFAULT).ok(),
    }?;
    #[expect(clippy::cast_precision_loss, reason = "dates in seconds are far below 2^53")]
    Some(time.unix_timestamp_nanos() as f64 / 1e9)
}

/// An address, or a network in CIDR notation (RFC 4632, RFC 4291 section 2.3).
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address.parse().ok()?, Some(bits.parse::<u8>().ok()?)),
        None => (text.parse().ok()?, None),
    };
    let width = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
    let bits = bits.unwrap_or(width);
    if bits > width {
        return None;
    }
    Some(match address.to_canonical() {
        mapped @ IpAddr::V4(_) if width == 128 && bits >= 96 => (mapped, bits.saturating_sub(96)),
        _ => (address, bits),
    })
}

/// IPv4 clients of a socket that takes both have addresses such as `::ffff:192.0.2.1` (RFC 4291 section
/// 2.5.5.2), and are IPv4 clients all the same.
fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (network, address, width): (u128, u128, u8) = match (network, address.to_canonical()) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (network.to_bits().into(), address.to_bits().into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let shift = u32::from(width.saturating_sub(bits));
    let cut = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
    cut(network) == cut(address)
}
