//! What a key says to a simulated question. It gives no access, and tells only the key's own account.

use std::{collections::BTreeMap, sync::Arc};

use dispatch::{Asker, Granted, Resource, Resources};
use model::{
    arn::{AccountId, KeyRef},
    kms::GrantOperation,
};

use super::resolve;
use crate::{
    Kms,
    grants::{Likeness, names},
    limits::RESOURCE_ALIASES,
    policies,
    tables::{Key, Shelf},
};

/// What the key policy has no say in: grants and identity policies alone decide.
const WITHOUT_KEY_POLICY: &str = "kms:RetireGrant";

impl Resources for Kms {
    fn find(&self, account: AccountId, arn: &str, asker: &Asker<'_>) -> Option<Resource> {
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
            text: policies::shown(self, &key.policy),
            grant: granted(&shelf, &key, asker),
            keys: keys(&shelf, &key),
        })
    }
}

/// A grant that would cover the question, one to the caller itself before one to its account.
fn granted(shelf: &Shelf, key: &Key, asker: &Asker<'_>) -> Option<Granted> {
    let grants = shelf.grants(key.arn.key_id)?;
    let operation = GrantOperation::parse(asker.action.strip_prefix("kms:")?)?;
    let context = asker.encryption_context;
    let applicable = names(asker.principal)
        .flat_map(|name| grants.applicable(name, operation, context).collect::<Vec<_>>())
        .filter(|grant| grant.admits(operation, context, None));
    let likened = applicable.filter_map(|grant| Some((grant.grantee.likeness(asker.principal)?, grant)));
    let (likeness, grant) = likened.max_by_key(|(likeness, _)| *likeness)?;
    Some(Granted { id: grant.id.to_string(), to_account: likeness == Likeness::Account })
}

/// The condition keys that every request on the key has.
fn keys(shelf: &Shelf, key: &Key) -> BTreeMap<String, Vec<String>> {
    let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let mut keys = BTreeMap::from([
        one("aws:resourceaccount", &key.arn.account.to_string()),
        one("aws:requestedregion", key.arn.region.as_str()),
        one("kms:keyorigin", key.origin.as_str()),
        one("kms:keyspec", key.spec.as_str()),
        one("kms:customermasterkeyspec", key.spec.as_str()),
        one("kms:keyusage", key.usage.as_str()),
        one("kms:customermasterkeyusage", key.usage.as_str()),
        one("kms:multiregion", if key.arn.key_id.is_multi_region() { "true" } else { "false" }),
    ]);
    keys.extend(key.family_role().map(|role| one("kms:multiregionkeytype", role.as_str())));
    keys.extend(key.tags.iter().map(|(name, value)| one(&format!("aws:resourcetag/{name}"), value)));
    let aliases: Vec<String> =
        shelf.aliases_of(key.arn.key_id).map(|name| name.as_str().to_owned()).collect();
    if (1..=RESOURCE_ALIASES).contains(&aliases.len()) {
        keys.insert("kms:resourcealiases".to_owned(), aliases);
    }
    keys
}
