//! The keys and aliases in memory: what every request reads.
//!
//! [`Tables`] is a value that never changes; following the store makes a new one that shares what is the
//! same, and swaps it in. A request that took one sees one revision of everything, and waits for nobody.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use dispatch::{Follower, Unreadable};
use imbl::{OrdMap, OrdSet};
use model::{
    Timestamp,
    arn::{AliasName, KeyArn, KeyId, MaterialId, WrittenArn},
    kms::{KeySpec, KeyUsageType, OriginType},
};
use store::{Changes, Page, Revision};

use crate::{
    due::Due,
    grants::{Grant, KeyGrants, Retirable},
    key_policy::{KeyPolicy, PrincipalIds, SharedPolicies},
    layout::{Located, Place, locate},
    lifecycle::State,
    materials::StoredMaterial,
    records::{AliasRecord, KeyRecord, RotationRecord, StateRecord, TagRecord, encode},
    rotation::Rotation,
    usage::LastUse,
};

/// Everything at one revision.
#[derive(Clone, Default)]
pub struct Tables {
    places: OrdMap<Place, Arc<Shelf>>,
    due: OrdSet<Due>,
    pub(crate) retirable: Retirable,
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

/// A KMS key as requests use it.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name.
    pub arn: WrittenArn,
    /// When it was made.
    pub created: Timestamp,
    /// Free text.
    pub description: String,
    /// What it is for.
    pub usage: KeyUsageType,
    /// What kind of material it has.
    pub spec: KeySpec,
    /// Where its material came from.
    pub origin: OriginType,
    /// Its state.
    pub state: State,
    /// Its policy.
    pub policy: Arc<KeyPolicy>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The material that encrypts; `None` before the first was imported.
    pub current_material: Option<MaterialId>,
    /// Imported material that becomes current at the next rotation on demand.
    pub pending_material: Option<MaterialId>,
    /// Automatic rotation, if it was set for this key; [`Key::rotation`] says what holds.
    pub rotation: Option<Rotation>,
    /// How often it was rotated on demand.
    pub on_demand_rotations: u16,
    /// Whether it is a replica of the key with the same id in another Region.
    pub replica: bool,
    /// The service that manages the key; `None` for those that customers manage.
    pub managed_by: Option<String>,
    /// Its last use, shared by all versions of it.
    pub last_use: Arc<LastUse>,
    /// Where the record was last changed.
    pub revision: Revision,
}

/// An alias.
#[derive(Debug, Clone)]
pub struct Alias {
    /// The key it names.
    pub target: KeyId,
    /// When it was made.
    pub created: Timestamp,
    /// When its target was last set.
    pub updated: Timestamp,
    /// Where the record was last changed.
    pub revision: Revision,
}

impl Tables {
    /// The shelf of a place, if anything stands there.
    #[must_use]
    pub fn shelf(&self, place: &Place) -> Option<&Arc<Shelf>> {
        self.places.get(place)
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

    /// The names of a key's aliases, in order.
    pub fn aliases_of(&self, key: KeyId) -> impl Iterator<Item = &AliasName> {
        // Every name begins with `alias/`, so no name sorts before the one that is nothing else.
        self.aliases_of
            .range((key, AliasName::before_all())..)
            .take_while(move |(id, _)| *id == key)
            .map(|(_, name)| name)
    }
}

impl Key {
    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> bytes::Bytes {
        encode(&KeyRecord {
            created: self.created.as_millis(),
            description: self.description.as_str().into(),
            usage: self.usage.as_str(),
            spec: self.spec.as_str(),
            origin: self.origin.as_str(),
            state: match self.state {
                State::Enabled => StateRecord::Enabled,
                State::Disabled => StateRecord::Disabled,
                State::PendingImport => StateRecord::PendingImport,
                State::PendingDeletion { due } => StateRecord::PendingDeletion(due.as_millis()),
                State::PendingReplicaDeletion { window_days } => {
                    StateRecord::PendingReplicaDeletion(window_days)
                }
            },
            policy: self.policy.text.as_str().into(),
            tags: self
                .tags
                .iter()
                .map(|(key, value)| TagRecord { key: key.as_str().into(), value: value.as_str().into() })
                .collect(),
            current_material: self.current_material.map(|id| *id.as_bytes()),
            rotation: self.rotation.map(|rotation| RotationRecord {
                period_days: rotation.period_days,
                next: rotation.next.as_millis(),
            }),
            on_demand_rotations: self.on_demand_rotations,
            replica: self.replica,
            pending_material: self.pending_material.map(|id| *id.as_bytes()),
            managed_by: self.managed_by.as_deref(),
            principals: self.policy.principals(),
        })
    }
}

impl Alias {
    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> bytes::Bytes {
        encode(&AliasRecord {
            target: &self.target.to_string(),
            created: self.created.as_millis(),
            updated: self.updated.as_millis(),
        })
    }
}

/// The tables of this node, following the store.
#[derive(Default)]
pub struct Memory {
    tables: ArcSwap<Tables>,
    policies: SharedPolicies,
}

impl Memory {
    /// The tables as they are now.
    #[must_use]
    pub fn tables(&self) -> Arc<Tables> {
        self.tables.load_full()
    }

    /// The parsed form of a policy text that names the bearers of these ids.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn policy(&self, text: &str, ids: PrincipalIds) -> Result<Arc<KeyPolicy>, policy::Malformed> {
        self.policies.parse(text, ids)
    }

    fn put(&self, tables: &mut Tables, located: Located, value: &[u8], revision: Revision) -> Option<()> {
        match located {
            Located::Key(place, id) => {
                let key = self.key(&place, id, value, revision)?;
                tables.put_key(&place, key);
            }
            Located::Material(place, id, material) => {
                tables.put_material(&place, id, material, StoredMaterial::decode(value)?);
            }
            Located::Grant(place, key, id) => {
                let arn = KeyArn { region: place.region.clone(), account: place.account, key_id: key };
                tables.put_grant(&place, Grant::decode(arn, id, value, revision)?);
            }
            Located::Usage(place, id) => tables.put_usage(&place, id, value)?,
            Located::Alias(place, name) => {
                let record: AliasRecord<'_> = minicbor::decode(value).ok()?;
                let alias = Alias {
                    target: KeyId::parse(record.target).ok()?,
                    created: Timestamp::from_millis(record.created),
                    updated: Timestamp::from_millis(record.updated),
                    revision,
                };
                tables.remove(Located::Alias(place.clone(), name.clone()));
                tables.change(&place, |shelf| {
                    shelf.aliases_of.insert((alias.target, name.clone()));
                    shelf.aliases.insert(name, Arc::new(alias));
                });
            }
        }
        Some(())
    }

    fn key(&self, place: &Place, id: KeyId, value: &[u8], revision: Revision) -> Option<Key> {
        let record: KeyRecord<'_> = minicbor::decode(value).ok()?;
        let named = record.principals.into_iter().flatten();
        let ids = named.map(|named| (named.arn.into_owned(), named.id.into_owned())).collect();
        Some(Key {
            arn: KeyArn { region: place.region.clone(), account: place.account, key_id: id }.into(),
            created: Timestamp::from_millis(record.created),
            description: record.description.into_owned(),
            usage: KeyUsageType::parse(record.usage)?,
            spec: KeySpec::parse(record.spec)?,
            origin: OriginType::parse(record.origin)?,
            state: match record.state {
                StateRecord::Enabled => State::Enabled,
                StateRecord::Disabled => State::Disabled,
                StateRecord::PendingImport => State::PendingImport,
                StateRecord::PendingDeletion(due) => {
                    State::PendingDeletion { due: Timestamp::from_millis(due) }
                }
                StateRecord::PendingReplicaDeletion(window_days) => {
                    State::PendingReplicaDeletion { window_days }
                }
            },
            policy: self.policy(&record.policy, ids).ok()?,
            tags: record.tags.into_iter().map(|tag| (tag.key.into_owned(), tag.value.into_owned())).collect(),
            current_material: record.current_material.map(MaterialId::from_bytes),
            pending_material: record.pending_material.map(MaterialId::from_bytes),
            rotation: record.rotation.map(|rotation| Rotation {
                period_days: rotation.period_days,
                next: Timestamp::from_millis(rotation.next),
            }),
            on_demand_rotations: record.on_demand_rotations,
            replica: record.replica,
            managed_by: record.managed_by.map(Into::into),
            last_use: Arc::default(),
            revision,
        })
    }
}

impl Follower for Memory {
    fn clear(&self) {
        self.tables.store(Arc::new(Tables::default()));
    }

    fn load(&self, page: &Page) -> Result<(), Unreadable> {
        let mut tables = Tables::clone(&self.tables.load());
        for (key, stored) in &page.items {
            let Some(located) = locate(key) else { continue };
            self.put(&mut tables, located, &stored.value, stored.revision)
                .ok_or_else(|| Unreadable::at(key))?;
        }
        self.tables.store(Arc::new(tables));
        Ok(())
    }

    fn apply(&self, changes: &Changes) -> Result<(), Unreadable> {
        let mut tables = None;
        for (key, value) in &changes.items {
            let Some(located) = locate(key) else { continue };
            let tables = tables.get_or_insert_with(|| Tables::clone(&self.tables.load()));
            match value {
                Some(value) => {
                    self.put(tables, located, value, changes.revision).ok_or_else(|| Unreadable::at(key))?;
                }
                None => tables.remove(located),
            }
        }
        if let Some(tables) = tables {
            self.tables.store(Arc::new(tables));
        }
        Ok(())
    }
}
