//! The keys and aliases in memory: what every request reads.
//!
//! [`Tables`] is a value; following the store makes a new one that shares what is the same.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use model::{
    Timestamp,
    arn::{AliasName, KeyArn, KeyId, MaterialId},
};
use state::{StoredRecord, Unreadable};
use store::Revision;

use crate::{
    aliases::Alias,
    due::Due,
    grants::{Grant, KeyGrants, Retirable},
    key::Key,
    key_policy::{KeyPolicy, PrincipalIds, SharedPolicies},
    last_use::Used,
    layout::{Located, Place, locate},
    materials::StoredMaterial,
};

/// Everything at one revision.
#[derive(Clone, Default)]
pub struct Tables {
    places: OrdMap<Place, Arc<Shelf>>,
    due: OrdSet<Due>,
    pub(crate) retirable: Retirable,
    policies: Arc<SharedPolicies>,
}

/// The keys and aliases of one place.
#[derive(Clone, Default)]
pub struct Shelf {
    /// Keys by id.
    pub keys: OrdMap<KeyId, Arc<Key>>,
    /// Aliases by name.
    pub aliases: OrdMap<AliasName, Arc<Alias>>,
    /// The same aliases by the key they name.
    pub aliases_of: OrdSet<(KeyId, AliasName)>,
    materials: OrdMap<(KeyId, MaterialId), Arc<StoredMaterial>>,
    pub(crate) grants: OrdMap<KeyId, Arc<KeyGrants>>,
}

impl state::Tables for Tables {
    fn empty(&self) -> Self {
        Self { policies: Arc::clone(&self.policies), ..Self::default() }
    }

    fn take(&mut self, StoredRecord { key, value, revision }: StoredRecord<'_>) -> Result<(), Unreadable> {
        let Some(located) = locate(key) else { return Ok(()) };
        match value {
            Some(value) => self.put(located, value, revision).ok_or_else(|| Unreadable::at(key)),
            None => {
                self.remove(located);
                Ok(())
            }
        }
    }
}

impl Tables {
    /// The shelf of a place, if anything stands there.
    #[must_use]
    pub fn shelf(&self, place: &Place) -> Option<&Arc<Shelf>> {
        self.places.get(place)
    }

    /// A key, with the shelf that it lies on.
    #[must_use]
    pub fn key(&self, place: &Place, id: KeyId) -> Option<(&Arc<Shelf>, &Arc<Key>)> {
        let shelf = self.shelf(place)?;
        Some((shelf, shelf.keys.get(&id)?))
    }

    /// An alias.
    #[must_use]
    pub fn alias(&self, place: &Place, name: &AliasName) -> Option<&Arc<Alias>> {
        self.shelf(place)?.aliases.get(name)
    }

    /// The parsed form of a policy text that names the bearers of these ids.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn policy(&self, text: &str, ids: PrincipalIds) -> Result<Arc<KeyPolicy>, policy::Malformed> {
        self.policies.parse(text, ids)
    }

    /// The shelves from a place on.
    pub(crate) fn places_from(&self, from: Place) -> impl Iterator<Item = (&Place, &Arc<Shelf>)> {
        self.places.range(from..)
    }

    /// What is due, the longest overdue first.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = &Due> {
        self.due.iter().take_while(move |due| due.at <= now)
    }

    pub(crate) fn change(&mut self, place: &Place, change: impl FnOnce(&mut Shelf)) {
        let shelf = self.places.entry(place.clone()).or_default();
        change(Arc::make_mut(shelf));
    }

    /// Takes a stored record over. `None` when it does not decode.
    fn put(&mut self, located: Located, value: &[u8], revision: Revision) -> Option<()> {
        match located {
            Located::Key(place, id) => {
                let policy = |text: &str, ids| self.policies.parse(text, ids).ok();
                let key = Key::decode((&place, id), value, revision, policy)?;
                self.put_key(&place, key);
            }
            Located::Material(place, id, material) => {
                self.put_material(&place, id, material, StoredMaterial::decode(value)?);
            }
            Located::Grant(place, key, id) => {
                let arn = KeyArn { region: place.region.clone(), account: place.account, key_id: key };
                self.put_grant(&place, Grant::decode(arn, id, value, revision)?);
            }
            Located::Usage(place, id) => {
                let used = Used::decode(value)?;
                // Records of keys stand before those of their uses, and are deleted with them.
                if let Some((_, key)) = self.key(&place, id) {
                    key.last_use.learn(used);
                }
            }
            Located::Alias(place, name) => self.put_alias(Alias::decode(place, name, value, revision)?),
        }
        Some(())
    }

    fn put_alias(&mut self, alias: Alias) {
        self.remove(Located::Alias(alias.place.clone(), alias.name.clone()));
        let place = alias.place.clone();
        self.change(&place, |shelf| {
            shelf.aliases_of.insert((alias.target, alias.name.clone()));
            shelf.aliases.insert(alias.name.clone(), Arc::new(alias));
        });
    }

    fn put_key(&mut self, place: &Place, mut key: Key) {
        self.forget_key(place, key.arn.key_id);
        if let Some(before) = self.places.get(place).and_then(|shelf| shelf.keys.get(&key.arn.key_id)) {
            key.last_use = Arc::clone(&before.last_use);
        }
        self.due.extend(Due::of_key(place, &key));
        self.change(place, |shelf| {
            shelf.keys.insert(key.arn.key_id, Arc::new(key));
        });
    }

    fn put_material(&mut self, place: &Place, key: KeyId, id: MaterialId, material: StoredMaterial) {
        self.forget_material(place, key, id);
        self.due.extend(Due::of_material(place, key, id, &material));
        self.change(place, |shelf| {
            shelf.materials.insert((key, id), Arc::new(material));
        });
    }

    fn forget_key(&mut self, place: &Place, id: KeyId) {
        let key = self.places.get(place).and_then(|shelf| shelf.keys.get(&id));
        if let Some(due) = key.and_then(|key| Due::of_key(place, key)) {
            self.due.remove(&due);
        }
    }

    fn forget_material(&mut self, place: &Place, key: KeyId, id: MaterialId) {
        let material = self.places.get(place).and_then(|shelf| shelf.material(key, id));
        if let Some(due) = material.and_then(|material| Due::of_material(place, key, id, material)) {
            self.due.remove(&due);
        }
    }

    fn remove(&mut self, located: Located) {
        match located {
            Located::Key(place, id) => {
                self.forget_key(&place, id);
                self.change(&place, |shelf| {
                    shelf.keys.remove(&id);
                });
            }
            Located::Material(place, id, material) => {
                self.forget_material(&place, id, material);
                self.change(&place, |shelf| {
                    shelf.materials.remove(&(id, material));
                });
            }
            Located::Grant(place, key, id) => self.remove_grant(&place, key, id),
            Located::Usage(..) => {}
            Located::Alias(place, name) => self.change(&place, |shelf| {
                if let Some(alias) = shelf.aliases.remove(&name) {
                    shelf.aliases_of.remove(&(alias.target, name));
                }
            }),
        }
    }
}

impl Shelf {
    /// A material of a key.
    #[must_use]
    pub fn material(&self, key: KeyId, material: MaterialId) -> Option<&Arc<StoredMaterial>> {
        self.materials.get(&(key, material))
    }

    /// All materials of a key, in the order of their ids.
    pub fn materials(&self, key: KeyId) -> impl Iterator<Item = (MaterialId, &Arc<StoredMaterial>)> {
        let from = (key, MaterialId::from_bytes([0; 32]));
        self.materials
            .range(from..)
            .take_while(move |((id, _), _)| *id == key)
            .map(|((_, id), material)| (*id, material))
    }

    /// The materials of a key in the order in which they came to it.
    #[must_use]
    pub fn history(&self, key: KeyId) -> Vec<(MaterialId, &StoredMaterial)> {
        let mut history: Vec<_> = self.materials(key).map(|(id, material)| (id, material.as_ref())).collect();
        history.sort_by_key(|(_, material)| material.order);
        history
    }

    /// The place in a key's history of the next material.
    #[must_use]
    pub fn next_order(&self, key: KeyId) -> u32 {
        self.materials(key).map(|(_, material)| material.order.saturating_add(1)).max().unwrap_or(0)
    }

    /// Whether a material that the key encrypts or decrypts with is not there, not counting `except`.
    #[must_use]
    pub fn is_missing_material(&self, key: &Key, except: Option<MaterialId>) -> bool {
        key.current_material.is_none()
            || self
                .materials(key.arn.key_id)
                .filter(|(id, _)| Some(*id) != key.pending_material && Some(*id) != except)
                .any(|(_, material)| material.token.is_none())
    }

    /// The names of a key's aliases, in order.
    pub fn aliases_of(&self, key: KeyId) -> impl Iterator<Item = &AliasName> {
        // Every name begins with `alias/`, so no name sorts before the one that is nothing else.
        self.aliases_of
            .range((key, AliasName::before_all())..)
            .take_while(move |(id, _)| *id == key)
            .map(|(_, name)| name)
    }
}
