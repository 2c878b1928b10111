//! Patterns with `*`, `?` and variables.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use std::borrow::Cow;

use crate::{
    ConditionKey, Values,
    effort::Effort,
    facts::Facts,
    glob::{ARN_PARTS, Letters, Step, arn_matches, glob, same_folded},
};

/// Text to compare with: literal, with wildcards, or with variables that the question fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: Box<str>,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// `*`: everything.
    Any,
    /// The text itself.
    Literal,
    /// Wildcards.
    Glob(Box<[Step<'static>]>),
    /// Variables, and possibly wildcards.
    Template(Box<[Piece]>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Step(Step<'static>),
    /// `${key}`, or `${key, 'default'}`.
    Variable(Box<Variable>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    key: ConditionKey,
    default: Option<String>,
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
        let form = if reading.wildcards && text == "*" { Form::Any } else { form(text, reading)? };
        Some(Self { text: text.into(), form })
    }

    /// Everything.
    pub(crate) fn any() -> Self {
        Self { text: "*".into(), form: Form::Any }
    }

    /// As the policy has it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `text` matches. A variable that has no value and no default matches nothing.
    pub(crate) fn matches(&self, text: &str, facts: &Facts<'_>) -> bool {
        match &self.form {
            Form::Any => true,
            Form::Literal => *self.text == *text,
            Form::Glob(steps) => glob(steps, text, Letters::Exact, facts.effort),
            Form::Template(pieces) => {
                filled(pieces, facts, |steps| glob(steps, text, Letters::Exact, facts.effort))
            }
        }
    }

    /// Whether an action matches: names of actions are compared without regard to case, and have no variables.
    pub(crate) fn matches_action(&self, action: &str, effort: &Effort) -> bool {
        match &self.form {
            Form::Any => true,
            Form::Literal => self.text.eq_ignore_ascii_case(action),
            Form::Glob(steps) => glob(steps, action, Letters::Folded, effort),
            Form::Template(_) => false,
        }
    }

    /// What an action that starts so goes on with; a pattern of all actions goes on with all.
    pub(crate) fn behind(&self, prefix: &str) -> Option<&str> {
        let text = self.as_str();
        let start = text.split_at_checked(prefix.len());
        let behind = start.filter(|(start, _)| start.eq_ignore_ascii_case(prefix)).map(|(_, rest)| rest);
        behind.or((text == "*").then_some(text))
    }

    /// Whether the six parts of an ARN match one by one; only the last may hold colons.
    pub(crate) fn matches_arn(&self, arn: &str, facts: &Facts<'_>) -> bool {
        match &self.form {
            Form::Any => true,
            Form::Literal => arn.splitn(ARN_PARTS, ':').count() == ARN_PARTS && *self.text == *arn,
            Form::Glob(steps) => arn_matches(steps, arn, facts.effort),
            Form::Template(pieces) => filled(pieces, facts, |steps| arn_matches(steps, arn, facts.effort)),
        }
    }

    /// Whether `text` is the pattern's without regard to case; wildcards stand for themselves.
    pub(crate) fn equals_folded(&self, text: &str, facts: &Facts<'_>) -> bool {
        match &self.form {
            Form::Any | Form::Literal => {
                same_folded(&[Step::Text(Cow::Borrowed(&self.text))], text, facts.effort)
            }
            Form::Glob(steps) => same_folded(steps, text, facts.effort),
            Form::Template(pieces) => filled(pieces, facts, |steps| same_folded(steps, text, facts.effort)),
        }
    }
}

fn form(text: &str, reading: Reading) -> Option<Form> {
    let mut pieces = Pieces::default();
    let mut rest = text;
    let mut escapes = false;
    while let Some(letter) = rest.chars().next() {
        if reading.variables
            && let Some(variable) = rest.strip_prefix("${")
        {
            let (inner, after) = variable.split_once('}')?;
            match escaped(inner) {
                Some(letter) => pieces.text(letter),
                None => pieces.push(Piece::Variable(Box::new(Variable::parse(inner)?))),
            }
            escapes = true;
            rest = after;
            continue;
        }
        match letter {
            '*' if reading.wildcards => pieces.push(Piece::Step(Step::Many)),
            '?' if reading.wildcards => pieces.push(Piece::Step(Step::One)),
            other => pieces.text(other),
        }
        rest = rest.strip_prefix(letter).unwrap_or_default();
    }
    Some(pieces.finish(escapes))
}

/// Pieces while a pattern is read; neighbouring letters become one text.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    letters: String,
}

impl Pieces {
    fn text(&mut self, letter: char) {
        self.letters.push(letter);
    }

    fn push(&mut self, piece: Piece) {
        if !self.letters.is_empty() {
            let letters = std::mem::take(&mut self.letters);
            self.done.push(Piece::Step(Step::Text(Cow::Owned(letters))));
        }
        self.done.push(piece);
    }

    fn finish(mut self, escapes: bool) -> Form {
        if self.done.is_empty() && !escapes {
            return Form::Literal;
        }
        if !self.letters.is_empty() {
            self.done.push(Piece::Step(Step::Text(Cow::Owned(self.letters))));
        }
        if self.done.iter().any(|piece| matches!(piece, Piece::Variable(_))) {
            return Form::Template(self.done.into());
        }
        let steps = self.done.into_iter().filter_map(|piece| match piece {
            Piece::Step(step) => Some(step),
            Piece::Variable(_) => None,
        });
        Form::Glob(steps.collect())
    }
}

/// `${*}`, `${?}` and `${$}` are those characters.
fn escaped(inner: &str) -> Option<char> {
    match inner {
        "*" => Some('*'),
        "?" => Some('?'),
        "$" => Some('$'),
        _ => None,
    }
}

impl Variable {
    /// A key, with or without a default in quotes.
    fn parse(inner: &str) -> Option<Self> {
        let (key, default) = match inner.split_once(',') {
            Some((key, default)) => {
                let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                (key, Some(default.to_owned()))
            }
            None => (inner, None),
        };
        let key = key.trim();
        let well_formed = !key.is_empty() && !key.contains(['$', '{', '\'']);
        well_formed.then(|| Self { key: ConditionKey::parse(key), default })
    }
}

/// Whether a test holds of the steps with the variables' values, which hold no wildcards. It does not when a variable has
/// no single value.
fn filled(pieces: &[Piece], facts: &Facts<'_>, test: impl Fn(&[Step<'_>]) -> bool) -> bool {
    facts.effort.take(pieces.len());
    let mut steps = Vec::with_capacity(pieces.len());
    let mut open = Vec::new();
    for piece in pieces {
        let variable = match piece {
            Piece::Step(step) => {
                steps.push(step.borrowed());
                continue;
            }
            Piece::Variable(variable) => variable,
        };
        steps.push(match (facts.lookup(&variable.key), &variable.default) {
            (Some(Values::One(value)), _) => Step::Text(value),
            (Some(Values::Either(values)), _) => {
                open.push((steps.len(), values));
                Step::One
            }
            (None, Some(default)) => Step::Text(Cow::Borrowed(default)),
            _ => return false,
        });
    }
    if open.is_empty() { test(&steps) } else { filled_either_way(steps, &open, facts, test) }
}

/// The same where variables have one value or another: each of a variable with each of every other, counted off as the
/// digits of a number are.
fn filled_either_way<'a>(
    mut steps: Vec<Step<'a>>,
    open: &'a [(usize, Vec<Cow<'_, str>>)],
    facts: &Facts<'_>,
    test: impl Fn(&[Step<'_>]) -> bool,
) -> bool {
    let ways = open.iter().fold(1_usize, |ways, (_, values)| ways.saturating_mul(values.len()));
    facts.holds_of((0..ways).map(|mut way| {
        for (place, values) in open {
            if let (Some(step), Some(value)) = (steps.get_mut(*place), values.get(way % values.len())) {
                *step = Step::Text(Cow::Borrowed(value));
            }
            way /= values.len();
        }
        facts.effort.take(open.len());
        test(&steps)
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Effect;

    const FULL: Reading = Reading { wildcards: true, variables: true };

    fn with<T>(keys: &BTreeMap<String, Vec<String>>, then: impl FnOnce(&Facts<'_>) -> T) -> T {
        then(&Facts::new(keys, Effect::Allow, &Effort::none()))
    }

    fn matches(pattern: &Pattern, text: &str, keys: &BTreeMap<String, Vec<String>>) -> bool {
        with(keys, |facts| pattern.matches(text, facts))
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("?", "", false),
            ("?", "ä", true),
            ("??", "ä", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab b", true),
            ("a?c*", "abcd", true),
            ("*aab", "aaaab", true),
            ("ab*ba", "aba", false),
            ("*?a*", "ba", true),
            ("*?a*", "ab", false),
            ("**", "x", true),
            ("*ä?", "öäü", true),
        ] {
            let parsed = Pattern::parse(pattern, FULL).unwrap();
            let effort = Effort::none();
            assert_eq!(matches(&parsed, text, &BTreeMap::new()), expected, "{pattern} {text}");
            assert_eq!(parsed.matches_action(text, &effort), expected, "{pattern} {text}");
            let loud = text.to_ascii_uppercase();
            assert_eq!(parsed.matches_action(&loud, &effort), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn variables_are_filled_in_without_becoming_wildcards() {
        let keys = BTreeMap::from([("aws:username".to_owned(), vec!["a*".to_owned()])]);
        for (pattern, text, expected) in [
            ("home/${aws:username}/x", "home/a*/x", true),
            ("home/${aws:username}/x", "home/ab/x", false),
            ("${aws:userid}", "", false),
            ("${aws:userid, 'none'}", "none", true),
            ("${*}${?}${$}", "*?$", true),
            ("${*}", "a", false),
        ] {
            let parsed = Pattern::parse(pattern, FULL).unwrap();
            assert_eq!(matches(&parsed, text, &keys), expected, "{pattern} {text}");
        }
        for malformed in ["${open", "${}", "${, 'x'}", "${aws:a, x}", "${aws:a${aws:b}"] {
            assert_eq!(Pattern::parse(malformed, FULL), None, "{malformed}");
        }
    }

    #[test]
    fn in_arns_too_a_variable_stands_for_its_value_and_an_escaped_star_for_a_star() {
        let keys = BTreeMap::from([
            ("aws:username".to_owned(), vec!["*".to_owned()]),
            ("aws:principalarn".to_owned(), vec!["arn:aws:iam::1:user/a".to_owned()]),
        ]);
        for (pattern, arn, expected) in [
            ("arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/a", false),
            ("arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/*", true),
            ("arn:aws:iam::1:user/${*}", "arn:aws:iam::1:user/a", false),
            ("arn:aws:iam::1:user/${*}", "arn:aws:iam::1:user/*", true),
            ("arn:aws:iam::*:user/${*}", "arn:aws:iam::1:user/*", true),
            ("${aws:principalarn}", "arn:aws:iam::1:user/a", true),
            ("${aws:principalarn}*", "arn:aws:iam::1:user/ab", true),
            ("arn:aws:iam:*:user/a", "arn:aws:iam::1:user/a", false),
            ("arn:aws:iam::1:*", "arn:aws:iam::1:user/a:b", true),
            ("arn:aws:*", "arn:aws:iam::1:user/a", false),
            ("*", "no arn", true),
            ("no arn", "no arn", false),
        ] {
            let parsed = Pattern::parse(pattern, FULL).unwrap();
            assert_eq!(with(&keys, |facts| parsed.matches_arn(arn, facts)), expected, "{pattern} {arn}");
        }
    }

    #[test]
    fn comparing_without_regard_to_case_goes_letter_by_letter() {
        let plain = Reading { wildcards: false, variables: true };
        for (pattern, text, expected) in [
            ("ΟΔΟΣ", "οδοσ", true),
            ("ΟΔΟΣ", "οδος", true),
            ("Straße", "STRASSE", false),
            ("A*", "a*", true),
            ("A*", "ab", false),
        ] {
            let parsed = Pattern::parse(pattern, plain).unwrap();
            let same = with(&BTreeMap::new(), |facts| parsed.equals_folded(text, facts));
            assert_eq!(same, expected, "{pattern} {text}");
        }
    }
}
