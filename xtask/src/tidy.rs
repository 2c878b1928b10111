//! `cargo xtask tidy`: rules of the house that neither the compiler nor clippy checks.
//!
//! Each rule is a function from the sources (or from what cargo says of the workspace) to findings. The tables of
//! what is permitted stand beside their rule, with a reason in each row.

mod ambient;
mod circles;
mod crates;
mod development;
mod external;
mod finding;
mod invariants;
mod links;
mod log;
mod modules;
mod names;
mod operations;
mod plaintext;
mod size;
mod sources;
mod tokens;
mod unfinished;

use std::path::Path;

use crate::{Result, shapes};
use crates::Workspace;
use finding::Finding;
use modules::Crate;
use sources::{Source, Sources};

/// Checks all rules.
///
/// # Errors
/// All findings, one a line.
pub(crate) fn check(root: &Path) -> Result<()> {
    let (sources, workspace) = (Sources::read(root)?, Workspace::read(root)?);
    let rules = RULES.iter().map(|(name, _)| *name).collect();
    let repository =
        Repository { crates: Crate::all(&sources), sources: &sources, workspace: &workspace, rules };
    let findings: Vec<Finding> = RULES.iter().flat_map(|(_, rule)| rule(&repository)).collect();
    if !findings.is_empty() {
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        return Err(format!("{} findings\n{}", lines.len(), lines.join("\n")).into());
    }
    shapes::check(root)
}

/// What rules look at.
struct Repository<'a> {
    sources: &'a Sources,
    workspace: &'a Workspace,
    crates: Vec<Crate<'a>>,
    /// The names of all rules.
    rules: Vec<&'a str>,
}

type Rule = fn(&Repository<'_>) -> Vec<Finding>;

/// The rules, by the names that documents give them.
const RULES: &[(&str, Rule)] = &[
    ("directions", |all| crates::directions(all.workspace)),
    ("testing", |all| crates::testing(all.workspace)),
    ("lints", |all| crates::lints(all.sources)),
    ("external", |all| external::permitted(all.workspace)),
    ("circles", |all| circles::circles(&all.crates)),
    ("names", |all| names::names(&all.crates)),
    ("operations", |all| operations::registered(all.sources)),
    ("strongroom", |all| plaintext::strongroom(all.sources)),
    ("revealed", |all| plaintext::revealed(all.sources)),
    ("ambient", |all| ambient::ambient(all.sources)),
    ("development", |all| development::kept(all.sources)),
    ("log", |all| log::written(all.sources, all.workspace)),
    ("size", |all| size::files(all.sources)),
    ("unfinished", |all| unfinished::unfinished(all.sources)),
    ("links", |all| links::dead(all.sources)),
    ("invariants", |all| invariants::enforced(all.sources, &all.crates, &all.rules)),
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        if let Err(error) = super::check(crate::root()) {
            panic!("{error}");
        }
    }
}
