//! Policies of identities, parsed once and shared by all that have the same text.

use std::sync::Arc;

use policy::{Malformed, Policy, PolicyKind};
use state::Interned;

/// The policies that are in memory.
#[derive(Default)]
pub(crate) struct SharedPolicies {
    identity: Interned<String, Policy>,
    trust: Interned<String, Policy>,
}

impl SharedPolicies {
    /// The parsed form of a policy text, from another that is the same or parsed now.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn document(&self, text: &str, kind: PolicyKind) -> Result<Arc<Policy>, Malformed> {
        let documents = if kind == PolicyKind::TrustPolicy { &self.trust } else { &self.identity };
        documents.of(text.to_owned(), |text| Policy::parse(text, kind))
    }
}
