//! Condition operators, one after the other as the documentation lists them.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use serde_json::Value;

use super::{
    Context, Facts, list,
    text::{Char, arn_like, expand, like},
};

/// All operators, and all keys of each, must hold.
pub(crate) fn hold(condition: Option<&Value>, facts: Facts<'_>, variables: bool) -> bool {
    let Some(Value::Object(operators)) = condition else { return true };
    operators.iter().all(|(operator, keys)| {
        let keys = keys.as_object().unwrap();
        keys.iter().all(|(key, values)| holds(operator, key, &list(values), facts, variables))
    })
}

fn holds(operator: &str, key: &str, wanted: &[String], facts: Facts<'_>, variables: bool) -> bool {
    let none = Vec::new();
    let key = key.to_lowercase();
    let doubtful = facts.doubtful.get(&key);
    let asked = doubtful.or(facts.context.get(&key)).unwrap_or(&none);
    if operator == "Null" {
        return wanted.iter().any(|wanted| (wanted.to_lowercase() == "true") == asked.is_empty());
    }
    let (set, operator) = match operator.split_once(':') {
        Some((set, operator)) => (set, operator),
        None => ("", operator),
    };
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let negated = operator.contains("Not");
    let positive = operator.replace("Not", "");
    if asked.is_empty() {
        return match set {
            _ if if_exists => true,
            "ForAllValues" => true,
            "ForAnyValue" => false,
            _ => negated,
        };
    }
    let one = |asked: &String| {
        let facts = if negated { facts.negated() } else { facts };
        let matches: Vec<Option<bool>> =
            wanted.iter().map(|wanted| compare(&positive, asked, wanted, facts, variables)).collect();
        // What cannot be compared matches nothing, negated or not.
        if matches.contains(&None) {
            return false;
        }
        matches.contains(&Some(true)) != negated
    };
    if doubtful.is_some() {
        return facts.is_true(asked.iter().map(one));
    }
    match set {
        "ForAllValues" => asked.iter().all(one),
        "ForAnyValue" => asked.iter().any(one),
        // Several values under an operator for one: each against each.
        _ if negated => asked.iter().all(one),
        _ => asked.iter().any(one),
    }
}

/// One value of the request with one of the policy, in each world that its variables can be of; `None` if the
/// request's value is not of the type.
fn compare(operator: &str, asked: &str, wanted: &str, facts: Facts<'_>, variables: bool) -> Option<bool> {
    let each = facts.worlds.iter().map(|world| compare_in(operator, asked, wanted, world, variables));
    let each: Option<Vec<bool>> = each.collect();
    each.map(|each| facts.is_true(each.into_iter()))
}

fn compare_in(operator: &str, asked: &str, wanted: &str, context: &Context, variables: bool) -> Option<bool> {
    let from = variables.then_some(context);
    // A variable without a value is null, and nothing is equal to it or like it.
    let text = |wildcards| expand(wanted, wildcards, from);
    Some(match operator {
        "StringEquals" => text(false).is_some_and(|wanted| like(&wanted, asked)),
        "StringEqualsIgnoreCase" => {
            // Letters of a variable's value lose their case as well.
            let lower = expand(wanted, false, from).map(|chars| {
                // Without wildcards every character is a letter.
                let letter = |char| match char {
                    Char::This(letter) => Some(letter.to_ascii_lowercase()),
                    Char::AnyOne | Char::AnyMany => None,
                };
                chars.into_iter().filter_map(letter).collect::<String>()
            });
            lower.is_some_and(|wanted| wanted == asked.to_ascii_lowercase())
        }
        "StringLike" => text(true).is_some_and(|wanted| like(&wanted, asked)),
        "ArnEquals" | "ArnLike" => text(true).is_some_and(|wanted| arn_like(&wanted, asked)),
        "Bool" => truth(asked)? == truth(wanted)?,
        "BinaryEquals" => asked == wanted,
        "IpAddress" => in_network(asked.parse().ok()?, wanted),
        _ => {
            let (kind, comparison) = match operator.strip_prefix("Numeric") {
                Some(comparison) => ("number", comparison),
                None => ("date", operator.strip_prefix("Date").expect("all operators are above")),
            };
            let read = |text: &str| if kind == "date" { moment(text) } else { text.parse::<f64>().ok() };
            let (asked, wanted) = (read(asked)?, read(wanted)?);
            match comparison {
                "Equals" => asked == wanted,
                "LessThan" => asked < wanted,
                "LessThanEquals" => asked <= wanted,
                "GreaterThan" => asked > wanted,
                "GreaterThanEquals" => asked >= wanted,
                other => panic!("{other} compares nothing"),
            }
        }
    })
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Address and network, written out bit by bit.
fn in_network(asked: IpAddr, network: &str) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => format!("{:032b}", u32::from(address)),
        IpAddr::V6(address) => format!("{:0128b}", u128::from(address)),
    };
    let unmapped = |address: IpAddr| match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        v4 @ IpAddr::V4(_) => v4,
    };
    let (base, length) = network.split_once('/').unwrap_or((network, "128"));
    let base = bits(base.parse().unwrap());
    let asked = bits(unmapped(asked));
    let length = length.parse::<usize>().unwrap().min(base.len());
    base.len() == asked.len() && base.chars().take(length).eq(asked.chars().take(length))
}

/// Seconds since 1970, of a number or a moment such as `2026-11-24T20:15:00Z`.
fn moment(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds);
    }
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7).unwrap_or(1), part(8, 10).unwrap_or(1));
    let time = part(11, 13).unwrap_or(0) * 3600 + part(14, 16).unwrap_or(0) * 60 + part(17, 19).unwrap_or(0);
    let leap = |year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut days = 0;
    for before in 1970..year {
        days += if leap(before) { 366 } else { 365 };
    }
    for before in 1..month {
        days += match before {
            2 if leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
    }
    days += day - 1;
    Some(f64::from(days) * 86400.0 + f64::from(time))
}
