//! One name is one thing: a type's name is defined once in the workspace.

use std::collections::BTreeMap;

use super::{
    finding::Finding,
    modules::{Crate, Module},
    tokens::is_name,
};

/// A name that several types have, the crates that define them (as often as they do), and why no reader takes one for
/// another.
type Row = (&'static str, &'static [&'static str], &'static str);

/// Why a row needs no other: a reader meets at most one of the types outside its own file or folder.
const PRIVATE: &str = "at most one is known outside its file or folder";
/// Why a row needs no other: the name is the word of each crate's own field, and no file speaks of two of the fields.
const FIELDS: &str = "the word of different fields, which no file speaks of together";
/// Why a row needs no other: one of them is a trait, and the others are what implements the trait in each service.
const IMPLEMENTED: &str = "the trait, and what each service implements it by";
/// Why a row needs no other: each gate has the question that is put to it, and is read alone.
const GATES: &str = "the question that a gate or an evaluator is asked, each known in its own folder";

const PERMITTED: &[Row] = &[
    ("Account", &["dev", "iam", "policy"], PRIVATE),
    ("Algorithm", &["model", "oidc"], PRIVATE),
    ("Arrival", &["dispatch", "kms"], PRIVATE),
    ("Asked", &["iam", "iam", "kms", "policy", "policy"], GATES),
    ("Attempt", &["dispatch", "keywright"], PRIVATE),
    ("Batch", &["audit", "store"], PRIVATE),
    ("Bearer", &["iam", "iam"], PRIVATE),
    ("Blob", &["model", "strongroom"], FIELDS),
    ("Body", &["credentials", "dispatch"], PRIVATE),
    ("By", &["dispatch", "policy"], PRIVATE),
    ("Certificate", &["edge", "keywright"], PRIVATE),
    ("Changes", &["kms", "store"], PRIVATE),
    ("Checked", &["dev", "store"], PRIVATE),
    ("Claims", &["attestation", "iam", "oidc"], FIELDS),
    ("Cli", &["keywright", "keywright_s3"], PRIVATE),
    ("Command", &["keywright", "keywright_s3"], PRIVATE),
    ("Document", &["keywright", "policy", "policy"], PRIVATE),
    ("Effort", &["kms", "policy"], PRIVATE),
    ("Either", &["policy", "policy"], PRIVATE),
    ("Ending", &["dispatch", "store"], PRIVATE),
    ("Erased", &["dispatch", "state"], PRIVATE),
    ("Facts", &["dispatch", "policy"], PRIVATE),
    ("Failure", &["audit", "policy", "store"], PRIVATE),
    ("Faults", &["audit", "dev"], PRIVATE),
    ("Fields", &["dispatch", "sigv4", "strongroom"], PRIVATE),
    ("File", &["dev", "xtask"], PRIVATE),
    ("Finding", &["policy", "xtask"], PRIVATE),
    ("Found", &["audit", "audit", "policy"], PRIVATE),
    ("Group", &["audit", "iam"], PRIVATE),
    ("Guarded", &["dispatch", "dispatch"], PRIVATE),
    ("Head", &["dispatch", "policy", "sigv4"], PRIVATE),
    ("Held", &["credentials", "kms"], PRIVATE),
    ("Input", &["model", "strongroom", "sdk_rust"], PRIVATE),
    ("Kept", &["state", "store"], PRIVATE),
    ("Key", &["dev", "kms", "oidc", "policy"], PRIVATE),
    ("Keys", &["dispatch", "iam", "iam", "keywright"], PRIVATE),
    ("Kind", &["iam", "policy", "sigv4"], PRIVATE),
    ("Known", &["dev", "iam", "iam", "keywright"], PRIVATE),
    ("Limits", &["attestation", "edge"], PRIVATE),
    ("Listed", &["iam", "policy"], PRIVATE),
    ("Listing", &["dispatch", "kms"], PRIVATE),
    ("Located", &["cloudtrail", "iam", "kms"], PRIVATE),
    ("Lock", &["iam", "iam", "store"], PRIVATE),
    ("Malformed", &["model", "policy", "strongroom"], FIELDS),
    ("Material", &["dev", "strongroom"], PRIVATE),
    ("Members", &["attestation", "dispatch", "dispatch", "policy", "policy"], PRIVATE),
    ("Name", &["dispatch", "edge"], PRIVATE),
    ("Named", &["iam", "iam", "kms", "policy", "policy"], PRIVATE),
    ("Opened", &["edge", "kms", "strongroom"], PRIVATE),
    ("Operation", &["dispatch", "xtask"], PRIVATE),
    ("Options", &["bench", "audit", "credentials", "dev", "store"], FIELDS),
    ("Parts", &["server", "sigv4"], PRIVATE),
    ("Pattern", &["model", "policy"], PRIVATE),
    ("Place", &["dev", "kms", "policy"], PRIVATE),
    ("Position", &["audit", "policy"], PRIVATE),
    ("PrincipalRecord", &["iam", "kms"], PRIVATE),
    ("Refused", &["audit", "dev", "strongroom"], PRIVATE),
    ("Request", &["dispatch", "iam"], PRIVATE),
    ("Role", &["bench", "credentials", "iam"], PRIVATE),
    ("Row", &["bench", "dispatch"], PRIVATE),
    ("Rule", &["dev", "keywright", "policy"], PRIVATE),
    ("Service", &["dispatch", "xtask"], PRIVATE),
    ("Session", &["credentials", "dispatch", "iam"], FIELDS),
    ("Settings", &["forward", "keywright"], FIELDS),
    ("Shared", &["audit", "audit", "edge"], PRIVATE),
    ("SharedPolicies", &["iam", "kms"], PRIVATE),
    ("Shelf", &["iam", "kms"], PRIVATE),
    ("Signer", &["bench", "attestation", "iam", "iam", "sigv4"], FIELDS),
    ("Source", &["iam", "xtask"], PRIVATE),
    ("State", &["audit", "kms", "store"], PRIVATE),
    ("Statement", &["dispatch", "policy", "policy"], PRIVATE),
    ("Step", &["model", "policy"], PRIVATE),
    ("Tables", &["cloudtrail", "iam", "kms", "state"], IMPLEMENTED),
    ("TagRecord", &["iam", "kms"], PRIVATE),
    ("Tally", &["dispatch", "strongroom"], PRIVATE),
    ("Text", &["dev", "iam"], PRIVATE),
    ("Token", &["oidc", "xtask"], PRIVATE),
    ("Use", &["kms", "state"], FIELDS),
    ("Used", &["iam", "kms"], PRIVATE),
    ("Value", &["audit", "policy"], FIELDS),
    ("Values", &["policy", "policy"], PRIVATE),
    ("Wanted", &["edge", "kms"], PRIVATE),
    ("Watch", &["edge", "store"], PRIVATE),
    ("Wish", &["iam", "kms"], PRIVATE),
    ("Work", &["bench", "kms"], PRIVATE),
    ("Writer", &["audit", "dispatch", "dispatch", "store"], PRIVATE),
    ("Wrong", &["dispatch", "keywright"], PRIVATE),
];
/// Where the table stands.
const TABLE: &str = "xtask/src/tidy/names.rs";

/// What defines a type.
const DEFINING: &[&str] = &["enum", "struct", "trait", "union"];

/// A place where a type is defined.
struct Definition<'a> {
    of: &'a str,
    file: &'a str,
    line: usize,
}

/// Structures, enumerations and traits have names of their own, but for those of the table; and the table has no others.
/// Generated shapes do not count, and neither do tests.
pub(super) fn names(crates: &[Crate<'_>]) -> Vec<Finding> {
    found(crates, PERMITTED)
}

fn found(crates: &[Crate<'_>], permitted: &[Row]) -> Vec<Finding> {
    let mut definitions: BTreeMap<&str, Vec<Definition<'_>>> = BTreeMap::new();
    for of in crates {
        for (name, file, line) in of.modules().flat_map(|(_, module)| types(module)) {
            definitions.entry(name).or_default().push(Definition { of: &of.name, file, line });
        }
    }
    let mut findings = Vec::new();
    for (name, definitions) in definitions.iter().filter(|(_, definitions)| definitions.len() > 1) {
        let owners: Vec<&str> = definitions.iter().map(|definition| definition.of).collect();
        if !permitted.iter().any(|(row, crates, _)| row == name && *crates == owners) {
            findings.extend(told(name, definitions));
        }
    }
    let ended = permitted
        .iter()
        .filter(|(name, ..)| definitions.get(name).is_none_or(|definitions| definitions.len() < 2));
    findings.extend(
        ended.map(|(name, ..)| Finding::new(TABLE, 1, format!("`{name}` is one type only: remove its row"))),
    );
    findings
}

fn told(name: &str, definitions: &[Definition<'_>]) -> Option<Finding> {
    let (first, others) = definitions.split_first()?;
    let others: Vec<String> =
        others.iter().map(|definition| format!("{}:{}", definition.file, definition.line)).collect();
    let owners: Vec<String> = definitions.iter().map(|definition| format!("{:?}", definition.of)).collect();
    let what = format!(
        "`{name}` is the name of another type in {}: give one of them another name, or PERMITTED a row `{name:?}, &[{}]` with the reason",
        others.join(" and "),
        owners.join(", "),
    );
    Some(Finding::new(first.file, first.line, what))
}

/// The types that a module defines, each with its file and line.
fn types<'a>(module: &Module<'a>) -> Vec<(&'a str, &'a str, usize)> {
    let pairs = module.tokens.windows(2).filter_map(|pair| match pair {
        [first, name] if DEFINING.contains(&first.text) && is_name(name) => Some((name.text, name.line)),
        _ => None,
    });
    pairs.map(|(name, line)| (name, module.file, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Sources;

    fn text(files: &[(&str, &str)], permitted: &[Row]) -> Vec<String> {
        let sources = Sources::of(files);
        found(&Crate::all(&sources), permitted).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_of_two_types_is_found() {
        let files = [
            ("crates/a/src/lib.rs", "pub struct Key;\nenum Other {}"),
            ("crates/b/src/c.rs", "fn f() {}\ntrait Key {}\nimpl Key for Other {}"),
        ];
        let expected = "crates/a/src/lib.rs:1: `Key` is the name of another type in crates/b/src/c.rs:2: \
                        give one of them another name, or PERMITTED a row `\"Key\", &[\"a\", \"b\"]` with the reason";
        assert_eq!(text(&files, &[]), [expected]);
        assert_eq!(text(&files, &[("Key", &["a", "b"], "reason")]), Vec::<String>::new());
        assert_eq!(text(&files, &[("Key", &["a", "b", "b"], "reason")]), [expected]);
    }

    #[test]
    fn a_row_that_nobody_needs_is_found() {
        let expected = "xtask/src/tidy/names.rs:1: `Key` is one type only: remove its row";
        assert_eq!(text(&[("crates/a/src/lib.rs", "struct Key;")], &[("Key", &["a"], "reason")]), [expected]);
    }

    #[test]
    fn tests_uses_and_declaring_macros_define_nothing() {
        let test = "struct Key;\n#[cfg(test)]\nmod tests { struct Key; }\nuse b::Key;\n// struct Key\n";
        let declaring =
            "macro_rules! m { ($name:ident) => { struct $name; } }\nm!(Key);\nshape! { input Key {} }";
        let files = [
            ("crates/a/src/lib.rs", test),
            ("crates/a/src/b.rs", declaring),
            ("crates/a/tests/c.rs", "struct Key;"),
        ];
        assert_eq!(text(&files, &[]), Vec::<String>::new());
    }
}
