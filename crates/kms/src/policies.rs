//! Key policies: the default, what is accepted, and the safety check against lockout.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>

use std::sync::Arc;

use dispatch::{Fault, Principals};
use model::arn::{AccountId, Region};

use crate::{
    Kms, faults,
    key_policy::{KeyPolicy, PrincipalIds},
    principals,
};

/// The one name that a key policy can have.
pub(crate) const NAME: &str = "default";

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
      "AWS" : "{}"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#,
        region.partition().iam_arn(account, "root")
    );
    accept(kms, region, &text)
}

/// Parses a policy that a caller puts in a Region, and checks that whatever it names is of the Region's partition, and
/// that the principals exist.
pub(crate) fn accept(kms: &Kms, region: &Region, text: &str) -> Result<Arc<KeyPolicy>, Fault> {
    let limit = kms.quotas.key_policy_bytes;
    if text.len() > limit {
        return Err(Fault::new(
            &faults::LIMIT_EXCEEDED,
            format!("The key policy exceeds the limit of {limit} bytes."),
        ));
    }
    let malformed =
        |malformed: policy::Malformed| Fault::new(&faults::MALFORMED_POLICY, malformed.to_string());
    let policy = kms.tables().policy(text, PrincipalIds::new()).map_err(malformed)?;
    policy::check_partition(text, region.partition().as_str()).map_err(malformed)?;
    if !policy.parsed.principals().all(|principal| principals(kms).exist(principal)) {
        return Err(Fault::new(
            &faults::MALFORMED_POLICY,
            "Policy contains a statement with one or more invalid principals.",
        ));
    }
    // From here on the policy means those that bear the names now, not whoever is given them later.
    let id =
        |named| Some((policy::PrincipalPattern::arn(named)?.to_owned(), principals(kms).unique_id(named)?));
    let ids: PrincipalIds = policy.parsed.principals().filter_map(id).collect();
    if ids.is_empty() { Ok(policy) } else { kms.tables().policy(text, ids).map_err(malformed) }
}

/// A policy as its reader sees it: a principal that has another name now is shown with that, one that is gone
/// with its unique id.
pub(crate) fn shown(principals: &dyn Principals, policy: &KeyPolicy) -> String {
    policy::rename_principals(policy.parsed.text(), &|arn| {
        let id = policy.ids.get(arn)?;
        Some(principals.arn(id).unwrap_or_else(|| id.clone()))
    })
}

/// There is one policy, and this is its name.
pub(crate) fn check_name(name: Option<&str>) -> Result<(), Fault> {
    match name {
        None | Some(NAME) => Ok(()),
        Some(_) => Err(Fault::new(&faults::NOT_FOUND, "No such policy exists")),
    }
}
