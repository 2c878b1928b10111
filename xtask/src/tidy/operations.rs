//! Operations: a file for each, or one for a family of them, and a row in the table of their service for each. A row that
//! a family's file lacks in the table is the compiler's to find: its operation is never used.

use super::{Finding, Sources};

/// Every file in `ops/` has a row in a table: in the `mod.rs` next to it, or in one above it if files are grouped in
/// folders.
pub(super) fn registered(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.shipped().filter(|file| file.path.contains("/src/ops/")) {
        let Some(path) = file.path.strip_suffix(".rs").filter(|path| !path.ends_with("/mod")) else {
            continue;
        };
        let mut folder = path;
        let mut tables = Vec::new();
        while let Some((above, _)) = folder.rsplit_once('/').filter(|(above, _)| above.contains("/src/ops")) {
            tables.push(format!("{above}/mod.rs"));
            folder = above;
        }
        let has_row = tables.iter().any(|table| {
            let name = path.trim_start_matches(table.trim_end_matches("mod.rs")).replace('/', "::");
            let mut rows = sources.shipped().filter(|source| source.path == *table);
            rows.any(|table| table.code().any(|(_, line)| is_row(line, &name)))
        });
        if !has_row {
            let name = path.rsplit('/').next().unwrap_or(path);
            let what = format!("`{name}` has no row in {}", tables.join(" or "));
            findings.push(Finding::new(&file.path, 1, what));
        }
    }
    findings
}

/// A row that is too long for its line is broken after `::<`. The gateway's rows are `name(Input) -> Output = module;`, and its routes are handed on.
fn is_row(line: &str, name: &str) -> bool {
    let name = format!("{name}::");
    let is_of_gateway = line.ends_with(&format!("= {};", name.trim_end_matches(':')))
        || line.contains(&format!("use self::{name}"));
    line.contains(&format!("::<{name}")) || line.trim_start().starts_with(&name) || is_of_gateway
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_without_a_row_is_found() {
        let table = "mod a;\nmod b;\nstatic TABLE: &[Row<Kms>] = &[\n    Row::of::<a::A>(),\n];\n";
        let sources = Sources::of(&[
            ("crates/kms/src/ops/mod.rs", table),
            ("crates/kms/src/ops/a.rs", ""),
            ("crates/kms/src/ops/b.rs", ""),
        ]);
        let findings = registered(&sources);
        assert_eq!(
            findings,
            [Finding::new("crates/kms/src/ops/b.rs", 1, "`b` has no row in crates/kms/src/ops/mod.rs")]
        );
    }

    #[test]
    fn a_row_may_stand_in_a_table_above() {
        let table = "mod users;\nstatic TABLE: &[Row<Iam>] = &[\n    Row::of::<users::a::A>(),\n];\n";
        let sources = Sources::of(&[
            ("crates/iam/src/ops/mod.rs", table),
            ("crates/iam/src/ops/users/mod.rs", "mod a;\nmod b;\n"),
            ("crates/iam/src/ops/users/a.rs", ""),
            ("crates/iam/src/ops/users/b.rs", ""),
        ]);
        let what = "`b` has no row in crates/iam/src/ops/users/mod.rs or crates/iam/src/ops/mod.rs";
        assert_eq!(registered(&sources), [Finding::new("crates/iam/src/ops/users/b.rs", 1, what)]);
    }
}
