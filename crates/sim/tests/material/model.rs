//! Keys in random hands, beside a model of them that is as simple as can be.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sim::{
    Stage,
    stage::{AWAY, HOME, text},
};
use strongroom::testing::Seeded;

use crate::import::Import;

/// What is believed of a key and, if it has one, its replica.
struct Believed {
    arn: String,
    imported: bool,
    replica: Option<String>,
    state: &'static str,
    /// Period and next date, in days.
    rotation: Option<(i64, i64)>,
    on_demand: u32,
    /// In the order in which they came.
    materials: Vec<Material>,
    pending: Option<Material>,
    /// Blobs, and the material that each was made with.
    blobs: Vec<(String, String)>,
    deletion: i64,
}

#[derive(Clone)]
struct Material {
    id: String,
    bytes: u8,
    present: bool,
    /// The day on which it expires.
    expires: Option<i64>,
}

impl Material {
    fn made_here(id: String) -> Self {
        Self { id, bytes: 0, present: true, expires: None }
    }
}

impl Believed {
    fn is_whole(&self) -> bool {
        !self.materials.is_empty() && self.materials.iter().all(|material| material.present)
    }

    fn is_leaving(&self) -> bool {
        matches!(self.state, "PendingDeletion")
    }

    fn settle_material(&mut self) {
        match (self.state, self.is_whole()) {
            ("Enabled" | "Disabled", false) => self.state = "PendingImport",
            ("PendingImport", true) => self.state = "Enabled",
            _ => {}
        }
    }

    /// The error of a call that needs an enabled key.
    fn unusable(&self) -> Option<&'static str> {
        match self.state {
            "Enabled" => None,
            "Disabled" => Some("DisabledException"),
            _ => Some("KMSInvalidStateException"),
        }
    }

    /// Lets a day come, and what is due on it happen.
    fn day_comes(&mut self, today: i64) {
        if self.pending.as_ref().is_some_and(|pending| pending.expires == Some(today)) {
            self.pending = None;
        }
        for material in &mut self.materials {
            if material.present && material.expires == Some(today) {
                material.present = false;
            }
        }
        self.settle_material();
    }
}

/// A model, and the server that it is held against.
struct Run<'s> {
    stage: &'s Stage,
    keys: Vec<Believed>,
    today: i64,
    dice: Seeded,
    imports: BTreeMap<String, (i64, Import<'s>)>,
}

#[test]
fn keys_do_what_a_simple_model_says() {
    for seed in [1, 2] {
        let stage = Stage::new();
        let mut run = Run::new(&stage, seed);
        for step in 0..150 {
            run.step();
            run.compare(&format!("seed {seed}, step {step}"));
        }
    }
}

impl<'s> Run<'s> {
    fn new(stage: &'s Stage, seed: u64) -> Self {
        let single = stage.key(json!({}));
        let external = stage.key(json!({ "Origin": "EXTERNAL" }));
        let (primary, replica) = stage.family();
        let believed = |arn: String, replica: Option<String>| {
            let id = stage.metadata(&arn)["CurrentKeyMaterialId"].as_str().map(str::to_owned);
            Believed {
                imported: id.is_none(),
                state: if id.is_some() { "Enabled" } else { "PendingImport" },
                materials: id.map(Material::made_here).into_iter().collect(),
                arn,
                replica,
                rotation: None,
                on_demand: 0,
                pending: None,
                blobs: Vec::new(),
                deletion: 0,
            }
        };
        let keys = vec![believed(single, None), believed(external, None), believed(primary, Some(replica))];
        Self { stage, keys, today: 0, dice: Seeded::new(seed), imports: BTreeMap::new() }
    }

    fn step(&mut self) {
        let which = self.dice.below(self.keys.len());
        match self.dice.below(12) {
            0 => self.pass_days(),
            1 => self.switch(which, "EnableKey", "Enabled"),
            2 => self.switch(which, "DisableKey", "Disabled"),
            3 => self.set_rotation(which),
            4 | 5 => self.rotate(which),
            6 | 7 => self.import(which),
            8 => self.delete_material(which),
            9 => self.schedule_or_cancel(which),
            _ => self.encrypt(which),
        }
    }

    /// Makes a call on a key that must end with this code. The output of one that succeeds.
    #[track_caller]
    fn expect(&self, which: usize, operation: &str, mut input: Value, code: Option<&str>) -> Option<Value> {
        let key = &self.keys[which];
        input["KeyId"] = json!(key.arn);
        let answer = self.stage.kms(operation, input);
        assert_eq!(answer.code.as_deref(), code, "{operation} on a key that is {}: {answer:?}", key.state);
        code.is_none().then(|| answer.json())
    }

    fn pass_days(&mut self) {
        let days = i64::try_from(1 + self.dice.below(60)).unwrap();
        // No key goes: there would be nothing left to compare.
        let leaving = self.keys.iter().filter(|key| key.is_leaving());
        let first = leaving.map(|key| key.deletion - self.today - 1).min().unwrap_or(days);
        for _ in 0..days.min(first) {
            self.today += 1;
            let today = self.today;
            self.stage.world.clock().advance_days(1);
            self.stage.world.tick().unwrap();
            for index in 0..self.keys.len() {
                self.keys[index].day_comes(today);
                let due = self.keys[index].rotation.is_some_and(|(_, next)| next <= today);
                if due && self.keys[index].state == "Enabled" {
                    let (period, _) = self.keys[index].rotation.unwrap();
                    self.keys[index].rotation = Some((period, today + period));
                    self.learn_current(index);
                }
            }
        }
    }

    /// The name of new material is the server's to say.
    fn learn_current(&mut self, which: usize) {
        let id = text(&self.stage.metadata(&self.keys[which].arn), "/CurrentKeyMaterialId");
        assert!(self.keys[which].materials.iter().all(|known| known.id != id), "the material is new");
        self.keys[which].materials.push(Material::made_here(id));
    }

    fn switch(&mut self, which: usize, operation: &str, to: &'static str) {
        let code = match self.keys[which].state {
            "Enabled" | "Disabled" => None,
            _ => Some("KMSInvalidStateException"),
        };
        if self.expect(which, operation, json!({}), code).is_some() {
            self.keys[which].state = to;
            let (today, key) = (self.today, &mut self.keys[which]);
            // What is overdue is made up for when the key is back.
            if to == "Enabled" && key.rotation.is_some_and(|(_, next)| next <= today) {
                self.stage.world.tick().unwrap();
                let (period, _) = key.rotation.unwrap();
                key.rotation = Some((period, today + period));
                self.learn_current(which);
            }
        }
    }

    fn set_rotation(&mut self, which: usize) {
        let key = &self.keys[which];
        let code = match key.state {
            "PendingImport" => Some("UnsupportedOperationException"),
            "Enabled" if key.imported => Some("UnsupportedOperationException"),
            _ => key.unusable(),
        };
        let days = i64::try_from(90 + self.dice.below(50)).unwrap();
        if self.dice.below(4) == 0 {
            if self.expect(which, "DisableKeyRotation", json!({}), code).is_some() {
                self.keys[which].rotation = None;
            }
        } else if self
            .expect(which, "EnableKeyRotation", json!({ "RotationPeriodInDays": days }), code)
            .is_some()
        {
            self.keys[which].rotation = Some((days, self.today + days));
        }
    }

    fn rotate(&mut self, which: usize) {
        let key = &self.keys[which];
        let code = key.unusable().or(match &key.pending {
            None if key.imported => Some("KMSInvalidStateException"),
            _ if key.on_demand >= 25 => Some("LimitExceededException"),
            _ => None,
        });
        if self.expect(which, "RotateKeyOnDemand", json!({}), code).is_none() {
            return;
        }
        self.keys[which].on_demand += 1;
        match self.keys[which].pending.take() {
            Some(pending) => self.keys[which].materials.push(pending),
            None => self.learn_current(which),
        }
    }

    fn import(&mut self, which: usize) {
        if !self.keys[which].imported {
            return;
        }
        let leaving = self.keys[which].is_leaving();
        let (stage, arn, today) = (self.stage, self.keys[which].arn.clone(), self.today);
        if leaving && self.imports.get(&arn).is_none_or(|(day, _)| *day != today) {
            let input = json!({ "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
            self.expect(which, "GetParametersForImport", input, Some("KMSInvalidStateException"));
            return;
        }
        let bytes = u8::try_from(1 + self.dice.below(4)).unwrap();
        let new = self.dice.below(2) == 0;
        let expires = (self.dice.below(2) == 0).then(|| i64::try_from(1 + self.dice.below(100)).unwrap());
        let mut input = match expires {
            Some(days) => json!({ "ValidTo": stage.world.now().as_seconds() + days * 86_400 }),
            None => json!({ "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE" }),
        };
        input["ImportType"] = json!(if new { "NEW_KEY_MATERIAL" } else { "EXISTING_KEY_MATERIAL" });
        let entry = self.imports.entry(arn.clone()).or_insert_with(|| (today, Import::new(stage, &arn)));
        if entry.0 != today {
            *entry = (today, Import::new(stage, &arn));
        }
        let answer = entry.1.with([bytes; 32], input);

        let key = &mut self.keys[which];
        let known = key.materials.iter().chain(&key.pending).any(|material| material.bytes == bytes);
        let code = if leaving {
            Some("KMSInvalidStateException")
        } else if known == new {
            Some("IncorrectKeyMaterialException")
        } else if new && key.pending.is_some() {
            Some("KMSInvalidStateException")
        } else {
            None
        };
        assert_eq!(answer.code.as_deref(), code, "import of {bytes}, new: {new}");
        if code.is_some() {
            return;
        }
        let id = text(&answer.ok(), "/KeyMaterialId");
        let arrived = Material { id, bytes, present: true, expires: expires.map(|days| today + days) };
        let is_first = key.materials.is_empty();
        match key.materials.iter_mut().chain(&mut key.pending).find(|material| material.bytes == bytes) {
            Some(place) => {
                assert_eq!(place.id, arrived.id, "the same material has the same name");
                *place = arrived;
            }
            None if is_first => key.materials.push(arrived),
            None => key.pending = Some(arrived),
        }
        key.settle_material();
    }

    fn delete_material(&mut self, which: usize) {
        if !self.keys[which].imported {
            self.expect(which, "DeleteImportedKeyMaterial", json!({}), Some("UnsupportedOperationException"));
            return;
        }
        let known: Vec<String> = {
            let key = &self.keys[which];
            key.materials.iter().chain(&key.pending).map(|material| material.id.clone()).collect()
        };
        if known.is_empty() {
            return;
        }
        let id = self.dice.pick(&known).clone();
        self.expect(which, "DeleteImportedKeyMaterial", json!({ "KeyMaterialId": id }), None);
        let key = &mut self.keys[which];
        if key.pending.as_ref().is_some_and(|pending| pending.id == id) {
            key.pending = None;
        }
        key.materials
            .iter_mut()
            .filter(|material| material.id == id)
            .for_each(|material| material.present = false);
        key.settle_material();
    }

    fn schedule_or_cancel(&mut self, which: usize) {
        let key = &self.keys[which];
        if key.is_leaving() {
            self.expect(which, "ScheduleKeyDeletion", json!({}), Some("KMSInvalidStateException"));
            self.expect(which, "CancelKeyDeletion", json!({}), None);
            let whole = self.keys[which].is_whole();
            self.keys[which].state = if whole { "Disabled" } else { "PendingImport" };
        } else if key.replica.is_none() && self.dice.below(3) == 0 {
            self.expect(which, "CancelKeyDeletion", json!({}), Some("KMSInvalidStateException"));
            self.expect(which, "ScheduleKeyDeletion", json!({ "PendingWindowInDays": 30 }), None);
            self.keys[which].state = "PendingDeletion";
            self.keys[which].deletion = self.today + 30;
        }
    }

    fn encrypt(&mut self, which: usize) {
        let code = self.keys[which].unusable();
        let output = self.expect(which, "Encrypt", json!({ "Plaintext": "c2VjcmV0" }), code);
        if let Some(output) = output {
            let current = self.keys[which].materials.last().unwrap().id.clone();
            self.keys[which].blobs.push((text(&output, "/CiphertextBlob"), current));
        }
    }

    /// Nothing of what can be seen differs from what is believed.
    fn compare(&mut self, at: &str) {
        self.cancel_now_and_then();
        for key in &self.keys {
            let metadata = self.stage.metadata(&key.arn);
            assert_eq!(metadata["KeyState"], key.state, "{at}");
            let current = key.materials.last().map(|material| material.id.as_str());
            assert_eq!(metadata["CurrentKeyMaterialId"].as_str(), current, "{at}");
            let period = key.rotation.filter(|_| !key.is_leaving()).map(|(period, _)| period);
            assert_eq!(self.stage.rotation(&key.arn)["RotationPeriodInDays"].as_i64(), period, "{at}");
            self.compare_materials(key, at);
            for (blob, material) in key.blobs.iter().rev().take(6).chain(key.blobs.first()) {
                if key.state == "Enabled" {
                    assert_eq!(&self.stage.decrypt(&key.arn, blob), material, "{at}");
                }
                // The replica is never switched off.
                if let Some(replica) = &key.replica {
                    assert_eq!(&self.stage.decrypt(replica, blob), material, "{at}");
                }
            }
        }
    }

    fn compare_materials(&self, key: &Believed, at: &str) {
        let listed = self.stage.materials(&key.arn);
        let last = key.materials.len().saturating_sub(1);
        let believed = key
            .materials
            .iter()
            .enumerate()
            .map(|(index, material)| (material, if index == last { "CURRENT" } else { "NON_CURRENT" }));
        let believed: Vec<_> =
            believed.chain(key.pending.iter().map(|pending| (pending, "PENDING_ROTATION"))).collect();
        assert_eq!(listed.len(), believed.len(), "{at}");
        for (listed, (material, state)) in listed.iter().zip(believed) {
            let import = key.imported.then_some(if material.present { "IMPORTED" } else { "PENDING_IMPORT" });
            assert_eq!(
                (&listed["KeyMaterialId"], &listed["KeyMaterialState"], listed["ImportState"].as_str()),
                (&json!(material.id), &json!(state), import),
                "{at}"
            );
        }
        if let Some(replica) = &key.replica {
            let (here, there) = (self.stage.materials_of_any(&key.arn), self.stage.materials_of_any(replica));
            assert_eq!(here, there, "{at}: {HOME} and {AWAY}");
        }
    }

    fn cancel_now_and_then(&mut self) {
        for which in 0..self.keys.len() {
            if self.keys[which].is_leaving() && self.dice.below(2) == 0 {
                self.expect(which, "CancelKeyDeletion", json!({}), None);
                let whole = self.keys[which].is_whole();
                self.keys[which].state = if whole { "Disabled" } else { "PendingImport" };
            }
        }
    }
}
