//! `ListKeyPolicies`: the names of a key's policies, of which there is one.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{ListKeyPoliciesRequest, ListKeyPoliciesResponse};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToListPolicies},
    limits::LIST_KEY_POLICIES,
    policies,
};

/// The operation.
pub(super) struct ListKeyPolicies;

impl Operation for ListKeyPolicies {
    type Service = Kms;
    type Input = ListKeyPoliciesRequest;
    type Output = ListKeyPoliciesResponse;
    const FACTS: Facts = Facts::reading("ListKeyPolicies", r#"{"KeyId":"{key}"}"#)
        .on_managed()
        .at(Rate::PerSecond(100))
        .shows(&["keyId", "limit", "marker"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        LIST_KEY_POLICIES.check(input.limit)?;
        gate::key::<ToListPolicies>(kms, cx, &input.key_id, &Asked::nothing())?;
        if input.marker.is_some() {
            // One page holds all there is, so no marker was ever given out.
            return Err(faults::invalid_marker());
        }
        Ok(ListKeyPoliciesResponse {
            policy_names: Some(vec![policies::NAME.to_owned()]),
            truncated: Some(false),
            ..ListKeyPoliciesResponse::default()
        }
        .into())
    }
}
