//! What is wrong with a policy, or likely to be: for whoever writes it, before it is put.
//!
//! A policy that is accepted can still lock its owner out, be open to everybody, or contain a word that means
//! nothing. Findings of level [`Level::Error`] are mistakes, whatever was meant; the others deserve a look.

mod conditions;
mod keys;
mod statements;
mod vocabulary;

use std::fmt;

use crate::{Malformed, Policy, PolicyKind, check_partition};

pub use vocabulary::Vocabulary;

/// Something about a policy. `Display` is one line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Where it is.
    pub place: Place,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Perhaps meant.
    Warning,
    /// A mistake.
    Error,
}

/// Where in a policy something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The policy as a whole.
    Policy,
    /// A place in its text.
    Text {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A statement.
    Statement {
        /// Which one, from 1.
        number: usize,
        /// Its `Sid`, if it has one.
        sid: Option<String>,
        /// The element, such as `Action`; none for the statement as a whole.
        element: Option<&'static str>,
    },
}

/// Looks at the text of a policy. The findings come in the order of the statements; a text that is no policy has
/// one finding.
#[must_use]
pub fn lint(text: &str, kind: PolicyKind, vocabulary: &Vocabulary) -> Vec<Finding> {
    let policy = match Policy::parse(text, kind) {
        Ok(policy) => policy,
        Err(malformed) => return vec![Finding::of(&malformed)],
    };
    let other = vocabulary.partition().map(|partition| check_partition(text, partition));
    let mut findings: Vec<Finding> = other.and_then(Result::err).iter().map(Finding::of).collect();
    for (statement, number) in policy.statements().iter().zip(1..) {
        let mut found = Found { statement, number, findings: &mut findings };
        statements::check(&mut found, kind, vocabulary);
        conditions::check(&mut found, policy.has_variables(), vocabulary);
    }
    if kind == PolicyKind::KeyPolicy {
        findings.extend(statements::administrator(&policy));
    }
    findings
}

impl Finding {
    fn of(malformed: &Malformed) -> Self {
        let place = match malformed {
            Malformed::Json { line, column } | Malformed::Form { line, column } => {
                Place::Text { line: *line, column: *column }
            }
            Malformed::Version | Malformed::OldVersion | Malformed::NoStatement => Place::Policy,
            Malformed::Statement { number, .. } => {
                Place::Statement { number: *number, sid: None, element: None }
            }
        };
        let message = match malformed {
            Malformed::Json { .. } => "this is no JSON".to_owned(),
            Malformed::Form { .. } => {
                "an element is missing, is none that policies have, or is of a wrong type".to_owned()
            }
            Malformed::Statement { rule, .. } => rule.to_string(),
            other => other.to_string(),
        };
        Self { level: Level::Error, place, message }
    }
}

/// The findings of one statement as they are made.
struct Found<'a> {
    statement: &'a crate::Statement,
    number: usize,
    findings: &'a mut Vec<Finding>,
}

impl Found<'_> {
    fn error(&mut self, element: &'static str, message: impl Into<String>) {
        self.push(Level::Error, element, message.into());
    }

    fn warning(&mut self, element: &'static str, message: impl Into<String>) {
        self.push(Level::Warning, element, message.into());
    }

    fn push(&mut self, level: Level, element: &'static str, message: String) {
        let sid = self.statement.sid().map(str::to_owned);
        let place = Place::Statement { number: self.number, sid, element: Some(element) };
        self.findings.push(Finding { level, place, message });
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.level, self.place, self.message)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("policy"),
            Self::Text { line, column } => write!(f, "line {line}, column {column}"),
            Self::Statement { number, sid, element } => {
                write!(f, "statement {number}")?;
                if let Some(sid) = sid {
                    write!(f, " `{}`", sid.escape_debug())?;
                }
                element.map_or(Ok(()), |element| write!(f, ", {element}"))
            }
        }
    }
}
