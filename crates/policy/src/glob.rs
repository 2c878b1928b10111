//! Comparing a text with a pattern whose variables are filled in.

use std::borrow::Cow;

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

/// Whether a whole text matches. The text before the first `*` stands at the start, the one after the last at
/// the end, and each between them is where it is first found: no step is ever taken back. The time is linear
/// in the text, but for `?`: a run of letters and `?` between two `*` is tried at each place.
pub(crate) fn glob(steps: &[Step<'_>], text: &str, letters: Letters) -> bool {
    let mut runs = steps.split(|step| *step == Step::Many);
    let Some(rest) = runs.next().and_then(|first| letters.strip_start(first, text)) else { return false };
    let Some(last) = runs.next_back() else { return rest.is_empty() };
    let Some(mut rest) = letters.strip_end(last, rest) else { return false };
    for run in runs {
        match letters.strip_through(run, rest) {
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
    fn strip_start<'t>(self, run: &[Step<'_>], text: &'t str) -> Option<&'t str> {
        run.iter().try_fold(text, |rest, step| match step {
            Step::Text(wanted) => {
                let (start, after) = rest.split_at_checked(wanted.len())?;
                self.same(wanted, start).then_some(after)
            }
            Step::One | Step::Many => {
                let mut letters = rest.chars();
                letters.next().map(|_| letters.as_str())
            }
        })
    }

    /// What precedes a run that stands at the end.
    fn strip_end<'t>(self, run: &[Step<'_>], text: &'t str) -> Option<&'t str> {
        run.iter().rev().try_fold(text, |rest, step| match step {
            Step::Text(wanted) => {
                let (before, end) = rest.split_at_checked(rest.len().checked_sub(wanted.len())?)?;
                self.same(wanted, end).then_some(before)
            }
            Step::One | Step::Many => {
                let mut letters = rest.chars();
                letters.next_back().map(|_| letters.as_str())
            }
        })
    }

    /// What follows a run where it is first found.
    fn strip_through<'t>(self, run: &[Step<'_>], text: &'t str) -> Option<&'t str> {
        if let ([Step::Text(wanted)], Self::Exact) = (run, self) {
            return text.split_once(wanted.as_ref()).map(|(_, after)| after);
        }
        let mut from = text;
        loop {
            if let Some(after) = self.strip_start(run, from) {
                return Some(after);
            }
            let mut letters = from.chars();
            letters.next()?;
            from = letters.as_str();
        }
    }

    fn same(self, wanted: &str, text: &str) -> bool {
        match self {
            Self::Exact => wanted == text,
            Self::Folded => wanted.eq_ignore_ascii_case(text),
        }
    }
}

/// A wildcard stands for parts of one part of an ARN only, which are six.
pub(crate) fn arn_matches(steps: &[Step<'_>], arn: &str) -> bool {
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
        && parts.iter().zip(arn).all(|(part, arn)| glob(part, arn, Letters::Exact))
}

/// The text of steps without wildcards among them; wildcards stand for themselves.
pub(crate) fn joined(steps: &[Step<'_>]) -> String {
    steps
        .iter()
        .map(|step| match step {
            Step::Text(text) => text.as_ref(),
            Step::One => "?",
            Step::Many => "*",
        })
        .collect()
}

/// Letters for comparisons without regard to case, one for one: `Σ`, `σ` and `ς` are the same.
pub(crate) fn folded(text: &str) -> impl Iterator<Item = char> {
    fn single(mut letters: impl Iterator<Item = char>, letter: char) -> char {
        match (letters.next(), letters.next()) {
            (Some(folded), None) => folded,
            _ => letter,
        }
    }
    text.chars().map(|letter| {
        let upper = single(letter.to_uppercase(), letter);
        single(upper.to_lowercase(), upper)
    })
}
