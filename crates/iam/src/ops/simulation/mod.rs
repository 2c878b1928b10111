//! Operations that tell what policies come to, without asking for anything in earnest.

pub(super) mod get_context_keys_for_custom_policy;
pub(super) mod get_context_keys_for_principal_policy;
pub(super) mod simulate_custom_policy;
pub(super) mod simulate_principal_policy;

use std::collections::BTreeSet;

use dispatch::Fault;
use model::iam::GetContextKeysForPolicyResponse;

use crate::{faults, simulate::Source};

/// Policies of organizations are not offered: a simulation without them would tell something else.
fn no_organizations(given: bool) -> Result<(), Fault> {
    if given {
        Err(faults::invalid("OrderedOrganizationPolicyInputList is not offered; there are no organizations."))
    } else {
        Ok(())
    }
}

/// The condition keys of all of these policies, each once.
fn context_keys<'a>(policies: impl Iterator<Item = &'a Source>) -> GetContextKeysForPolicyResponse {
    let keys: BTreeSet<String> =
        policies.flat_map(|source| source.document.condition_keys()).map(str::to_owned).collect();
    GetContextKeysForPolicyResponse { context_key_names: Some(keys.into_iter().collect()) }
}
