//! `PutKeyPolicy`: replaces the key policy, unless the caller would lock itself out.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::PutKeyPolicyRequest};

use crate::{
    Kms,
    gate::{self, Asked, ToPutPolicy},
    key::Key,
    policies,
};

/// The operation.
pub(super) struct PutKeyPolicy;

impl Operation for PutKeyPolicy {
    type Service = Kms;
    type Input = PutKeyPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("PutKeyPolicy", r#"{"KeyId":"{key}","Policy":"{policy}"}"#)
        .at(Rate::PerSecond(15))
        .shows(&["keyId", "policyName", "policy", "bypassPolicyLockoutSafetyCheck"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let bypass = input.bypass_policy_lockout_safety_check;
        let mut asked = Asked::nothing();
        if let Some(bypass) = bypass {
            asked = asked.with("kms:BypassPolicyLockoutSafetyCheck", bypass);
        }

        let key = gate::key::<ToPutPolicy>(kms, cx, &input.key_id, &asked)?;
        policies::check_name(input.policy_name.as_deref())?;
        let policy = policies::accept(kms, cx.region, &input.policy)?;
        let changed = Key { policy, ..Key::clone(key.record()) };
        if !bypass.unwrap_or_default() {
            gate::check_lockout(kms, cx, &changed)?;
        }
        Ok(Outcome::changing(Nothing {}, key.replaced(&changed)))
    }
}
