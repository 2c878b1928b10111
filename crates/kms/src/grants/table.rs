//! Grants in memory, filed so that nothing is ever searched for: by key and grantee for those who use keys, by
//! retiring principal for those who list what they may retire.

use std::{ops::Bound, sync::Arc};

use imbl::{OrdMap, OrdSet};
use model::{
    arn::{AccountId, GrantId, KeyId, Region},
    kms::GrantOperation,
};

use super::{Context, Grant, is_constrained};

/// The grants of one key.
#[derive(Clone, Default)]
pub struct KeyGrants {
    all: OrdMap<GrantId, Arc<Grant>>,
    held: OrdMap<Arc<str>, Held>,
}

/// What one grantee holds on the key.
#[derive(Clone, Default)]
struct Held {
    ids: OrdSet<GrantId>,
    filed: OrdSet<Filed>,
}

/// A grant by an operation that it allows and the first pair of its context constraint. A context that meets the
/// constraint has that pair, whichever kind of constraint it is; so a request looks under each of its pairs
/// and finds all that can apply to it, however many grants for other contexts there are.
type Filed = (GrantOperation, Option<Arc<Pair>>, GrantId);
type Pair = (String, String);

impl KeyGrants {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The grant with this id.
    pub(crate) fn get(&self, id: GrantId) -> Option<&Arc<Grant>> {
        self.all.get(&id)
    }

    /// All of them in the order of their ids, from behind one.
    pub(crate) fn after(&self, last: Option<GrantId>) -> impl Iterator<Item = &Arc<Grant>> {
        self.all.range((behind(last), Bound::Unbounded)).map(|(_, grant)| grant)
    }

    /// Those of a grantee in the order of their ids, from behind one.
    pub(crate) fn held_by(&self, grantee: &str, last: Option<GrantId>) -> impl Iterator<Item = &Arc<Grant>> {
        let held = self.held.get(grantee);
        held.into_iter()
            .flat_map(move |held| held.ids.range((behind(last), Bound::Unbounded)))
            .filter_map(|id| self.all.get(id))
    }

    /// Those of a grantee that may apply to an operation with this context.
    pub(crate) fn applicable<'a>(
        &'a self,
        grantee: &str,
        operation: GrantOperation,
        context: &'a Context,
    ) -> impl Iterator<Item = &'a Arc<Grant>> {
        let held = self.held.get(grantee);
        held.into_iter().flat_map(move |held| {
            let pairs = context
                .iter()
                .filter(move |_| is_constrained(operation))
                .map(|(key, value)| Some(Arc::new((key.clone(), value.clone()))));
            std::iter::once(None).chain(pairs).flat_map(move |pair| {
                let from = (operation, pair.clone(), GrantId::FIRST);
                held.filed
                    .range(from..=(operation, pair, GrantId::LAST))
                    .filter_map(|(_, _, id)| self.all.get(id))
            })
        })
    }

    pub(crate) fn put(&mut self, grant: Arc<Grant>) {
        self.remove(grant.id);
        let held = self.held.entry(grant.grantee.name().into()).or_default();
        held.ids.insert(grant.id);
        for filed in places(&grant) {
            held.filed.insert(filed);
        }
        self.all.insert(grant.id, grant);
    }

    pub(crate) fn remove(&mut self, id: GrantId) -> Option<Arc<Grant>> {
        let grant = self.all.remove(&id)?;
        let name = grant.grantee.name();
        if let Some(held) = self.held.get_mut(name.as_str()) {
            held.ids.remove(&id);
            for filed in places(&grant) {
                held.filed.remove(&filed);
            }
            if held.ids.is_empty() {
                self.held.remove(name.as_str());
            }
        }
        Some(grant)
    }
}

/// Where a grant is filed: once for each operation.
fn places(grant: &Grant) -> impl Iterator<Item = Filed> {
    let first = grant.context.as_ref().and_then(|constraint| constraint.pairs().first_key_value());
    let pair = first.map(|(key, value)| Arc::new((key.clone(), value.clone())));
    grant
        .operations
        .iter()
        .map(move |operation| (*operation, pair.clone().filter(|_| is_constrained(*operation)), grant.id))
}

fn behind(last: Option<GrantId>) -> Bound<GrantId> {
    last.map_or(Bound::Unbounded, Bound::Excluded)
}

/// The grants of all accounts by Region and retiring principal.
#[derive(Clone, Default)]
pub(crate) struct Retirable(OrdMap<(Region, Arc<str>), OrdSet<GrantName>>);

/// Where a grant is found.
pub(crate) type GrantName = (AccountId, KeyId, GrantId);

impl Retirable {
    /// The grants that a principal may retire, in a Region, from behind one.
    pub(crate) fn by(
        &self,
        region: &Region,
        principal: &str,
        last: Option<GrantName>,
    ) -> impl Iterator<Item = GrantName> {
        let names = self.0.get(&(region.clone(), Arc::from(principal)));
        let after = last.map_or(Bound::Unbounded, Bound::Excluded);
        names.into_iter().flat_map(move |names| names.range((after, Bound::Unbounded))).copied()
    }

    pub(crate) fn put(&mut self, grant: &Grant) {
        if let Some(at) = place(grant) {
            self.0.entry(at).or_default().insert(name(grant));
        }
    }

    pub(crate) fn remove(&mut self, grant: &Grant) {
        let Some(at) = place(grant) else { return };
        let Some(names) = self.0.get_mut(&at) else { return };
        names.remove(&name(grant));
        if names.is_empty() {
            self.0.remove(&at);
        }
    }
}

fn place(grant: &Grant) -> Option<(Region, Arc<str>)> {
    Some((grant.key.region.clone(), grant.retiring.as_ref()?.name().into()))
}

fn name(grant: &Grant) -> GrantName {
    (grant.key.account, grant.key.key_id, grant.id)
}
