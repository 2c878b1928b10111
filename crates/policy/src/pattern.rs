//! Patterns with `*`, `?` and variables.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use crate::{ConditionKey, ConditionKeys};

/// Text to compare with: literal, with wildcards, or with variables that the question fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `*`: everything.
    Any,
    /// No wildcard, no variable.
    Literal(String),
    /// Wildcards, and possibly variables.
    Tokens(Vec<Token>),
}

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// This character.
    Char(char),
    /// `?`: any one character.
    One,
    /// `*`: any characters, also none.
    Many,
    /// `${key}`, or `${key, 'default'}`.
    Variable { key: ConditionKey, default: Option<String> },
}

/// How a pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// `${...}` is a variable: in version 2012-10-17 only.
    pub(crate) variables: bool,
}

impl Pattern {
    /// Reads a pattern; `None` for a variable that is not closed or has no name.
    pub(crate) fn parse(text: &str, reading: Reading) -> Option<Self> {
        if reading.wildcards && text == "*" {
            return Some(Self::Any);
        }
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            if reading.variables
                && let Some(variable) = rest.strip_prefix("${")
            {
                let (inner, after) = variable.split_once('}')?;
                tokens.push(variable_token(inner)?);
                rest = after;
                continue;
            }
            tokens.push(match letter {
                '*' if reading.wildcards => Token::Many,
                '?' if reading.wildcards => Token::One,
                other => Token::Char(other),
            });
            rest = rest.strip_prefix(letter).unwrap_or_default();
        }
        let literal: Option<String> = tokens
            .iter()
            .map(|token| if let Token::Char(letter) = token { Some(*letter) } else { None })
            .collect();
        Some(literal.map_or(Self::Tokens(tokens), Self::Literal))
    }

    /// Whether `text` matches. A variable that has no value and no default matches nothing.
    pub(crate) fn matches(&self, text: &str, keys: &dyn ConditionKeys) -> bool {
        match self {
            Self::Any => true,
            Self::Literal(literal) => literal == text,
            Self::Tokens(tokens) => match fill(tokens, keys) {
                Some(Some(filled)) => glob(&filled, text),
                Some(None) => glob(tokens, text),
                None => false,
            },
        }
    }

    /// The text, if every variable has a value; wildcards stand for themselves.
    pub(crate) fn text(&self, keys: &dyn ConditionKeys) -> Option<String> {
        match self {
            Self::Any => Some("*".to_owned()),
            Self::Literal(literal) => Some(literal.clone()),
            Self::Tokens(tokens) => {
                let filled = fill(tokens, keys)?;
                let tokens = filled.as_deref().unwrap_or(tokens);
                Some(tokens.iter().map(Token::as_char).collect())
            }
        }
    }
}

impl Token {
    fn as_char(&self) -> char {
        match self {
            Self::Char(letter) => *letter,
            Self::One => '?',
            Self::Many | Self::Variable { .. } => '*',
        }
    }
}

/// `${*}`, `${?}` and `${$}` are those characters; anything else is a key, with or without a default.
fn variable_token(inner: &str) -> Option<Token> {
    let inner = inner.trim();
    if let "*" | "?" | "$" = inner {
        return inner.chars().next().map(Token::Char);
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (key.trim(), Some(default.to_owned()))
        }
        None => (inner, None),
    };
    (!key.is_empty()).then(|| Token::Variable { key: ConditionKey::parse(key), default })
}

/// The tokens with their variables filled in: `None` when one has no single value, `Some(None)` when there is
/// nothing to fill in. What is filled in holds no wildcards.
#[expect(clippy::option_option, reason = "three outcomes, two of which are not worth a type")]
fn fill(tokens: &[Token], keys: &dyn ConditionKeys) -> Option<Option<Vec<Token>>> {
    if !tokens.iter().any(|token| matches!(token, Token::Variable { .. })) {
        return Some(None);
    }
    let mut filled = Vec::new();
    for token in tokens {
        let Token::Variable { key, default } = token else {
            filled.push(token.clone());
            continue;
        };
        match (keys.lookup(key), default) {
            (Some(crate::Values::One(value)), _) => filled.extend(value.chars().map(Token::Char)),
            (None, Some(default)) => filled.extend(default.chars().map(Token::Char)),
            _ => return None,
        }
    }
    Some(Some(filled))
}

/// Matches in linear time for each `*`: the last one seen takes one character more whenever the rest fails.
fn glob(tokens: &[Token], text: &str) -> bool {
    let mut at = 0;
    let mut rest = text;
    let mut last_many: Option<(usize, &str)> = None;
    loop {
        let letter = rest.chars().next();
        let step = match (tokens.get(at), letter) {
            (Some(Token::Many), _) => {
                last_many = Some((at, rest));
                at += 1;
                continue;
            }
            (Some(Token::Char(expected)), Some(letter)) => *expected == letter,
            (Some(Token::One), Some(_)) => true,
            (None, None) => return true,
            _ => false,
        };
        if step {
            at += 1;
            rest = letter.and_then(|letter| rest.strip_prefix(letter)).unwrap_or_default();
            continue;
        }
        let Some((many, taken)) = last_many else { return false };
        let mut letters = taken.chars();
        if letters.next().is_none() {
            return false;
        }
        rest = letters.as_str();
        last_many = Some((many, rest));
        at = many + 1;
    }
}

/// Matches a wildcard pattern without variables, as parts of ARNs do.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let tokens: Vec<Token> = pattern
        .chars()
        .map(|letter| match letter {
            '*' => Token::Many,
            '?' => Token::One,
            other => Token::Char(other),
        })
        .collect();
    glob(&tokens, text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const FULL: Reading = Reading { wildcards: true, variables: true };

    #[test]
    fn wildcards() {
        for (pattern, text, matches) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("?", "", false),
            ("?", "ä", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab b", true),
            ("a?c*", "abcd", true),
            ("*aab", "aaaab", true),
        ] {
            let parsed = Pattern::parse(pattern, FULL).unwrap();
            assert_eq!(parsed.matches(text, &BTreeMap::new()), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn variables_are_filled_in_without_becoming_wildcards() {
        let keys = BTreeMap::from([("aws:username".to_owned(), vec!["a*".to_owned()])]);
        for (pattern, text, matches) in [
            ("home/${aws:username}/x", "home/a*/x", true),
            ("home/${aws:username}/x", "home/ab/x", false),
            ("${aws:userid}", "", false),
            ("${aws:userid, 'none'}", "none", true),
            ("${*}${?}${$}", "*?$", true),
            ("${*}", "a", false),
        ] {
            let parsed = Pattern::parse(pattern, FULL).unwrap();
            assert_eq!(parsed.matches(text, &keys), matches, "{pattern} {text}");
        }
        assert_eq!(Pattern::parse("${open", FULL), None);
        assert_eq!(Pattern::parse("${}", FULL), None);
    }
}
