//! `campaign shred`: which targets a key's deletion makes unreadable, before and after.

use forward::{DescribedKey, KmsError, ObjectsError};

use super::{
    access::TargetAccess,
    certificate::{
        CertificateFiles, CertificateSigner, DeletedKey, Finality, ReadableTarget, ShredCertificate,
        UnreadableTarget,
    },
    finding::find,
    keys::described,
    lines::{LineWriter, PLAN_VERSION, ShredHead, ShredLine},
    moment::moment,
    options::{CertifyOptions, ShredPlanOptions},
    target::{CampaignTarget, TargetEnvelope},
};
use crate::{
    client::Client,
    ending::{ClientFailure, NOT_ALL_DONE, say},
};

/// Writes a plan to shred: all targets under a key, with their envelopes.
///
/// # Errors
/// [`ClientFailure`].
pub(crate) fn plan(access: &TargetAccess<'_>, options: &ShredPlanOptions) -> Result<u8, ClientFailure> {
    let client = access.client;
    let key = described(client, &options.key)?.arn;
    let head = ShredHead { shred: PLAN_VERSION, key: key.clone(), made: moment(client.now_seconds()) };
    let mut out = LineWriter::begin(&options.out, &client.unique(), &head)?;
    let (mut lost, mut kept, mut elsewhere) = (0_u64, 0_u64, 0_u64);
    let passed = find(access, &options.places, &mut |target, envelope| {
        if !envelope.ways.iter().any(|way| way.key == key) {
            elsewhere += 1;
            return Ok(());
        }
        let also = others(&envelope, &key);
        if also.is_empty() {
            lost += 1;
        } else {
            kept += 1;
            say(&format_args!("`{target}` opens also by {}", also.join(", ")));
        }
        out.add(&ShredLine {
            kind: target.kind(),
            place: target.to_string(),
            envelope: envelope.digest,
            also,
        })
    })?;
    out.finish()?;
    say(&format_args!(
        "{lost} become unreadable without {key}, {kept} open by another key too, {elsewhere} are under other keys, \
         {} are something else, {} could not be read",
        passed.others, passed.unreadable
    ));
    Ok(if passed.unreadable > 0 { NOT_ALL_DONE } else { 0 })
}

/// Tries to open everything that was planned, and signs what came of it.
///
/// # Errors
/// [`ClientFailure::Key`] for a key whose deletion is not scheduled, and others.
pub(crate) fn certify(
    access: &TargetAccess<'_>,
    options: &CertifyOptions,
    head: &ShredHead,
    targets: &[(CampaignTarget, ShredLine)],
) -> Result<u8, ClientFailure> {
    let files = CertificateFiles::new(&options.out)?;
    let proof = options.proof.as_deref().map(super::certificate::read_proof).transpose()?;
    let key = deleted(access.client, &head.key)?;
    let signer = CertificateSigner::find(access.client, &options.signing_key)?;
    let (mut unreadable, mut not_unreadable) = (Vec::new(), Vec::new());
    for (target, line) in targets {
        let (kind, place) = (line.kind, line.place.clone());
        match refusal(access, target, line, &head.key)? {
            Ok(answer) => {
                unreadable.push(UnreadableTarget { kind, place, envelope: line.envelope.clone(), answer });
            }
            Err(why) => {
                say(&format_args!("`{place}`: {why}"));
                not_unreadable.push(ReadableTarget { kind, place, why });
            }
        }
    }
    // Somebody may have cancelled the deletion while the targets were tried.
    let key_afterwards = deleted(access.client, &head.key)?;
    if key_afterwards != key {
        return Err(ClientFailure::Key(format!("the state of {} changes: try again", head.key)));
    }
    let (certified, left) = (unreadable.len(), not_unreadable.len());
    let planned = head.made.clone();
    let made = moment(access.client.now_seconds());
    ShredCertificate::new(key, planned, made, unreadable, not_unreadable, proof).sign(
        access.client,
        signer,
        &files,
    )?;
    say(&format_args!("{certified} are certified to be unreadable, {left} are not"));
    Ok(if left > 0 { NOT_ALL_DONE } else { 0 })
}

/// What KMS says when a target is to be opened, if that is for the key's deletion; else why nothing is certified.
///
/// # Errors
/// What the next target would meet too.
fn refusal(
    access: &TargetAccess<'_>,
    target: &CampaignTarget,
    line: &ShredLine,
    key: &str,
) -> Result<Result<String, String>, ClientFailure> {
    let envelope = match access.inspect(target) {
        Ok(Some(envelope)) => envelope,
        Ok(None) => return Ok(Err("it is not encrypted under a KMS key any more".to_owned())),
        Err(failure) if failure.is_of_all() => return Err(failure),
        Err(failure) => return Ok(Err(failure.to_string())),
    };
    if envelope.digest != line.envelope || !envelope.ways.iter().any(|way| way.key == key) {
        return Ok(Err("its envelope is another one than when the plan was made".to_owned()));
    }
    let also = others(&envelope, key);
    if !also.is_empty() {
        return Ok(Err(format!("it opens also by {}", also.join(", "))));
    }
    match access.try_to_open(target, key) {
        Ok(()) => Ok(Err("it opens".to_owned())),
        Err(failure) if failure.is_of_all() => Err(failure),
        Err(failure) if is_of_deletion(&failure) => Ok(Ok(failure.to_string())),
        Err(failure) => Ok(Err(format!("nothing is proved: {failure}"))),
    }
}

/// Whether KMS refuses for a key that is pending deletion, or gone.
fn is_of_deletion(failure: &ClientFailure) -> bool {
    let code = match failure {
        ClientFailure::Kms(KmsError::Fault { code, .. }) => code.as_str(),
        ClientFailure::Objects(ObjectsError::Fault { code, .. }) => code.as_str(),
        _ => return false,
    };
    matches!(code.strip_prefix("KMS.").unwrap_or(code), "KMSInvalidStateException" | "NotFoundException")
}

/// The keys by which something opens besides.
fn others(envelope: &TargetEnvelope, key: &str) -> Vec<String> {
    envelope.ways.iter().filter(|way| way.key != key).map(|way| way.key.clone()).collect()
}

/// What KMS says of a key that is gone, or will be.
///
/// # Errors
/// [`ClientFailure::Key`] for any other key, and for one whose relatives may live on.
fn deleted(client: &Client, arn: &str) -> Result<DeletedKey, ClientFailure> {
    let gone = || DeletedKey { arn: arn.to_owned(), state: Finality::Gone, deletion: None, origin: None };
    match described(client, arn) {
        Err(ClientFailure::Kms(error)) if error.code() == Some("NotFoundException") => {
            if arn.contains(":key/mrk-") {
                return Err(ClientFailure::Key(format!(
                    "{arn} is gone, and nobody tells whether a replica of it is left in another Region"
                )));
            }
            Ok(gone())
        }
        Err(failure) => Err(failure),
        Ok(key) => pending(key),
    }
}

fn pending(key: DescribedKey) -> Result<DeletedKey, ClientFailure> {
    let DescribedKey { arn, key_state, deletion_seconds, origin, multi_region, .. } = key;
    if key_state != "PendingDeletion" {
        return Err(ClientFailure::Key(format!("{arn} is {key_state}: schedule its deletion first")));
    }
    let has_relatives = |family: &forward::KeyFamily| {
        family.multi_region_key_type != "PRIMARY" || !family.replica_keys.is_empty()
    };
    if multi_region.as_ref().is_some_and(has_relatives) {
        return Err(ClientFailure::Key(format!(
            "{arn} has relatives in other Regions, by which the same opens"
        )));
    }
    let deletion = deletion_seconds.map(moment);
    Ok(DeletedKey { arn, state: Finality::PendingDeletion, deletion, origin })
}

#[cfg(test)]
mod tests {
    use forward::{FamilyKey, KeyFamily};

    use super::*;

    fn key(state: &str, family: Option<(&str, usize)>) -> DescribedKey {
        let replica = || FamilyKey { arn: "arn:r".to_owned() };
        DescribedKey {
            arn: "arn:k".to_owned(),
            key_id: "k".to_owned(),
            key_state: state.to_owned(),
            key_usage: "ENCRYPT_DECRYPT".to_owned(),
            key_spec: None,
            key_manager: None,
            material: None,
            deletion_seconds: Some(1_796_000_000),
            origin: Some("AWS_KMS".to_owned()),
            multi_region: family.map(|(kind, replicas)| KeyFamily {
                multi_region_key_type: kind.to_owned(),
                replica_keys: (0..replicas).map(|_| replica()).collect(),
            }),
        }
    }

    #[test]
    fn only_a_key_that_will_be_gone_with_all_its_relatives_is_certified() {
        let certified = pending(key("PendingDeletion", None)).unwrap();
        assert_eq!(certified.deletion.as_deref(), Some("2026-11-30T00:53:20Z"));
        pending(key("PendingDeletion", Some(("PRIMARY", 0)))).unwrap();
        for other in [
            key("Enabled", None),
            key("Disabled", None),
            key("PendingReplicaDeletion", Some(("PRIMARY", 1))),
            key("PendingDeletion", Some(("PRIMARY", 1))),
            key("PendingDeletion", Some(("REPLICA", 0))),
        ] {
            assert_eq!(pending(other).unwrap_err().code(), 78);
        }
    }

    #[test]
    fn a_denial_and_a_disabled_key_prove_nothing() {
        let fault = |code: &str| {
            ClientFailure::Kms(KmsError::Fault {
                code: code.to_owned(),
                message: String::new(),
                status: 400,
                request_id: None,
            })
        };
        assert!(is_of_deletion(&fault("KMSInvalidStateException")));
        assert!(is_of_deletion(&fault("NotFoundException")));
        for code in ["DisabledException", "AccessDeniedException", "InvalidCiphertextException"] {
            assert!(!is_of_deletion(&fault(code)), "{code}");
        }
        let (code, message) = ("KMS.KMSInvalidStateException".to_owned(), String::new());
        let of_s3 = ClientFailure::Objects(ObjectsError::Fault { code, message, status: 400 });
        assert!(is_of_deletion(&of_s3));
    }
}
