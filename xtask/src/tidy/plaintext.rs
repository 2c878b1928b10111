//! Who may come near key material.

use std::collections::BTreeSet;

use super::{Finding, Source, Sources};

/// Files and folders outside the strongroom that may name it, with what they need it for. Operations are not among them:
/// they have keys from the gate only.
const STRONGROOM: &[(&str, &str)] = &[
    ("crates/cloudtrail/src/delivery/mod.rs", "words what the strongroom refuses"),
    ("crates/cloudtrail/src/digest_keys.rs", "has the keys of digests made, and used"),
    ("crates/cloudtrail/src/faults.rs", "words what the strongroom refuses"),
    ("crates/cloudtrail/src/lib.rs", "holds the strongroom"),
    ("crates/dev/src/place.rs", "makes a seal that ends with the process"),
    ("crates/dispatch/src/backstage.rs", "hands the source of entropy on"),
    ("crates/dispatch/src/cx.rs", "hands the source of entropy on"),
    ("crates/dispatch/src/event.rs", "hands the source of entropy on"),
    ("crates/dispatch/src/strangers.rs", "draws the ids of summaries from the source of entropy"),
    ("crates/dispatch/src/pages.rs", "vouches for the markers of listings"),
    ("crates/iam/src/credentials.rs", "seals and opens secret access keys"),
    ("crates/iam/src/tables.rs", "opens secret access keys when they enter memory"),
    ("crates/iam/src/lib.rs", "holds the strongroom"),
    ("crates/iam/src/sessions/session.rs", "has the tokens of sessions opened"),
    ("crates/iam/src/sessions/shelf.rs", "hashes the tokens of sessions"),
    ("crates/iam/src/sessions/token.rs", "seals and opens the tokens of sessions"),
    ("crates/iam/src/setup.rs", "seals the first secret access key"),
    ("crates/kms/src/faults.rs", "words what the strongroom refuses"),
    ("crates/kms/src/gate/", "the only way to material"),
    ("crates/kms/src/grants/token.rs", "vouches for grant tokens"),
    ("crates/kms/src/grants/wanted.rs", "hashes what a grant is wanted for"),
    ("crates/kms/src/import/wrapping.rs", "has imported material wrapped and unwrapped"),
    ("crates/kms/src/making.rs", "has keys made"),
    ("crates/kms/src/materials.rs", "keeps opened material"),
    ("crates/kms/src/rotation.rs", "hands the source of entropy on"),
    ("crates/kms/src/seed.rs", "takes the material of a seed file over"),
    ("crates/kms/src/service.rs", "holds the strongroom"),
    ("crates/kms/src/signing.rs", "puts what is signed into the strongroom's form"),
    ("crates/server/src/compose.rs", "makes the strongroom, and hands the source of entropy on"),
    ("crates/server/src/authenticate.rs", "has the strongroom unsealed to vouch for records"),
    ("crates/server/src/data_dir.rs", "draws the id of a node"),
    ("crates/server/src/deployment.rs", "has the strongroom unsealed, and domain keys made"),
    ("crates/server/src/entropy.rs", "is the source of entropy"),
    ("crates/server/src/founding.rs", "has the first domain key and the first access key sealed"),
    ("crates/server/src/health.rs", "asks whether the strongroom is unsealed"),
    ("crates/server/src/keeper.rs", "keeps the strongroom unsealed"),
    ("crates/server/src/notary.rs", "vouches for the records of the store"),
    ("crates/server/src/seal.rs", "makes the seal from its file"),
];
/// Functions outside the strongroom that look into a `Plaintext`, with the reason. In the strongroom anything may; that
/// is what it is for.
const REVEALED: &[(&str, &str, &str)] = &[
    ("crates/dispatch/src/authentication.rs", "authenticate", "derives the key of a signature"),
    (
        "crates/iam/src/own/get_signing_key.rs",
        "run",
        "derives the key with which a service verifies its user's requests, and reads a session's token",
    ),
    ("crates/iam/src/sessions/token.rs", "mint", "puts the secret of a session into its token"),
    ("crates/iam/src/sessions/token.rs", "read", "reads what a session's token says beside the secret"),
    ("crates/iam/src/sessions/token.rs", "secret", "takes the secret of a session out of its token"),
    ("crates/iam/src/sts/web_identity.rs", "establish", "reads the token of an identity provider"),
    ("crates/kms/src/gate/usable/pairs.rs", "mac", "hands the caller's message to the strongroom"),
    ("crates/kms/src/gate/usable/pairs.rs", "verify_mac", "hands the caller's message to the strongroom"),
    ("crates/kms/src/signing.rs", "message", "hands the caller's message to the strongroom"),
    ("crates/model/src/revealed.rs", "serialize", "writes the caller's own plaintext into the answer"),
    ("crates/keywright/src/root.rs", "profile", "writes the root user's secret access key once"),
    ("crates/keywright/src/commands.rs", "first_steps", "prints the root user's secret access key once"),
    ("crates/credentials/src/lib.rs", "once", "prints temporary credentials for a `credential_process`"),
    ("crates/credentials/src/lib.rs", "print", "prints the token of the endpoint for credentials"),
    ("crates/credentials/src/lib.rs", "write_private", "writes that token into its file"),
    ("crates/outbound/src/own.rs", "from_file", "reads an access key out of a file in AWS's form"),
    ("crates/buckets/src/s3.rs", "request", "signs with the secret access key of a bucket"),
    (
        "crates/s3/src/files/bucket_client.rs",
        "request",
        "signs with the secret access key of the bucket behind a gateway",
    ),
    ("crates/credentials/src/assume.rs", "request", "signs with the own secret access key"),
    (
        "crates/credentials/src/session.rs",
        "shown",
        "writes temporary credentials in the form of AWS's clients",
    ),
    ("crates/credentials/src/endpoint.rs", "as_ref", "answers temporary credentials to who has the token"),
    ("crates/credentials/src/endpoint.rs", "check", "compares the token that was sent"),
    ("crates/envelope/src/keys.rs", "derive", "derives the keys that seal an object"),
    ("crates/envelope/src/message/derived.rs", "derive", "derives the key of a message"),
    ("crates/envelope/src/keys.rs", "gcm", "wraps and unwraps under a bucket key"),
    ("crates/envelope/src/keys.rs", "wrap", "wraps the key of an object"),
    ("crates/client/src/agent.rs", "write", "hands a secret to systemd, which asks for it"),
    ("crates/client/src/commands.rs", "unwrap", "writes a secret where its owner wants it"),
    ("crates/client/src/contents.rs", "in_form", "writes a secret in the form that a program reads"),
    ("crates/client/src/contents.rs", "together", "puts secrets one after the other"),
    ("crates/client/src/delivery.rs", "in_memory", "hands a secret over by a descriptor"),
    ("crates/client/src/delivery.rs", "put", "looks for what cannot stand in a variable"),
    ("crates/client/src/delivery.rs", "variable", "hands a secret over in a variable"),
    ("crates/client/src/delivery.rs", "write", "hands a secret over in a file in memory"),
    (
        "crates/client/src/volume/access.rs",
        "passphrase",
        "hands a passphrase to cryptsetup, which asks for it",
    ),
    ("crates/client/src/volume/programs.rs", "run", "hands a key to a program of the system, by a pipe"),
    ("crates/client/src/volume/recovery.rs", "keep", "writes a recovery key once"),
    ("crates/forward/src/act_for.rs", "session", "states a session by its token"),
    ("crates/forward/src/cache.rs", "hashed", "tells sessions apart by their tokens"),
    ("crates/forward/src/container.rs", "header", "shows the token of the endpoint for credentials"),
    ("crates/forward/src/container.rs", "read", "reads the credentials of that endpoint"),
    ("crates/forward/src/kms.rs", "request", "signs with the secret access key"),
    ("crates/forward/src/objects.rs", "exchange", "signs with the secret access key"),
    ("crates/forward/src/objects.rs", "text", "reads listings and faults out of answers"),
    ("crates/forward/src/sts.rs", "exchange", "reads the session of a role out of an answer"),
    ("crates/forward/src/sts.rs", "request", "signs with the own secret access key"),
    ("crates/forward/src/settings.rs", "text", "looks for settings in files that may have access keys too"),
    ("crates/forward/src/wire.rs", "as_ref", "sends what is to be encrypted"),
    ("crates/forward/src/wire.rs", "read", "reads data keys out of answers"),
    ("crates/forward/src/wire.rs", "fault", "reads the code of a fault out of an answer"),
    ("crates/forward/src/wire.rs", "serialize", "writes what is to be encrypted into a call"),
    ("crates/s3/src/gateway.rs", "open_note", "reads the checksum of an object"),
    ("crates/s3/src/keywright.rs", "ask", "reads a signing key's answer"),
    ("crates/s3/src/keywright.rs", "key_bytes", "decodes a signing key"),
    ("crates/s3/src/keywright.rs", "requester", "takes a signing key over"),
    ("crates/s3/src/listed.rs", "signing_key", "derives the key of a signature"),
    ("crates/keywright-s3/src/users.rs", "read", "reads the list of users"),
    ("crates/keywright-s3/src/users.rs", "secret", "takes a secret over from the list, or from its own file"),
    ("crates/dev/src/seed.rs", "visit_str", "decodes the base64 of a seed file"),
    ("crates/server/src/notary.rs", "open", "hands the content of a ledger to the store"),
    ("crates/server/src/seal.rs", "create", "writes a new seal key into its file"),
    ("crates/server/src/seal.rs", "passphrase", "reads the passphrase's first line"),
];

/// Only listed files name the strongroom.
pub(super) fn strongroom(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    let guarded = [
        "crates/cloudtrail/",
        "crates/dev/",
        "crates/dispatch/",
        "crates/iam/",
        "crates/kms/",
        "crates/server/",
    ];
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    for file in sources.shipped().filter(|file| guarded.iter().any(|folder| file.path.starts_with(folder))) {
        let Some((number, _)) = file.code().find(|(_, line)| line.contains("strongroom::")) else { continue };
        match STRONGROOM.iter().find(|(path, _)| file.path.starts_with(path)) {
            Some((path, _)) => drop(needed.insert(path)),
            None => findings.push(Finding::new(
                &file.path,
                number,
                "names the strongroom: ask the gate for a key",
            )),
        }
    }
    let stale = STRONGROOM.iter().filter(|(path, _)| {
        sources.shipped().any(|file| file.path.starts_with(path)) && !needed.contains(path)
    });
    findings
        .extend(stale.map(|(path, _)| Finding::new(path, 1, "does not name the strongroom: remove its row")));
    findings
}

/// The callers of `Plaintext::reveal` are those of the list.
pub(super) fn revealed(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let outside = sources.shipped().filter(|file| {
        !file.path.starts_with("crates/strongroom/") && !file.path.starts_with("crates/secret/")
    });
    for (file, number, function) in outside.flat_map(reveals) {
        if REVEALED.iter().any(|(path, caller, _)| *path == file.path && *caller == function) {
            seen.insert((&file.path, function));
        } else {
            let what = format!("`{function}` reveals a plaintext and is in no row of REVEALED");
            findings.push(Finding::new(&file.path, number, what));
        }
    }
    let stale =
        REVEALED.iter().filter(|(path, caller, _)| sources.has(path) && !seen.contains(&(path, caller)));
    findings.extend(stale.map(|(path, caller, _)| {
        Finding::new(path, 1, format!("`{caller}` reveals nothing: remove its row"))
    }));
    findings
}

/// The calls of `reveal` in a file, with the functions that they are in.
fn reveals(file: &Source) -> Vec<(&Source, usize, &str)> {
    let mut function = "";
    let mut found = Vec::new();
    for (number, line) in file.code() {
        if let Some((before, rest)) = line.split_once("fn ")
            && before
                .split_whitespace()
                .all(|word| word.starts_with("pub") || ["async", "const"].contains(&word))
        {
            function = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        }
        if line.contains("reveal()") || line.contains("Plaintext::reveal") {
            found.push((file, number, function));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_operation_that_names_the_strongroom_is_found() {
        let sources = Sources::of(&[
            ("crates/kms/src/ops/a.rs", "//! No strongroom::here.\nuse strongroom::Material;\n"),
            ("crates/kms/src/gate/usable.rs", "use strongroom::Material;\n"),
        ]);
        let expected = "crates/kms/src/ops/a.rs:2: names the strongroom: ask the gate for a key";
        assert_eq!(text(&strongroom(&sources)), [expected]);
    }

    #[test]
    fn a_stale_row_is_found() {
        let sources = Sources::of(&[("crates/dispatch/src/pages.rs", "")]);
        assert_eq!(strongroom(&sources).len(), 1);
        let sources = Sources::of(&[("crates/model/src/revealed.rs", "")]);
        assert_eq!(revealed(&sources).len(), 1);
    }

    #[test]
    fn a_new_caller_of_reveal_is_found() {
        let code = "impl A {\n    pub(crate) fn look(&self) {\n        log(self.text.reveal());\n    }\n}\n";
        let sources = Sources::of(&[("crates/kms/src/a.rs", code), ("crates/strongroom/src/b.rs", code)]);
        let expected = "crates/kms/src/a.rs:3: `look` reveals a plaintext and is in no row of REVEALED";
        assert_eq!(text(&revealed(&sources)), [expected]);
    }
}
