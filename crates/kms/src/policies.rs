//! Key policies: the default, what is accepted, and the safety check against lockout.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>

use std::sync::Arc;

use dispatch::{Cx, Fault};
use model::arn::{AccountId, Region};

use crate::{
    Kms, faults,
    gate::{self, Asked},
    limits::KEY_POLICY_BYTES,
    tables::{Key, KeyPolicy},
};

/// The one name that a key policy can have.
pub(crate) const NAME: &str = "default";

/// Says whether principals that policies name exist.
pub trait Principals: Send + Sync {
    /// Whether there is such an account, user or role.
    fn exist(&self, principal: &policy::PrincipalPattern) -> bool;

    /// The unique id of a user or role, by which it is told from one that gets its name after it. `None` for
    /// those that have none, and for those that do not exist.
    fn unique_id(&self, principal: &policy::PrincipalPattern) -> Option<String> {
        let _ = principal;
        None
    }
}

/// The policy of a key that was made without one: its account decides, by identity policies.
/// Line breaks and spaces are AWS's.
pub(crate) fn default(kms: &Kms, account: AccountId, region: &Region) -> Result<Arc<KeyPolicy>, Fault> {
    let text = format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{}:iam::{account}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#,
        region.partition()
    );
    accept(kms, &text)
}

/// Parses a policy that a caller puts, and checks that the principals it names exist.
pub(crate) fn accept(kms: &Kms, text: &str) -> Result<Arc<KeyPolicy>, Fault> {
    if text.len() > KEY_POLICY_BYTES {
        return Err(Fault::new(
            &faults::LIMIT_EXCEEDED,
            format!("The key policy exceeds the limit of {KEY_POLICY_BYTES} bytes."),
        ));
    }
    let policy = kms
        .memory
        .policy(text)
        .map_err(|malformed| Fault::new(&faults::MALFORMED_POLICY, malformed.to_string()))?;
    if !policy.parsed.principals().all(|principal| kms.principals.exist(principal)) {
        return Err(Fault::new(
            &faults::MALFORMED_POLICY,
            "Policy contains a statement with one or more invalid principals.",
        ));
    }
    Ok(policy)
}

/// The caller must be able to put the next policy too.
pub(crate) fn check_lockout(kms: &Kms, cx: &Cx<'_>, changed: &Key) -> Result<(), Fault> {
    if gate::would_allow(kms, cx, "kms:PutKeyPolicy", changed, &Asked::nothing()) {
        return Ok(());
    }
    Err(Fault::new(
        &faults::MALFORMED_POLICY,
        "The new key policy will not allow you to update the key policy in the future.",
    ))
}

/// There is one policy, and this is its name.
pub(crate) fn check_name(name: Option<&str>) -> Result<(), Fault> {
    match name {
        None | Some(NAME) => Ok(()),
        Some(_) => Err(Fault::new(&faults::NOT_FOUND, "No such policy exists")),
    }
}
