//! What a key says to a simulated question. It gives no access, and tells only the key's own account.

use std::sync::Arc;

use dispatch::{Asker, CoveringGrant, Principals, Resource, Resources};
use model::{
    arn::{AccountId, KeyRef},
    kms::GrantOperation,
};
use policy::{ConditionKey, ConditionKeys, Values};

use super::{conditions::of_key, resolve};
use crate::{
    grants::names,
    key::Key,
    policies,
    tables::{Shelf, Tables},
};

/// What the key policy has no say in: grants and identity policies alone decide.
const WITHOUT_KEY_POLICY: &str = "kms:RetireGrant";

impl Resources for Tables {
    fn find(
        &self,
        principals: &dyn Principals,
        account: AccountId,
        arn: &str,
        asker: &Asker<'_>,
    ) -> Option<Resource> {
        let is_about_keys =
            asker.action.split_at_checked(4).is_some_and(|(start, _)| start.eq_ignore_ascii_case("kms:"));
        if !is_about_keys || asker.action.eq_ignore_ascii_case(WITHOUT_KEY_POLICY) {
            return None;
        }
        let Ok(KeyRef::Arn(arn)) = KeyRef::parse(arn) else { return None };
        if arn.account != account {
            return None;
        }
        let (shelf, key) = resolve::by_arn(self, &arn)?;
        Some(Resource {
            policy: Arc::new(key.policy.parsed.clone()),
            text: policies::shown(principals, &key.policy),
            grant: granted(&shelf, &key, asker),
            keys: Box::new(OfKey { shelf, key }),
        })
    }
}

/// A grant that would cover the question: one to the caller itself before one to its role, that before one to its
/// account.
fn granted(shelf: &Shelf, key: &Key, asker: &Asker<'_>) -> Option<CoveringGrant> {
    let grants = shelf.grants(key.arn.key_id)?;
    let operation = GrantOperation::parse(asker.action.strip_prefix("kms:")?)?;
    let context = asker.encryption_context;
    let applicable = names(asker.principal)
        .into_iter()
        .flat_map(|(name, _)| grants.applicable(&name, operation, context).collect::<Vec<_>>())
        .filter(|grant| grant.admits(operation, context, None));
    let mut named = applicable.filter_map(|grant| Some((grant.grantee.naming(asker.principal)?, grant)));
    let (naming, grant) = named.next()?;
    Some(CoveringGrant { id: grant.id.to_string(), naming })
}

/// The condition keys that every request on a key has.
struct OfKey {
    shelf: Arc<Shelf>,
    key: Arc<Key>,
}

impl ConditionKeys for OfKey {
    fn lookup(&self, asked: &ConditionKey) -> Option<Values<'_>> {
        match (asked.name(), asked.variable()) {
            ("aws:requestedregion", None) => Some(Values::one(self.key.arn.region.as_str())),
            _ => of_key(&self.key, Some(&self.shelf), asked),
        }
    }
}
