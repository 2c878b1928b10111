//! Key policies in memory: parsed once, and bound to the principals that they meant when they were put.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use policy::{Malformed, Policy, PolicyKind};

use crate::records::PrincipalRecord;

/// A key policy, shared by all keys with the same text and meaning.
#[derive(Debug)]
pub struct KeyPolicy {
    /// As it was put.
    pub text: String,
    /// As it is decided on: principals that have a unique id are named by it.
    pub parsed: Policy,
    /// The unique ids behind the ARNs that it names, as they were when it was put.
    pub ids: PrincipalIds,
}

/// Unique ids by ARNs.
pub type PrincipalIds = BTreeMap<String, String>;

/// The policies that keys have.
#[derive(Default)]
pub(crate) struct SharedPolicies(Mutex<BTreeMap<(String, PrincipalIds), Weak<KeyPolicy>>>);

/// From this many on, policies that no key has any more are forgotten when another is added.
const SWEPT: usize = 10_000;

impl KeyPolicy {
    /// The principals in their stored form; `None` when there are none.
    pub(crate) fn principals(&self) -> Option<Vec<PrincipalRecord<'_>>> {
        let named = self.ids.iter();
        let named =
            named.map(|(arn, id)| PrincipalRecord { arn: arn.as_str().into(), id: id.as_str().into() });
        (!self.ids.is_empty()).then(|| named.collect())
    }
}

impl SharedPolicies {
    /// A policy from the one that another key has, or parsed now.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn parse(&self, text: &str, ids: PrincipalIds) -> Result<Arc<KeyPolicy>, Malformed> {
        let mut policies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (text.to_owned(), ids);
        if let Some(shared) = policies.get(&name).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        let ids = name.1.clone();
        let parsed = Policy::parse(text, PolicyKind::KeyPolicy)?.bind(&|arn| ids.get(arn).cloned());
        let shared = Arc::new(KeyPolicy { text: text.to_owned(), parsed, ids });
        if policies.len() >= SWEPT {
            policies.retain(|_, policy| policy.strong_count() > 0);
        }
        policies.insert(name, Arc::downgrade(&shared));
        Ok(shared)
    }
}
