//! What the service says that it has, asked through its API.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::oracle::{Key, Oracle, State};

/// Everything that can be seen of an account.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) keys: BTreeMap<String, Key>,
    aliases: BTreeMap<String, String>,
}

impl Observed {
    /// Lists and describes everything. `ask` makes a call that must succeed.
    pub(super) fn by(mut ask: impl FnMut(&str, Value) -> Value) -> Self {
        let mut keys = BTreeMap::new();
        for entry in pages(&mut ask, "ListKeys", "Keys") {
            let id = text(&entry, "KeyId");
            let described = ask("DescribeKey", json!({ "KeyId": id }));
            let metadata = described.get("KeyMetadata").unwrap_or(&Value::Null);
            let tags = ask("ListResourceTags", json!({ "KeyId": id }));
            let mac = text(metadata, "KeyUsage") == "GENERATE_VERIFY_MAC";
            let rotations = if mac { 0 } else { rotations(&mut ask, &id) };
            let tag = |tag: &Value| (text(tag, "TagKey"), text(tag, "TagValue"));
            let tags = items(&tags, "Tags").iter().map(tag).collect();
            keys.insert(
                id,
                Key {
                    description: text(metadata, "Description"),
                    state: state(metadata),
                    tags,
                    mac,
                    rotations,
                },
            );
        }
        let aliases = pages(&mut ask, "ListAliases", "Aliases");
        let alias = |alias: &Value| (text(alias, "AliasName"), text(alias, "TargetKeyId"));
        // Those of AWS's keys are there without a key.
        let aliases = aliases.iter().map(alias).filter(|(_, target)| !target.is_empty());
        Self { keys, aliases: aliases.collect() }
    }
}

impl PartialEq<Oracle> for Observed {
    fn eq(&self, oracle: &Oracle) -> bool {
        self.keys == oracle.keys && self.aliases == oracle.aliases
    }
}

fn rotations(ask: &mut impl FnMut(&str, Value) -> Value, id: &str) -> usize {
    items(&ask("ListKeyRotations", json!({ "KeyId": id })), "Rotations").len()
}

fn state(metadata: &Value) -> State {
    match text(metadata, "KeyState").as_str() {
        "Enabled" => State::Enabled,
        "Disabled" => State::Disabled,
        "PendingDeletion" => {
            let seconds = metadata.get("DeletionDate").and_then(Value::as_f64).unwrap_or_default();
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any date fit")]
            State::Pending((seconds * 1000.0).round() as i64)
        }
        other => panic!("a key in state {other}"),
    }
}

fn pages(ask: &mut impl FnMut(&str, Value) -> Value, operation: &str, list: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut marker = Value::Null;
    loop {
        let page = ask(operation, json!({ "Limit": 5, "Marker": marker }));
        all.extend_from_slice(items(&page, list));
        match page.get("NextMarker") {
            Some(next) => marker = next.clone(),
            None => return all,
        }
    }
}

fn items<'a>(page: &'a Value, list: &str) -> &'a [Value] {
    page.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text(object: &Value, member: &str) -> String {
    object.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}
