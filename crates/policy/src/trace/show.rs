//! A trace in words. What came with the request is quoted and cut, so that it cannot pass for a line of the trace.

use std::fmt;

use super::{Failure, LayerTrace, Listed, StatementOutcome, StatementTrace, Trace, Verdict};
use crate::{Effect, Layer, Naming};

/// Statements shown of a layer that are about the action and do not fit otherwise.
const NEAR_MISSES: usize = 16;
/// Values shown of a list.
const VALUES: usize = 6;
/// Letters shown of a value.
const LETTERS: usize = 160;

impl Trace {
    /// The trace in words, with another name for the resource's policy than `key-policy`.
    #[must_use]
    pub fn about<'a>(&'a self, resource_policy: &'a str) -> impl fmt::Display + 'a {
        About { trace: self, resource_policy }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.about(Layer::Resource.as_str()).fmt(f)
    }
}

struct About<'a> {
    trace: &'a Trace,
    resource_policy: &'a str,
}

impl About<'_> {
    fn name(&self, layer: Layer) -> &str {
        if layer == Layer::Resource { self.resource_policy } else { layer.as_str() }
    }
}

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decision = &self.trace.decision;
        let layer = self.name(decision.layer());
        match decision.statement() {
            Some(by) if decision.is_allowed() => writeln!(f, "allowed by {layer}: {}", Quoted(by))?,
            Some(by) => writeln!(f, "denied by {layer}: {}", Quoted(by))?,
            None if decision.layer() == Layer::Limit => {
                writeln!(f, "denied: to evaluate the policies for this request takes too much work")?;
            }
            None => writeln!(f, "denied: {layer} would have had to allow it")?,
        }
        self.trace.layers.iter().try_for_each(|layer| {
            write!(f, "{} ", self.name(layer.layer))?;
            layer.fmt(f)
        })
    }
}

/// Without the layer's name.
impl fmt::Display for LayerTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Denies { statement } => writeln!(f, "denies: {}", Quoted(statement))?,
            Verdict::Allows { by, naming: Some(Naming::Account) } => {
                writeln!(f, "lets the account's identity policies decide: {}", Quoted(by))?;
            }
            Verdict::Allows { by, naming: Some(Naming::Bounded) } => {
                writeln!(f, "allows within boundary and session policies: {}", Quoted(by))?;
            }
            Verdict::Allows { by, .. } => writeln!(f, "allows: {}", Quoted(by))?,
            Verdict::Silent if self.statements.is_empty() => writeln!(f, "does not allow: there is none")?,
            Verdict::Silent => writeln!(f, "does not allow")?,
        }
        let several = self.statements.iter().any(|statement| statement.policy > 0);
        let mut other_actions = 0_usize;
        let mut missed = 0_usize;
        let mut unknown = 0_usize;
        for statement in &self.statements {
            match &statement.outcome {
                StatementOutcome::Matches(_) => writeln!(f, "  {}: matches", Named(statement, several))?,
                StatementOutcome::Fails(Failure::Action(_)) => other_actions += 1,
                StatementOutcome::Fails(Failure::Limit) => unknown += 1,
                StatementOutcome::Fails(failure) => {
                    missed += 1;
                    if missed <= NEAR_MISSES {
                        writeln!(f, "  {}: {failure}", Named(statement, several))?;
                    }
                }
            }
        }
        if missed > NEAR_MISSES {
            writeln!(f, "  and {} more that do not fit", missed - NEAR_MISSES)?;
        }
        if unknown > 0 {
            writeln!(f, "  {unknown} not evaluated, as it takes too much work")?;
        }
        match other_actions {
            0 => Ok(()),
            1 => writeln!(f, "  1 statement is about other actions"),
            count => writeln!(f, "  {count} statements are about other actions"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("has no action or no resource, and so is about nothing"),
            Self::Action(listed) => element(f, "Action", listed),
            Self::Limit => f.write_str("is not evaluated, as it takes too much work"),
            Self::Principal(listed) => element(f, "Principal", listed),
            Self::Resource(listed) => element(f, "Resource", listed),
            Self::Condition { operator, key, wanted, asked } => {
                write!(f, "{} {} wants {}, the request has ", Cut(operator), Cut(key), Values(wanted))?;
                match asked.as_deref() {
                    None => f.write_str("none"),
                    Some([]) => f.write_str("an empty list"),
                    Some(values) => Values(values).fmt(f),
                }
            }
        }
    }
}

fn element(f: &mut fmt::Formatter<'_>, name: &str, listed: &Listed) -> fmt::Result {
    let not = if listed.except { "Not" } else { "" };
    write!(f, "{not}{name} does not fit: {}", Values(&listed.values))
}

/// What a statement is called.
struct Named<'a>(&'a StatementTrace, bool);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(statement, several) = self;
        let effect = match statement.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        };
        write!(f, "{effect} {}", Quoted(&statement.label))?;
        if *several { write!(f, " of policy {}", statement.policy.saturating_add(1)) } else { Ok(()) }
    }
}

struct Values<'a>(&'a [String]);

impl fmt::Display for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (value, number) in self.0.iter().take(VALUES).zip(0..) {
            let separator = if number == 0 { "" } else { ", " };
            write!(f, "{separator}{}", Quoted(value))?;
        }
        let more = self.0.len().saturating_sub(VALUES);
        if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
    }
}

/// In quotes, with line breaks and the like escaped.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", Cut(self.0))
    }
}

struct Cut<'a>(&'a str);

impl fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.0.chars();
        for letter in letters.by_ref().take(LETTERS) {
            if letter.is_control() {
                write!(f, "{}", letter.escape_default())?;
            } else {
                write!(f, "{letter}")?;
            }
        }
        if letters.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}
