//! Operations: a file each, and a row in the table of their service for each file.

use super::{Finding, Sources};

/// Every file in `ops/` is declared and has a row in the table next to it, and nothing else lives there.
pub(super) fn registered(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in
        sources.shipped().filter(|file| file.path.contains("/src/ops/") && file.path.ends_with("/mod.rs"))
    {
        let folder = table.path.trim_end_matches("mod.rs");
        let beside = sources.shipped().filter_map(|file| {
            let name = file.path.strip_prefix(folder)?.strip_suffix(".rs")?;
            (name != "mod" && !name.contains('/')).then_some((file, name))
        });
        for (file, name) in beside {
            if !table.code().any(|(_, line)| line.contains(&format!("::<{name}::"))) {
                let what = format!("`{name}` has no row in {}", table.path);
                findings.push(Finding::new(&file.path, 1, what));
            }
        }
    }
    findings
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
}
