//! A grant that is found, with its key.

use std::sync::Arc;

use dispatch::Fault;
use model::arn::GrantId;

use crate::{faults, grants::Grant, key::Key, tables::Shelf};

/// A grant and its key.
pub(crate) struct Granted {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) key: Arc<Key>,
    pub(crate) grant: Arc<Grant>,
}

impl Granted {
    /// The grant with this id on a key.
    pub(super) fn find(shelf: Arc<Shelf>, key: Arc<Key>, id: GrantId) -> Result<Self, Fault> {
        let grant = shelf.grants(key.arn.key_id).and_then(|grants| grants.get(id)).map(Arc::clone);
        let grant = grant.ok_or_else(|| faults::grant_not_found(id))?;
        Ok(Self { shelf, key, grant })
    }
}
