//! Wildcards and variables, letter by letter.

use super::Context;

/// One character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Char {
    This(char),
    /// `?`.
    AnyOne,
    /// `*`.
    AnyMany,
}

/// A pattern's characters, with variables replaced if there is a context to take them from; `None` if one of
/// them has no value.
pub(crate) fn expand(pattern: &str, wildcards: bool, context: Option<&Context>) -> Option<Vec<Char>> {
    let mut chars = Vec::new();
    let mut rest = pattern.to_owned();
    while !rest.is_empty() {
        if let (Some(variable), Some(context)) = (rest.strip_prefix("${"), context) {
            let (variable, after) = variable.split_once('}').expect("variables are closed");
            chars.extend(value(variable, context)?.chars().map(Char::This));
            rest = after.to_owned();
            continue;
        }
        chars.push(match rest.remove(0) {
            '*' if wildcards => Char::AnyMany,
            '?' if wildcards => Char::AnyOne,
            letter => Char::This(letter),
        });
    }
    Some(chars)
}

/// What a variable stands for.
fn value(variable: &str, context: &Context) -> Option<String> {
    if ["*", "?", "$"].contains(&variable) {
        return Some(variable.to_owned());
    }
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\'').to_owned())),
        None => (variable.trim(), None),
    };
    match context.get(&key.to_lowercase()).map(Vec::as_slice) {
        Some([only]) => Some(only.clone()),
        // A key with several values cannot be put in the place of one, and is not absent either.
        Some(_) => None,
        None => default,
    }
}

/// Whether a text matches, by trying everything.
pub(crate) fn like(pattern: &[Char], text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    match pattern.split_first() {
        None => letters.is_empty(),
        Some((Char::This(wanted), rest)) => {
            letters.first() == Some(wanted) && like(rest, &after(&letters, 1))
        }
        Some((Char::AnyOne, rest)) => !letters.is_empty() && like(rest, &after(&letters, 1)),
        Some((Char::AnyMany, rest)) => {
            (0..=letters.len()).any(|skipped| like(rest, &after(&letters, skipped)))
        }
    }
}

/// ARNs are compared part by part.
pub(crate) fn arn_like(pattern: &[Char], arn: &str) -> bool {
    if pattern == [Char::AnyMany] {
        return true;
    }
    let mut parts: Vec<Vec<Char>> = vec![Vec::new()];
    for char in pattern {
        if *char == Char::This(':') && parts.len() < 6 {
            parts.push(Vec::new());
        } else {
            parts.last_mut().unwrap().push(*char);
        }
    }
    let arn: Vec<&str> = arn.splitn(6, ':').collect();
    arn.len() == 6 && parts.len() == 6 && (0..6).all(|part| like(&parts[part], arn[part]))
}

fn after(letters: &[char], skipped: usize) -> String {
    letters[skipped..].iter().collect()
}
