//! `volume attach` and `detach`: which hosts may open a volume, by grants on its KMS keys.

use forward::{Context, GrantConstraint, KmsError, ListedGrant, NewGrant};
use serde_json::json;

use crate::{
    client::Client,
    ending::ClientFailure,
    streams::print_json,
    volume::{id::VolumeId, options::VolumeHost, place::Volume},
};

/// The longest name of a grant.
const NAME_LETTERS_MAX: usize = 256;

/// Lets a host open a volume. Attaching again makes no second grant.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn attach(client: &Client, options: &VolumeHost) -> Result<(), ClientFailure> {
    let volume = Volume::at(&options.path)?;
    let made = volume.keys().into_iter().map(|key| {
        let grant = NewGrant {
            key: key.to_owned(),
            grantee: options.host.clone(),
            retiring: Some(options.host.clone()),
            operations: vec!["Decrypt".to_owned()],
            constraints: Some(GrantConstraint::Subset(volume.id.context())),
            name: Some(name(&volume.id, &options.host)),
        };
        let made = client.wait(client.kms.create_grant(&client.act_for, &grant))?;
        Ok(json!({"key": key, "grant": made.id}))
    });
    let made = made.collect::<Result<Vec<_>, ClientFailure>>()?;
    print_json(&json!({"volume": volume.id.to_string(), "host": options.host, "grants": made}))
}

/// Takes a host's grants back. What the host has open stays open until it closes it.
///
/// # Errors
/// [`ClientFailure`]; [`ClientFailure::Use`] if the host has no grant.
pub(super) fn detach(client: &Client, options: &VolumeHost) -> Result<(), ClientFailure> {
    let volume = Volume::at(&options.path)?;
    let mut revoked = 0_usize;
    for key in volume.keys() {
        for grant in of_volume(client, key, &volume.id, Some(&options.host))? {
            client.wait(client.kms.revoke_grant(&client.act_for, key, &grant.id))?;
            revoked = revoked.saturating_add(1);
        }
    }
    if revoked == 0 {
        return Err(ClientFailure::Use(format!("{} has no grant for {}", options.host, volume.id)));
    }
    Ok(())
}

/// The grants for a volume on one of its keys: those of a host, or all.
///
/// # Errors
/// [`ClientFailure::Kms`].
pub(super) fn of_volume(
    client: &Client,
    key: &str,
    id: &VolumeId,
    host: Option<&str>,
) -> Result<Vec<ListedGrant>, ClientFailure> {
    let mut grants = client.wait(client.kms.list_grants(&client.act_for, key, host))?;
    grants.retain(|grant| is_for(grant, &id.context()));
    Ok(grants)
}

/// Gives a grant up, which is on one of the volume's keys.
///
/// # Errors
/// [`ClientFailure::Kms`].
pub(super) fn retire(client: &Client, volume: &Volume, grant: &str) -> Result<(), ClientFailure> {
    let mut retired = Err(ClientFailure::Record("the volume has no token".to_owned()));
    for key in volume.keys() {
        retired = client.wait(client.kms.retire_grant(&client.act_for, key, grant));
        match &retired {
            Err(ClientFailure::Kms(KmsError::Fault { code, .. })) if code == "NotFoundException" => {}
            _ => break,
        }
    }
    retired
}

/// Whether it is the way to KMS that fails, so that nothing else that is asked has another answer.
pub(super) fn is_out_of_reach(failure: &ClientFailure) -> bool {
    matches!(failure, ClientFailure::Kms(error) if !matches!(error, KmsError::Fault { .. }))
}

fn is_for(grant: &ListedGrant, context: &Context) -> bool {
    grant.constraints.subset.as_ref() == Some(context)
}

/// The name by which attaching again finds the same grant. Letters that names of grants cannot have become `_`.
fn name(id: &VolumeId, host: &str) -> String {
    let fitting = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, ':' | '/' | '_' | '-');
    let letters = format!("attach-{id}-{host}");
    letters.chars().map(|letter| if fitting(letter) { letter } else { '_' }).take(NAME_LETTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_grants_have_letters_that_they_may_have() {
        let id =
            VolumeId::in_context(&Context::from([("aws:ebs:id".to_owned(), "vol-1".to_owned())])).unwrap();
        assert_eq!(
            name(&id, "arn:aws:iam::111122223333:user/a.b@c"),
            "attach-vol-1-arn:aws:iam::111122223333:user/a_b_c"
        );
        assert_eq!(name(&id, &"h".repeat(1000)).len(), NAME_LETTERS_MAX);
    }

    #[test]
    fn only_grants_for_the_volume_count() {
        let grant = |subset: &str| {
            let json =
                format!(r#"{{"GrantId": "g", "Constraints": {{"EncryptionContextSubset": {subset}}}}}"#);
            serde_json::from_str::<ListedGrant>(&json).unwrap()
        };
        let context = Context::from([("aws:ebs:id".to_owned(), "vol-1".to_owned())]);
        assert!(is_for(&grant(r#"{"aws:ebs:id": "vol-1"}"#), &context));
        assert!(!is_for(&grant(r#"{"aws:ebs:id": "vol-2"}"#), &context));
        assert!(!is_for(&serde_json::from_str(r#"{"GrantId": "g"}"#).unwrap(), &context));
    }
}
