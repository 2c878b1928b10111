//! What is wrong with an input, in AWS's words.
//!
//! `2 validation errors detected: Value 'x' at 'keySpec' failed to satisfy constraint: ...; Value null at ...`

use std::fmt::{self, Display, Write};

/// Everything that is wrong with an input. `Display` is AWS's message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(Vec<String>);

/// Where a member stands: `tags.1.member.tagKey`.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Member(&'a str),
    Item(usize),
    Value(&'a str),
}

impl Path<'_> {
    /// The input itself.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    /// A member of the structure at this place.
    #[must_use]
    pub const fn member<'a>(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Member(name) }
    }

    /// An item of the list at this place.
    pub(crate) const fn item(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), step: Step::Item(index) }
    }

    /// A value of the map at this place.
    pub(crate) const fn value<'a>(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Value(key) }
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.step, Step::Root) {
                f.write_char('.')?;
            }
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Member(name) => {
                // In messages members begin with a small letter, unlike on the wire.
                let mut letters = name.chars();
                letters.next().map_or(Ok(()), |first| f.write_char(first.to_ascii_lowercase()))?;
                f.write_str(letters.as_str())
            }
            // Lists count from one.
            Step::Item(index) => write!(f, "{}.member", index + 1),
            Step::Value(key) => write!(f, "{key}.value"),
        }
    }
}

impl Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "error" } else { "errors" };
        write!(f, "{} validation {plural} detected: {}", self.0.len(), self.0.join("; "))
    }
}

impl Violations {
    pub(crate) fn add(&mut self, value: impl Display, at: Path<'_>, constraint: impl Display) {
        self.0.push(format!("Value '{value}' at '{at}' failed to satisfy constraint: {constraint}"));
    }

    /// Without the value, which must not be shown.
    pub(crate) fn add_silent(&mut self, at: Path<'_>, constraint: impl Display) {
        self.0.push(format!("Value at '{at}' failed to satisfy constraint: {constraint}"));
    }

    pub(crate) fn add_missing(&mut self, at: Path<'_>) {
        self.0.push(format!("Value null at '{at}' failed to satisfy constraint: Member must not be null"));
    }
}
