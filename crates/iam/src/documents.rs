//! Policies of identities, parsed once and shared by all that have the same text.

use std::sync::Arc;

use policy::{Malformed, Policy, PolicyKind};
use state::Interned;

/// A policy: its text and what it says.
#[derive(Debug)]
pub(crate) struct Document {
    /// As it was put.
    pub(crate) text: String,
    /// As it is decided on.
    pub(crate) parsed: Arc<Policy>,
}

/// The policies that are in memory.
#[derive(Default)]
pub(crate) struct SharedPolicies {
    identity: Interned<String, Document>,
    trust: Interned<String, Document>,
}

impl SharedPolicies {
    /// The parsed form of a policy text, from another that is the same or parsed now.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn document(&self, text: &str, kind: PolicyKind) -> Result<Arc<Document>, Malformed> {
        let documents = if kind == PolicyKind::TrustPolicy { &self.trust } else { &self.identity };
        documents.of(text.to_owned(), |text| {
            Ok(Document { text: text.clone(), parsed: Arc::new(Policy::parse(text, kind)?) })
        })
    }
}
