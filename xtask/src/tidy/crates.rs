//! Which of the workspace's crates may use which.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use super::{Finding, Sources};
use crate::{Result, command::cargo};

/// A crate, and the crates of the workspace that it may use. What is left out is the point: `policy` and `sigv4` know
/// nobody, nobody but the services and what composes them reaches the strongroom, nobody but `buckets`, `credentials`,
/// `export`, `forward`, `keywright` and `s3` opens connections, and only `keywright` knows `dev`, to hand its command over.
const MAY_USE: &[(&str, &[&str])] = &[
    ("attestation", &[]),
    ("audit", &[]),
    ("bench", &["audit", "cloudtrail", "policy"]),
    ("buckets", &["cloudtrail", "dispatch", "outbound", "sigv4"]),
    ("catalog", &[]),
    ("cloudtrail", &["audit", "dispatch", "model", "state", "store", "strongroom", "trail"]),
    ("counters", &[]),
    ("credentials", &["dispatch", "edge", "model", "outbound", "secret", "sigv4"]),
    (
        "dev",
        &[
            "audit",
            "buckets",
            "cloudtrail",
            "dispatch",
            "edge",
            "iam",
            "kms",
            "model",
            "secret",
            "server",
            "sigv4",
            "state",
            "store",
            "strongroom",
        ],
    ),
    ("dispatch", &["audit", "model", "policy", "secret", "sigv4", "state", "store", "strongroom"]),
    ("edge", &["dispatch", "handshake"]),
    ("envelope", &["secret"]),
    ("export", &["audit", "outbound", "trail"]),
    ("forward", &["outbound", "secret", "sigv4"]),
    ("handshake", &[]),
    (
        "iam",
        &["audit", "dispatch", "model", "oidc", "policy", "secret", "sigv4", "state", "store", "strongroom"],
    ),
    (
        "keywright",
        &[
            "audit",
            "buckets",
            "cloudtrail",
            "counters",
            "credentials",
            "dev",
            "dispatch",
            "edge",
            "export",
            "iam",
            "kms",
            "model",
            "oidc",
            "outbound",
            "policy",
            "server",
            "store",
            "trail",
        ],
    ),
    (
        "kms",
        &["attestation", "audit", "dispatch", "model", "policy", "secret", "state", "store", "strongroom"],
    ),
    ("keywright-client", &["envelope", "forward", "secret"]),
    ("keywright-parquet", &["forward", "secret"]),
    ("keywright-s3", &["envelope", "forward", "model", "policy", "s3", "secret"]),
    ("model", &["secret"]),
    ("oidc", &[]),
    ("outbound", &["handshake", "secret"]),
    ("policy", &[]),
    ("s3", &["catalog", "counters", "envelope", "forward", "model", "outbound", "policy", "secret", "sigv4"]),
    ("sdk-rust", &[]),
    ("secret", &[]),
    (
        "server",
        &[
            "attestation",
            "audit",
            "cloudtrail",
            "dispatch",
            "iam",
            "kms",
            "model",
            "secret",
            "state",
            "store",
            "strongroom",
        ],
    ),
    ("sigv4", &[]),
    (
        "sim",
        &[
            "attestation",
            "audit",
            "cloudtrail",
            "dispatch",
            "iam",
            "kms",
            "model",
            "oidc",
            "secret",
            "server",
            "state",
            "store",
            "strongroom",
            "trail",
        ],
    ),
    ("state", &["model", "store"]),
    ("store", &[]),
    ("strongroom", &["secret"]),
    ("trail", &["audit", "model"]),
    ("xtask", &[]),
];

/// Crates for programs that call a server, and what must not be in such programs, however it would come in.
const CALLERS: &[&str] =
    &["envelope", "forward", "keywright-client", "keywright-parquet", "keywright-s3", "s3"];
const OF_A_SERVER: &[&str] = &["dispatch", "iam", "kms", "server", "state", "store", "strongroom"];

/// Crates that nothing shipped uses: they have no row as somebody's dependency above.
const TOOLS_OF_TESTS: &[&str] = &["sim"];

/// Where the tables stand.
const TABLE: &str = "xtask/src/tidy/crates.rs";

/// What cargo says of the workspace.
pub(super) struct Workspace {
    pub(super) packages: Vec<Package>,
}

/// A crate of the workspace.
pub(super) struct Package {
    pub(super) name: String,
    /// Where its manifest is, from the root.
    pub(super) manifest: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// What a crate depends on.
pub(super) struct Dependency {
    pub(super) name: String,
    /// Only its tests do.
    pub(super) for_tests: bool,
    /// The features that it turns on.
    pub(super) features: Vec<String>,
}

impl Workspace {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let output = cargo(root, &["metadata", "--format-version", "1", "--no-deps"]).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let packages = serde_json::from_slice::<Value>(&output.stdout)?;
        let packages = list(&packages, "packages").iter().map(|package| Package::of(package, root)).collect();
        Ok(Self { packages })
    }

    /// Dependencies, each with the crate that has it and the line of the manifest's beginning.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = (&Package, &Dependency)> {
        self.packages.iter().flat_map(|package| package.dependencies.iter().map(move |used| (package, used)))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.packages.iter().any(|package| package.name == name)
    }
}

impl Package {
    fn of(package: &Value, root: &Path) -> Self {
        let manifest = Path::new(text(package, "manifest_path"));
        let dependencies = list(package, "dependencies").iter();
        Self {
            name: text(package, "name").to_owned(),
            manifest: manifest.strip_prefix(root).unwrap_or(manifest).to_string_lossy().into_owned(),
            dependencies: dependencies
                .map(|used| Dependency {
                    name: text(used, "name").to_owned(),
                    for_tests: text(used, "kind") == "dev",
                    features: list(used, "features")
                        .iter()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect(),
                })
                .collect(),
        }
    }
}

/// Dependencies between crates go only where the table says.
pub(super) fn directions(workspace: &Workspace) -> Vec<Finding> {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut findings = Vec::new();
    for package in &workspace.packages {
        if !table.contains_key(package.name.as_str()) {
            let what = format!("`{}` is in no row of MAY_USE: say what it may use", package.name);
            findings.push(Finding::new(&package.manifest, 1, what));
        }
    }
    for (package, used) in workspace.dependencies() {
        let permitted = table.get(package.name.as_str()).copied().unwrap_or_default();
        if workspace.has(&used.name) && !used.for_tests && !permitted.contains(&used.name.as_str()) {
            let what = format!("`{}` may not use `{}`", package.name, used.name);
            findings.push(Finding::new(&package.manifest, 1, what));
        }
    }
    findings.extend(CALLERS.iter().flat_map(|caller| {
        let has: BTreeSet<&str> = within_reach(caller, &table);
        let what = OF_A_SERVER.iter().filter(move |part| has.contains(*part));
        what.map(move |part| {
            Finding::new(TABLE, 1, format!("`{caller}` only calls a server, and would have `{part}` in it"))
        })
    }));
    findings
}

/// All crates that a crate may use by way of others.
fn within_reach<'a>(of: &'a str, table: &BTreeMap<&'a str, &'a [&'a str]>) -> BTreeSet<&'a str> {
    let (mut reached, mut new) = (BTreeSet::new(), vec![of]);
    while let Some(name) = new.pop() {
        if reached.insert(name) {
            new.extend(table.get(name).copied().unwrap_or_default());
        }
    }
    reached
}

/// What only tests may have, features called `testing`, is turned on by dev-dependencies and by tools of tests.
pub(super) fn testing(workspace: &Workspace) -> Vec<Finding> {
    let shipped = workspace
        .dependencies()
        .filter(|(package, used)| !used.for_tests && !TOOLS_OF_TESTS.contains(&package.name.as_str()));
    shipped
        .filter(|(_, used)| used.features.iter().any(|feature| feature == "testing"))
        .map(|(package, used)| {
            let what = format!("turns `testing` of `{}` on: only a dev-dependency may", used.name);
            Finding::new(&package.manifest, 1, what)
        })
        .collect()
}

/// Every crate has the workspace's lints: they forbid unsafe code and panics.
pub(super) fn lints(sources: &Sources) -> Vec<Finding> {
    let manifests = sources
        .ending("Cargo.toml")
        .filter(|file| file.path != "Cargo.toml" && !file.text.lines().any(|line| line == "[workspace]"));
    manifests
        .filter(|file| !file.text.contains("[lints]\nworkspace = true"))
        .map(|file| {
            Finding::new(&file.path, 1, "the workspace's lints are missing: `[lints] workspace = true`")
        })
        .collect()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
impl Workspace {
    /// A workspace of crates with their dependencies.
    pub(super) fn of(packages: &[(&str, &[&str])]) -> Self {
        let package = |(name, used): &(&str, &[&str])| Package {
            name: (*name).to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            dependencies: used
                .iter()
                .map(|name| Dependency { name: (*name).to_owned(), for_tests: false, features: Vec::new() })
                .collect(),
        };
        Self { packages: packages.iter().map(package).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_against_the_direction_is_found() {
        let workspace = Workspace::of(&[("policy", &["store"]), ("store", &[])]);
        let findings = directions(&workspace);
        assert_eq!(findings, [Finding::new("crates/policy/Cargo.toml", 1, "`policy` may not use `store`")]);
    }

    #[test]
    fn what_is_reached_by_way_of_others_is_found() {
        let table = BTreeMap::from([("a", &["b", "c"][..]), ("b", &["d"]), ("d", &["a"]), ("e", &["a"])]);
        assert_eq!(within_reach("a", &table), BTreeSet::from(["a", "b", "c", "d"]));
        assert_eq!(within_reach("c", &table), BTreeSet::from(["c"]));
    }

    #[test]
    fn tests_may_use_more() {
        let mut workspace = Workspace::of(&[("policy", &["store"]), ("store", &[])]);
        workspace.packages[0].dependencies[0].for_tests = true;
        assert_eq!(directions(&workspace), []);
    }

    #[test]
    fn what_only_tests_may_have_is_found_in_what_is_shipped() {
        let used: (&str, &[&str]) = ("strongroom", &[]);
        let mut workspace = Workspace::of(&[("kms", &["strongroom"]), ("sim", &["strongroom"]), used]);
        assert_eq!(testing(&workspace), []);
        for package in &mut workspace.packages {
            package.dependencies.iter_mut().for_each(|used| used.features.push("testing".to_owned()));
        }
        let what = "turns `testing` of `strongroom` on: only a dev-dependency may";
        assert_eq!(testing(&workspace), [Finding::new("crates/kms/Cargo.toml", 1, what)]);
        workspace.packages[0].dependencies[0].for_tests = true;
        assert_eq!(testing(&workspace), []);
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let findings = directions(&Workspace::of(&[("new", &[])]));
        assert_eq!(findings.len(), 1, "{findings:?}");
    }

    #[test]
    fn a_crate_without_lints_is_found() {
        let sources = Sources::of(&[
            ("Cargo.toml", "[workspace]"),
            ("crates/a/Cargo.toml", "[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\n"),
        ]);
        let found: Vec<String> = lints(&sources).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["crates/b/Cargo.toml"]);
    }
}
