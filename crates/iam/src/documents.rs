//! Policies of identities, parsed once and shared by all that have the same text.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use policy::{Malformed, Policy, PolicyKind};

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
    identity: Mutex<BTreeMap<String, Weak<Document>>>,
    trust: Mutex<BTreeMap<String, Weak<Document>>>,
}

/// From this many on, policies that nobody has any more are forgotten when another is added.
const SWEPT: usize = 10_000;

impl SharedPolicies {
    /// The parsed form of a policy text, from another that is the same or parsed now.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn document(&self, text: &str, kind: PolicyKind) -> Result<Arc<Document>, Malformed> {
        let shelf = if kind == PolicyKind::TrustPolicy { &self.trust } else { &self.identity };
        let mut documents = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = documents.get(text).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        let parsed = Arc::new(Policy::parse(text, kind)?);
        let shared = Arc::new(Document { text: text.to_owned(), parsed });
        if documents.len() >= SWEPT {
            documents.retain(|_, document| document.strong_count() > 0);
        }
        documents.insert(text.to_owned(), Arc::downgrade(&shared));
        Ok(shared)
    }
}
