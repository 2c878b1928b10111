//! Comparing a text with a pattern whose variables are filled in.

use std::borrow::Cow;

use crate::{effort::Effort, search::strip_through};

/// An ARN has six parts; only the last may hold colons.
pub(crate) const ARN_PARTS: usize = 6;

/// One step of a pattern whose variables are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// This text.
    Text(Cow<'a, str>),
    /// `?`: any one character.
    One,
    /// `*`: any characters, also none.
    Many,
}

impl Step<'_> {
    /// The same step, without a text of its own.
    pub(crate) fn borrowed(&self) -> Step<'_> {
        match self {
            Self::Text(text) => Step::Text(Cow::Borrowed(text)),
            Self::One => Step::One,
            Self::Many => Step::Many,
        }
    }
}

/// Whether a whole text matches. The text before the first `*` stands at the start, the one after the last at the
/// end, and each between them is where it is first found: no step is ever taken back.
pub(crate) fn glob(steps: &[Step<'_>], text: &str, letters: Letters, effort: &Effort) -> bool {
    let mut runs = steps.split(|step| *step == Step::Many);
    let first = runs.next().unwrap_or_default();
    let Some(rest) = letters.strip_start(first, text, effort) else { return false };
    let Some(last) = runs.next_back() else { return rest.is_empty() };
    let Some(mut rest) = letters.strip_end(last, rest, effort) else { return false };
    for run in runs {
        match strip_through(run, rest, letters, effort) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// How letters are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letters {
    Exact,
    Folded,
}

impl Letters {
    /// What follows a run that stands at the start.
    pub(crate) fn strip_start<'t>(self, run: &[Step<'_>], text: &'t str, effort: &Effort) -> Option<&'t str> {
        run.iter().try_fold(text, |rest, step| match step {
            Step::Text(wanted) => {
                let (start, after) = rest.split_at_checked(wanted.len())?;
                self.same(wanted, start, effort).then_some(after)
            }
            Step::One | Step::Many => {
                effort.take(1);
                let mut letters = rest.chars();
                letters.next().map(|_| letters.as_str())
            }
        })
    }

    /// What precedes a run that stands at the end.
    fn strip_end<'t>(self, run: &[Step<'_>], text: &'t str, effort: &Effort) -> Option<&'t str> {
        run.iter().rev().try_fold(text, |rest, step| match step {
            Step::Text(wanted) => {
                let (before, end) = rest.split_at_checked(rest.len().checked_sub(wanted.len())?)?;
                self.same(wanted, end, effort).then_some(before)
            }
            Step::One | Step::Many => {
                effort.take(1);
                let mut letters = rest.chars();
                letters.next_back().map(|_| letters.as_str())
            }
        })
    }

    /// The letter that stands for all that are the same.
    pub(crate) fn of(self, letter: char) -> char {
        match self {
            Self::Exact => letter,
            Self::Folded => letter.to_ascii_lowercase(),
        }
    }

    fn same(self, wanted: &str, text: &str, effort: &Effort) -> bool {
        effort.take_bytes(wanted.len());
        match self {
            Self::Exact => wanted == text,
            Self::Folded => wanted.eq_ignore_ascii_case(text),
        }
    }
}

/// A wildcard stands for parts of one part of an ARN only, which are six.
pub(crate) fn arn_matches(steps: &[Step<'_>], arn: &str, effort: &Effort) -> bool {
    if !effort.take(steps.len()) {
        return false;
    }
    let mut parts: Vec<Vec<Step<'_>>> = vec![Vec::new()];
    for step in steps {
        let mut rest = match step {
            Step::Text(text) => text.as_ref(),
            other => {
                if let Some(part) = parts.last_mut() {
                    part.push(other.clone());
                }
                continue;
            }
        };
        while parts.len() < ARN_PARTS
            && let Some((before, after)) = rest.split_once(':')
        {
            if let Some(part) = parts.last_mut() {
                part.push(Step::Text(Cow::Borrowed(before)));
            }
            parts.push(Vec::new());
            rest = after;
        }
        if let Some(part) = parts.last_mut() {
            part.push(Step::Text(Cow::Borrowed(rest)));
        }
    }
    let arn: Vec<&str> = arn.splitn(ARN_PARTS, ':').collect();
    parts.len() == ARN_PARTS
        && arn.len() == ARN_PARTS
        && parts.iter().zip(arn).all(|(part, arn)| glob(part, arn, Letters::Exact, effort))
}

/// Whether a text is that of the steps without regard to case; wildcards stand for themselves.
pub(crate) fn same_folded(steps: &[Step<'_>], text: &str, effort: &Effort) -> bool {
    let mut wanted = steps.iter().flat_map(|step| step_text(step).chars()).map(folded);
    let mut found = text.chars().map(folded);
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (one, other) if one != other || !effort.take(one.map_or(1, steps_to_fold)) => return false,
            _ => {}
        }
    }
}

fn step_text<'s>(step: &'s Step<'_>) -> &'s str {
    match step {
        Step::Text(text) => text,
        Step::One => "?",
        Step::Many => "*",
    }
}

/// What it takes to fold a letter: beyond ASCII a look into tables.
fn steps_to_fold(letter: char) -> usize {
    if letter.is_ascii() { 1 } else { 24 }
}

/// A letter for comparisons without regard to case, one for one: `Σ`, `σ` and `ς` are the same.
pub(crate) fn folded(letter: char) -> char {
    fn single(mut letters: impl Iterator<Item = char>, letter: char) -> char {
        match (letters.next(), letters.next()) {
            (Some(folded), None) => folded,
            _ => letter,
        }
    }
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    let upper = single(letter.to_uppercase(), letter);
    single(upper.to_lowercase(), upper)
}
