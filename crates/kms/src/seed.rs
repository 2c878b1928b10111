//! Keys that are there from the start, for a server for development: with the ids and the material that tests expect.

use std::collections::BTreeMap;

use dispatch::Fault;
use model::{
    Timestamp,
    arn::{AliasName, KeyArn, KeyId, MaterialId},
    kms::{KeySpec, KeyUsageType},
};
use secret::Plaintext;
use state::created;
use store::Batch;
use strongroom::{Binding, Entropy, Generated, ImportRefused};

use crate::{
    Kms,
    aliases::{self, Alias},
    faults,
    key::Key,
    layout::Place,
    lifecycle::State,
    materials,
    materials::StoredMaterial,
    policies, tags,
};

/// A key as a seed describes it.
pub struct SeedKey {
    /// Its id.
    pub id: KeyId,
    /// Where it is.
    pub place: Place,
    /// What kind of material it has.
    pub spec: KeySpec,
    /// What it is for; may be left out where the kind of material leaves no choice.
    pub usage: Option<KeyUsageType>,
    /// Free text.
    pub description: String,
    /// Whether it can be used.
    pub enabled: bool,
    /// Its material, in the form in which it is imported; random if not given.
    pub material: Option<Plaintext>,
    /// Its aliases.
    pub aliases: Vec<AliasName>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its policy; the default one if not given.
    pub policy: Option<String>,
}

/// The change that makes a key with its aliases; `None` if there is one of that id already.
///
/// # Errors
/// The fault with which a caller would be refused who asked for such a key.
pub fn key(kms: &Kms, seed: &SeedKey, now: Timestamp, entropy: &dyn Entropy) -> Result<Option<Batch>, Fault> {
    let SeedKey { id, place, spec, .. } = seed;
    if kms.tables().key(place, *id).is_some() {
        return Ok(None);
    }
    let arn = KeyArn { region: place.region.clone(), account: place.account, key_id: *id };
    let binding = materials::binding(&arn, *spec);
    let made = match &seed.material {
        Some(material) => import(kms, &binding, material, entropy).map_err(|refused| match refused {
            ImportRefused::NotMaterial => {
                faults::validation(format!("the material is not that of a key of spec {spec}"))
            }
            _ => Fault::internal("the strongroom refuses"),
        })?,
        None => kms.strongroom.generate(&binding, entropy).map_err(faults::strongroom)?,
    };
    let material_id = MaterialId::from_bytes(made.id);
    let policy = match &seed.policy {
        Some(text) => policies::accept(kms, &place.region, text)?,
        None => policies::default(kms, place.account, &place.region)?,
    };
    let key = Key {
        description: seed.description.clone(),
        state: if seed.enabled { State::Enabled } else { State::Disabled },
        tags: tags::check(&seed.tags)?,
        ..Key::new(arn, now, (*spec, usage(seed)?), policy, Some(material_id))
    };
    let material = StoredMaterial {
        created: now,
        token: Some(made.token),
        public_key: made.public_key,
        ..StoredMaterial::default()
    };
    let mut batch = created(&key).put(place.material(*id, material_id), material.encode());
    for name in &seed.aliases {
        aliases::parse(&name.to_string())?;
        batch = batch.and(created(&Alias::new(place.clone(), name.clone(), *id, now)));
    }
    Ok(Some(batch))
}

fn import(
    kms: &Kms,
    binding: &Binding,
    material: &Plaintext,
    entropy: &dyn Entropy,
) -> Result<Generated, ImportRefused> {
    match kms.strongroom.import_plaintext(binding, material, entropy) {
        Err(ImportRefused::NotMaterial) => kms.strongroom.import_post_quantum(binding, material, entropy),
        made => made,
    }
}

fn usage(seed: &SeedKey) -> Result<KeyUsageType, Fault> {
    let spec = seed.spec;
    match (seed.usage, spec.usages()) {
        (Some(usage), usages) if usages.contains(&usage) => Ok(usage),
        (Some(usage), _) => {
            Err(faults::validation(format!("KeyUsage {usage} is not compatible with KeySpec {spec}")))
        }
        (None, [only]) => Ok(*only),
        (None, usages) => {
            let names: Vec<_> = usages.iter().map(ToString::to_string).collect();
            Err(faults::validation(format!("a key of spec {spec} has a usage: {}", names.join(" or "))))
        }
    }
}
