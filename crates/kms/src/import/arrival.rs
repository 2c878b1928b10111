//! The arrival of material at a key.

use std::sync::Arc;

use dispatch::Fault;
use model::{
    Timestamp,
    arn::MaterialId,
    kms::{ImportType, KeySpec},
};
use state::{replaced, unchanged};
use store::Batch;

use crate::{
    faults,
    key::Key,
    materials::{Imported, StoredMaterial},
    tables::{Shelf, Tables},
};

/// What the caller says of the material that it brings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    pub(crate) import_type: Option<ImportType>,
    pub(crate) material_id: Option<MaterialId>,
    pub(crate) description: Option<String>,
    /// When it expires; `None` for never.
    pub(crate) valid_to: Option<Timestamp>,
}

/// Material that has been unwrapped, and the key that it came to.
pub(crate) struct Arrival<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) shelf: &'a Shelf,
    pub(crate) key: &'a Key,
    pub(crate) id: MaterialId,
    /// As the strongroom sealed it.
    pub(crate) token: Vec<u8>,
    /// Of a pair.
    pub(crate) public_key: Option<Vec<u8>>,
}

impl Arrival<'_> {
    /// The change that gives the material to the key: as the first, as one that waits to become current, or in the place of
    /// the same material that went.
    pub(crate) fn admit(self, wish: Wish, now: Timestamp) -> Result<Batch, Fault> {
        let own = self.shelf.material(self.key.arn.key_id, self.id);
        let known = own.map(|own| own.unopened()).or_else(|| self.at_primary());
        self.check(&wish, known.is_some())?;

        let (place, key_id) = (self.key.place(), self.key.arn.key_id);
        let mut changed = self.key.clone();
        if known.is_none() && changed.current_material.is_none() {
            changed.current_material = Some(self.id);
        } else if own.is_none() {
            changed.pending_material = Some(self.id);
        }
        let missing = self.shelf.is_missing_material(&changed, Some(self.id));
        changed.state = self.key.state.with_material(missing);

        let known = known.unwrap_or_else(|| StoredMaterial {
            created: now,
            order: self.shelf.next_order(key_id),
            ..StoredMaterial::default()
        });
        // What was said of it before holds until something else is said.
        let described = known.imported.as_ref().and_then(|imported| imported.description.clone());
        let imported = Imported { valid_to: wish.valid_to, description: wish.description.or(described) };
        let material = StoredMaterial {
            token: Some(self.token.clone()),
            public_key: self.public_key.clone(),
            imported: Some(imported),
            ..known
        };
        let change = replaced(self.key, &changed).put(place.material(key_id, self.id), material.encode());
        Ok(match self.primary().filter(|_| own.is_none()) {
            Some(primary) => change.only_if(unchanged(&primary)),
            None => change,
        })
    }

    fn check(&self, wish: &Wish, is_known: bool) -> Result<(), Fault> {
        let key = self.key;
        let has_had = key.current_material.is_some() || key.replica;
        let asked = wish.import_type.unwrap_or(match has_had {
            true => ImportType::ExistingKeyMaterial,
            false => ImportType::NewKeyMaterial,
        });
        match asked {
            ImportType::ExistingKeyMaterial if !is_known => Err(faults::incorrect_material()),
            ImportType::ExistingKeyMaterial if wish.material_id.is_some_and(|id| id != self.id) => {
                Err(faults::incorrect_material())
            }
            ImportType::ExistingKeyMaterial => Ok(()),
            ImportType::NewKeyMaterial if key.replica => Err(faults::not_a_primary(&key.arn)),
            ImportType::NewKeyMaterial if is_known => Err(faults::incorrect_material()),
            ImportType::NewKeyMaterial if has_had && key.spec != KeySpec::SymmetricDefault => {
                Err(faults::incorrect_material())
            }
            ImportType::NewKeyMaterial => match key.pending_material {
                Some(pending) => Err(faults::another_pending(&key.arn, self.id, pending)),
                None => Ok(()),
            },
        }
    }

    /// A replica takes the material that its primary has, and no other.
    fn at_primary(&self) -> Option<StoredMaterial> {
        let primary = self.primary()?;
        let shelf = self.tables.shelf(&primary.place())?;
        let there = shelf.material(self.key.arn.key_id, self.id)?.unopened();
        // Expiry is of each Region; what it says of the material is said anew.
        Some(StoredMaterial { token: None, imported: None, ..there })
    }

    fn primary(&self) -> Option<Arc<Key>> {
        if !self.key.replica {
            return None;
        }
        let family = self.tables.family(self.key.arn.account, self.key.arn.key_id);
        family.into_iter().find(|member| !member.replica)
    }
}
