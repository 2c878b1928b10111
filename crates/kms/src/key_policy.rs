//! Key policies in memory: parsed once, and bound to the principals that they meant when they were put.

use std::{collections::BTreeMap, sync::Arc};

use policy::{Malformed, Policy, PolicyKind};
use state::Interned;

use crate::records::PrincipalRecord;

/// A key policy, shared by all keys with the same text and meaning.
#[derive(Debug)]
pub struct KeyPolicy {
    /// As it is decided on: principals that have a unique id are named by it. Its text is as it was put.
    pub parsed: Policy,
    /// The unique ids behind the ARNs that it names, as they were when it was put.
    pub ids: PrincipalIds,
}

/// Unique ids by ARNs.
pub type PrincipalIds = BTreeMap<String, String>;

/// The policies that keys have.
#[derive(Default)]
pub(crate) struct SharedPolicies(Interned<(String, PrincipalIds), KeyPolicy>);

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
        self.0.of((text.to_owned(), ids), |(text, ids)| {
            let parsed = Policy::parse(text, PolicyKind::KeyPolicy)?.bind(&|arn| ids.get(arn).cloned());
            Ok(KeyPolicy { parsed, ids: ids.clone() })
        })
    }
}
