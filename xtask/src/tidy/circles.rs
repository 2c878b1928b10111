//! Modules of a crate that use each other.
//!
//! A module uses another one when its code names what the file of the other defines, by any path; what is re-exported
//! counts for the file that defines it. A module's own `mod` and `pub use` lines are no uses, and neither is what the
//! root of a crate names: it puts the modules together. Tests may use what they like.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Finding, modules::Crate};

/// Modules that may use each other in a circle, by crate.
const PERMITTED: &[(&str, &[&str])] = &[
    ("audit", &["journal", "queue", "recovery", "writer"]),
    ("kms", &["clockwork", "clockwork::delete", "clockwork::expire", "clockwork::rotate"]),
    ("policy", &["condition", "document", "facts", "heads", "operator", "pattern", "statement"]),
    ("policy", &["glob", "search"]),
    ("policy", &["lint", "lint::conditions", "lint::statements"]),
    ("sigv4", &["authorization", "claim", "presigned"]),
    (
        "store",
        &[
            "conformance",
            "conformance::commits",
            "conformance::limits",
            "conformance::reads",
            "conformance::watches",
        ],
    ),
    ("strongroom", &["binding", "blob", "material"]),
    ("strongroom", &["ec", "ml_dsa", "ml_kem", "pair", "rsa", "spec"]),
    ("strongroom", &["envelope", "mac"]),
    ("strongroom", &["selftest", "selftest::primitives"]),
];
/// Where the table stands.
const TABLE: &str = "xtask/src/tidy/circles.rs";

/// The modules that a module uses, each with the line and the name of one use.
type Uses<'a> = BTreeMap<&'a str, BTreeMap<&'a str, (usize, String)>>;

/// Modules use each other in one direction, but for those of the table; and the table has no others.
pub(super) fn circles(crates: &[Crate<'_>]) -> Vec<Finding> {
    found(crates, PERMITTED)
}

fn found(crates: &[Crate<'_>], permitted: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut circling = BTreeSet::new();
    for of in crates {
        let uses = uses(of);
        for circle in grouped(&uses) {
            let holds =
                |name: &str, row: &[&str]| name == of.name && circle.iter().all(|path| row.contains(path));
            match permitted.iter().position(|(name, row)| holds(name, row)) {
                Some(row) => circling.extend(circle.into_iter().map(|path| (row, path))),
                None => findings.extend(told(of, &circle, &uses)),
            }
        }
    }
    for (number, (name, row)) in permitted.iter().enumerate() {
        let ended = row.iter().filter(|path| !circling.contains(&(number, **path)));
        findings.extend(ended.map(|path| {
            let what =
                format!("`{name}::{path}` is in no circle that is permitted: take it out of PERMITTED");
            Finding::new(TABLE, 1, what)
        }));
    }
    findings
}

fn uses<'a>(of: &'a Crate<'_>) -> Uses<'a> {
    of.modules().filter(|(path, _)| !path.is_empty()).map(|(path, _)| (path, of.used_by(path))).collect()
}

/// The largest groups of modules of which each leads to each.
fn grouped<'a>(uses: &Uses<'a>) -> Vec<BTreeSet<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|path| (*path, reached(uses, path))).collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|reached| reached.contains(to));
    let mut groups: Vec<BTreeSet<&str>> = Vec::new();
    for path in uses.keys().filter(|path| leads(path, path)) {
        if !groups.iter().any(|group| group.contains(path)) {
            groups.push(
                uses.keys().filter(|other| leads(path, other) && leads(other, path)).copied().collect(),
            );
        }
    }
    groups
}

/// All modules that a module leads to.
fn reached<'a>(uses: &Uses<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = vec![from];
    while let Some(path) = waiting.pop() {
        for next in uses.get(path).into_iter().flatten().map(|(next, _)| *next) {
            if reached.insert(next) {
                waiting.push(next);
            }
        }
    }
    reached
}

/// A circle in words: its modules, and the shortest way round from the first of them.
fn told(of: &Crate<'_>, circle: &BTreeSet<&str>, uses: &Uses<'_>) -> Option<Finding> {
    let way = shortest(circle, uses)?;
    let steps: Vec<String> =
        way.iter().map(|(path, (line, name))| format!("`{path}` (line {line}) uses `{name}`")).collect();
    let (first, (line, _)) = way.first()?;
    let (_, module) = of.modules().find(|(path, _)| path == first)?;
    let modules: Vec<&str> = circle.iter().copied().collect();
    let what = format!("modules use each other in a circle: {}; {}", modules.join(", "), steps.join(", "));
    Some(Finding::new(module.file, *line, what))
}

/// The shortest way from the first module of a circle back to itself: each module, and its use of the next.
fn shortest<'a>(
    circle: &BTreeSet<&'a str>,
    uses: &'a Uses<'_>,
) -> Option<Vec<(&'a str, &'a (usize, String))>> {
    let first = *circle.first()?;
    let mut ways = VecDeque::from([(first, Vec::new())]);
    let mut seen = BTreeSet::new();
    while let Some((path, way)) = ways.pop_front() {
        for (next, at) in uses.get(path)?.iter().filter(|(next, _)| circle.contains(*next)) {
            let mut longer = way.clone();
            longer.push((path, at));
            if *next == first {
                return Some(longer);
            }
            if seen.insert(*next) {
                ways.push_back((next, longer));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Sources;

    fn text(files: &[(&str, &str)], permitted: &[(&str, &[&str])]) -> Vec<String> {
        let files: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("crates/a/src/{path}"), *text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let sources = Sources::of(&files);
        found(&Crate::all(&sources), permitted).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_circle_is_found_with_the_way_round() {
        let files = [
            ("lib.rs", "mod one; mod two; mod three;"),
            ("one.rs", "use crate::two::{self, Two};\nstruct One;"),
            ("two/mod.rs", "struct Two;\nfn two() { super::three::three() }"),
            ("three.rs", "fn three() { let one: crate::one::One; }"),
        ];
        let expected = "crates/a/src/one.rs:1: modules use each other in a circle: one, three, two; \
                        `one` (line 1) uses `two::Two`, `two` (line 2) uses `three::three`, \
                        `three` (line 1) uses `one::One`";
        assert_eq!(text(&files, &[]), [expected]);
        assert_eq!(text(&files, &[("a", &["one", "two", "three"])]), Vec::<String>::new());
        let expected = "xtask/src/tidy/circles.rs:1: `a::four` is in no circle that is permitted: take it out of PERMITTED";
        assert_eq!(text(&files, &[("a", &["one", "two", "three", "four"])]), [expected]);
        assert_eq!(text(&files, &[("a", &["one", "two", "three"]), ("gone", &["one"])]).len(), 1);
        // A circle that has grown, and a row that is not enough for it.
        assert_eq!(text(&files, &[("a", &["one", "two"])]).len(), 3);
    }

    #[test]
    fn what_is_re_exported_counts_for_the_file_that_defines_it() {
        let siblings = [
            ("lib.rs", "mod gate; mod other;"),
            ("gate/mod.rs", "mod asked; mod usable; pub(crate) use asked::Asked; pub use usable::*;"),
            ("gate/asked.rs", "pub struct Asked;"),
            ("gate/usable.rs", "use super::Asked; pub struct Usable(Asked);"),
            ("other.rs", "use crate::gate::{Usable};"),
        ];
        assert_eq!(text(&siblings, &[]), Vec::<String>::new());
        let mut circle = siblings;
        circle[2].1 = "use super::Usable; pub struct Asked(crate::other::Other);";
        assert_eq!(text(&circle, &[]).len(), 1);
    }

    #[test]
    fn a_parent_and_a_child_that_use_each_other_are_found() {
        let files =
            |parent| [("lib.rs", "mod a;"), ("a.rs", parent), ("a/b.rs", "use super::A; pub struct B(A);")];
        let names_only = "mod b; pub use b::B; pub struct A;";
        assert_eq!(text(&files(names_only), &[]), Vec::<String>::new());
        for uses in [
            "mod b; pub use b::B; pub struct A; fn a() -> B {}",
            "mod b; use b::B; pub struct A;",
            "mod b; pub struct A; fn a() -> b::B {}",
        ] {
            assert_eq!(text(&files(uses), &[]).len(), 1, "{uses}");
        }
    }

    #[test]
    fn roots_tests_and_other_crates_make_no_circles() {
        let files = [
            ("lib.rs", "mod a; mod b; use a::A; pub struct Root(A);"),
            (
                "a.rs",
                "use crate::Root; use std::fmt; pub struct A;\n#[cfg(test)]\nmod tests { use crate::b::B; }",
            ),
            ("b.rs", "use crate::a::A; use fmt::Debug; pub struct B(A);"),
        ];
        assert_eq!(text(&files, &[]), Vec::<String>::new());
    }
}
