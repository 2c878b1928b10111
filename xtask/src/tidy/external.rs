//! Which crates from outside the server's crates may use, and why.

use std::collections::BTreeSet;

use super::{Finding, crates::Workspace};

/// A crate from outside, the crates that may use it (none: all may), and the reason to have it. A crate that does I/O,
/// draws randomness or parses what strangers send has its users named.
const PERMITTED: &[(&str, &[&str], &str)] = &[
    ("arc-swap", &[], "state that is swapped as a whole and read without waiting"),
    ("argon2", &["strongroom"], "stretches the seal's passphrase; aws-lc-rs has no Argon2"),
    ("async-trait", &["s3"], "s3s has its operations in such a trait"),
    (
        "aws-lc-rs",
        &[
            "attestation",
            "audit",
            "buckets",
            "cloudtrail",
            "credentials",
            "edge",
            "envelope",
            "forward",
            "keywright-client",
            "keywright-s3",
            "oidc",
            "s3",
            "server",
            "sigv4",
            "strongroom",
            "trail",
        ],
        "cryptography: keys, hashes, signatures of requests",
    ),
    ("base16ct", &[], "hexadecimal, in a time that the bytes do not change; sm2 brings it anyway"),
    ("base64-simd", &[], "base64 at the speed that requests need"),
    ("bytes", &[], "bodies and records that are shared without a copy"),
    ("clap", &["credentials", "dev", "keywright", "keywright-client", "keywright-s3"], "the command line"),
    ("crc-fast", &["s3"], "puts the checksums of parts together; s3s brings it anyway"),
    ("crc32fast", &["store"], "checksums of stored records"),
    ("ed25519-dalek", &["strongroom"], "Ed25519ph, which aws-lc-rs does not offer"),
    ("elliptic-curve", &["strongroom"], "SM2 key agreement; part of sm2"),
    (
        "flate2",
        &["cloudtrail", "keywright"],
        "gzip, which delivered files are in; with miniz_oxide, which is safe Rust",
    ),
    (
        "http",
        &[
            "buckets",
            "credentials",
            "dev",
            "dispatch",
            "edge",
            "forward",
            "keywright",
            "outbound",
            "s3",
            "sigv4",
        ],
        "types of requests and answers, without I/O",
    ),
    ("futures-util", &["s3"], "streams, which s3s has bodies in; s3s brings it anyway"),
    ("http-body-util", &["edge", "outbound", "s3"], "bodies for hyper"),
    ("hyper", &["edge", "keywright-s3", "outbound", "s3"], "HTTP connections"),
    ("hyper-util", &["edge", "keywright-s3", "outbound"], "HTTP connections on tokio"),
    ("imbl", &["cloudtrail", "iam", "kms"], "ordered maps whose versions share what is the same"),
    ("itoa", &["dispatch"], "numbers in answers, without a formatter; serde_json brings it anyway"),
    ("memchr", &["sigv4"], "finds the parts of an Authorization header; many crates bring it anyway"),
    (
        "minicbor",
        &["attestation", "audit", "catalog", "cloudtrail", "iam", "kms", "s3", "server", "state"],
        "stored records, with numbered fields; attestation documents",
    ),
    ("ml-dsa", &["strongroom"], "ML-DSA over an external mu, which aws-lc-rs does not offer"),
    (
        "percent-encoding",
        &["credentials", "dispatch", "forward", "iam", "s3", "sigv4"],
        "URIs, forms, and policies in answers",
    ),
    ("pkcs8", &["strongroom"], "the DER of keys, read and written"),
    ("quick-xml", &["s3"], "XML of an operation that s3s does not know; s3s brings it anyway"),
    ("rand_core", &["strongroom"], "hands given random bytes to crates that ask for a generator"),
    ("rcgen", &["edge"], "the local CA's certificates"),
    ("regex", &["model"], "the patterns of the API's model, in linear time"),
    ("rusqlite", &["catalog", "store"], "the embedded storage engine; an S3 gateway's catalog"),
    (
        "rustix",
        &["audit", "export", "keywright", "keywright-client", "keywright-s3", "s3", "server"],
        "limits, priorities, locked memory and signals of the process; room on a disk; files in memory; reads that do not wait",
    ),
    ("rustls", &["edge", "handshake", "keywright-s3", "outbound"], "TLS"),
    (
        "rustls-native-certs",
        &["outbound"],
        "the CAs that the machine trusts, for the few connections that are opened",
    ),
    ("rustls-pki-types", &["attestation", "edge", "keywright-s3", "outbound"], "TLS, certificates"),
    ("rustls-webpki", &["attestation"], "the path from a certificate to a root"),
    ("s3s", &["s3"], "S3's shapes, XML and routing; its signatures are not used"),
    ("secp256k1", &["strongroom"], "signatures on secp256k1, six times as fast as aws-lc-rs's"),
    (
        "serde",
        &[
            "credentials",
            "dev",
            "dispatch",
            "forward",
            "keywright",
            "keywright-client",
            "keywright-s3",
            "model",
            "oidc",
            "policy",
            "s3",
            "trail",
        ],
        "shapes of what is parsed and shown",
    ),
    (
        "serde-saphyr",
        &["dev"],
        "the seed file of `keywright dev`, in safe Rust and with the place of a mistake",
    ),
    (
        "serde_json",
        &[
            "buckets",
            "credentials",
            "dev",
            "dispatch",
            "forward",
            "keywright",
            "keywright-client",
            "oidc",
            "policy",
            "s3",
            "trail",
        ],
        "bodies, policies, tokens and documents of identity providers, events and shown records, credentials in AWS's form",
    ),
    ("sm2", &["strongroom"], "SM2, which aws-lc-rs does not offer"),
    (
        "strsim",
        &["policy", "server"],
        "the nearest word, when one of a policy or of the configuration is unknown",
    ),
    (
        "tikv-jemallocator",
        &["keywright", "keywright-s3"],
        "gives memory back after a flood: the one allocator that can while the process locks its memory",
    ),
    ("time", &[], "dates as values; the clock is given"),
    (
        "tokio",
        &[
            "catalog",
            "cloudtrail",
            "credentials",
            "dev",
            "dispatch",
            "edge",
            "export",
            "forward",
            "iam",
            "keywright",
            "keywright-client",
            "keywright-s3",
            "kms",
            "outbound",
            "s3",
            "server",
            "state",
            "store",
        ],
        "tasks, and what they wait on; sockets at the edge",
    ),
    ("tokio-rustls", &["edge", "keywright-s3", "outbound"], "TLS"),
    ("toml", &["keywright", "keywright-s3"], "the configuration file; a gateway's list of users"),
    ("tracing", &[], "the operator's log"),
    ("tracing-subscriber", &["keywright", "keywright-s3"], "where the log goes"),
    ("uuid", &["dispatch", "iam"], "ids of requests and reports, from random bytes that are given"),
    ("x509-cert", &["attestation"], "what webpki does not tell of a certificate: the use of its key"),
    ("zeroize", &[], "wipes memory"),
    (
        "zeroizing-alloc",
        &["keywright", "keywright-client", "keywright-s3"],
        "wipes what others free; an allocator cannot be written in safe Rust",
    ),
    (
        "zstd",
        &["audit"],
        "compresses full segments of the journal; no crate in safe Rust does it as fast and as small",
    ),
];

/// Crates from outside are used by those who may, and by somebody.
pub(super) fn permitted(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let shipped = workspace.dependencies().filter(|(package, dependency)| {
        let ships = package.manifest.starts_with("crates/") && package.name != "sim";
        ships && !dependency.for_tests && !workspace.has(&dependency.name)
    });
    for (package, dependency) in shipped {
        let name = dependency.name.as_str();
        used.insert(name);
        let what = match PERMITTED.iter().find(|(permitted, ..)| *permitted == name) {
            None => {
                format!("`{name}` is in no row of PERMITTED: give the reason to have it, and who may use it")
            }
            Some((_, users, _)) if !users.is_empty() && !users.contains(&package.name.as_str()) => {
                format!("`{}` may not use `{name}`", package.name)
            }
            Some(_) => continue,
        };
        findings.push(Finding::new(&package.manifest, 1, what));
    }
    let unused = PERMITTED.iter().filter(|(name, ..)| !used.contains(name));
    findings.extend(unused.map(|(name, ..)| {
        Finding::new("xtask/src/tidy/external.rs", 1, format!("nobody uses `{name}`: remove its row"))
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings about crates, without the rows that so small a workspace leaves unused.
    fn found(packages: &[(&str, &[&str])]) -> Vec<String> {
        let findings = permitted(&Workspace::of(packages));
        let about = findings.iter().filter(|finding| finding.path.starts_with("crates/"));
        about.map(ToString::to_string).collect()
    }

    #[test]
    fn a_user_that_may_not_is_found() {
        assert_eq!(
            found(&[("policy", &["tokio", "time"]), ("store", &["tokio"])]),
            ["crates/policy/Cargo.toml:1: `policy` may not use `tokio`"]
        );
    }

    #[test]
    fn a_crate_without_a_reason_is_found() {
        assert_eq!(found(&[("server", &["left-pad"])]).len(), 1);
    }

    #[test]
    fn a_row_that_nobody_needs_is_found() {
        assert!(permitted(&Workspace::of(&[])).iter().any(|finding| finding.what.contains("`tokio`")));
    }
}
