//! `cargo xtask tidy`: rules of the house that neither the compiler nor clippy checks.
//!
//! Each rule is a function from the sources (or from what cargo says of the workspace) to findings. The tables of
//! what is permitted stand beside their rule, with a reason in each row.

mod ambient;
mod crates;
mod external;
mod links;
mod operations;
mod plaintext;
mod size;
mod sources;
mod unfinished;

use std::{fmt, path::Path};

use crate::{Result, shapes};
use crates::Workspace;
use sources::{Source, Sources};

/// Checks all rules.
///
/// # Errors
/// All findings, one a line.
pub(crate) fn check(root: &Path) -> Result<()> {
    let findings = findings(&Sources::read(root)?, &Workspace::read(root)?);
    if !findings.is_empty() {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        return Err(format!("{} findings\n{}", lines.len(), lines.join("\n")).into());
    }
    shapes::check(root)
}

fn findings(sources: &Sources, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = crates::directions(workspace);
    findings.extend(crates::lints(sources));
    findings.extend(external::permitted(workspace));
    findings.extend(operations::registered(sources));
    findings.extend(plaintext::strongroom(sources));
    findings.extend(plaintext::revealed(sources));
    findings.extend(ambient::ambient(sources));
    findings.extend(size::files(sources));
    findings.extend(unfinished::unfinished(sources));
    findings.extend(links::dead(sources));
    findings
}

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        if let Err(error) = super::check(crate::root()) {
            panic!("{error}");
        }
    }
}
