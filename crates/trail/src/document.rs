//! A policy as it is written: the fewest statements that say what was permitted, and no more.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer, ser::SerializeSeq};

/// An identity policy, of the language's version 2012-10-17. Serialised, it can be attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DraftedDocument {
    version: &'static str,
    /// Its statements.
    pub statement: Vec<DraftedStatement>,
}

/// A statement that allows some actions of one service on some resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DraftedStatement {
    effect: &'static str,
    /// Such as `kms:Encrypt`.
    pub action: BTreeSet<String>,
    /// ARNs as patterns that match nothing but themselves, or `*`.
    #[serde(serialize_with = "patterns")]
    pub resource: BTreeSet<String>,
    /// The services through which alone the actions were done; empty where some were done directly.
    #[serde(rename = "Condition", serialize_with = "condition", skip_serializing_if = "BTreeSet::is_empty")]
    pub via: BTreeSet<String>,
}

/// How one action was done on one resource.
#[derive(Debug, Default)]
pub(crate) struct ActionUse {
    is_direct: bool,
    via: BTreeSet<String>,
}

impl ActionUse {
    /// Counts a call, through a service or directly.
    pub(crate) fn add(&mut self, via: Option<&str>) {
        match via {
            Some(service) => drop(self.via.insert(service.to_owned())),
            None => self.is_direct = true,
        }
    }

    /// The only services through which it was done.
    fn only_via(&self) -> BTreeSet<String> {
        if self.is_direct { BTreeSet::new() } else { self.via.clone() }
    }
}

impl DraftedDocument {
    /// The policy that allows these actions, each on its resource.
    pub(crate) fn of(permitted: BTreeMap<(String, String), ActionUse>) -> Self {
        let everywhere: BTreeSet<String> = permitted
            .iter()
            .filter(|((_, resource), how)| resource == "*" && how.only_via().is_empty())
            .map(|((action, _), _)| action.clone())
            .collect();
        let mut on_resources: BTreeMap<(String, BTreeSet<String>, String), BTreeSet<String>> =
            BTreeMap::new();
        for ((action, resource), how) in permitted {
            // What is allowed on everything needs no second statement.
            if resource == "*" || !everywhere.contains(&action) {
                let service = action.split(':').next().unwrap_or_default().to_owned();
                on_resources.entry((service, how.only_via(), resource)).or_default().insert(action);
            }
        }
        let mut alike: BTreeMap<(String, BTreeSet<String>, BTreeSet<String>), BTreeSet<String>> =
            BTreeMap::new();
        for ((service, via, resource), actions) in on_resources {
            alike.entry((service, via, actions)).or_default().insert(resource);
        }
        let statement = alike
            .into_iter()
            .map(|((_, via, action), resource)| DraftedStatement { effect: "Allow", action, resource, via })
            .collect();
        Self { version: "2012-10-17", statement }
    }

    /// The policy's length as AWS counts it.
    pub(crate) fn characters(&self) -> usize {
        serde_json::to_string(self).map_or(0, |text| text.chars().filter(|c| !c.is_whitespace()).count())
    }
}

/// Resources as patterns. A caller may name what does not exist, `policy/*` for instance: as a pattern this would allow
/// everything that is called so.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars>
fn patterns<S: Serializer>(resources: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut written = serializer.serialize_seq(Some(resources.len()))?;
    for resource in resources {
        written.serialize_element(&pattern(resource))?;
    }
    written.end()
}

fn pattern(resource: &str) -> String {
    if resource == "*" {
        return resource.to_owned();
    }
    let mut pattern = String::with_capacity(resource.len());
    for letter in resource.chars() {
        match letter {
            '*' | '?' | '$' => pattern.extend(['$', '{', letter, '}']),
            letter => pattern.push(letter),
        }
    }
    pattern
}

fn condition<S: Serializer>(via: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let key = BTreeMap::from([("kms:ViaService", via)]);
    BTreeMap::from([("StringEquals", key)]).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn drafted(permitted: &[(&str, &str, Option<&str>)]) -> serde_json::Value {
        let mut all: BTreeMap<(String, String), ActionUse> = BTreeMap::new();
        for (action, resource, via) in permitted {
            all.entry(((*action).to_owned(), (*resource).to_owned())).or_default().add(*via);
        }
        serde_json::to_value(DraftedDocument::of(all)).unwrap()["Statement"].clone()
    }

    #[test]
    fn resources_with_the_same_actions_share_a_statement() {
        let done = [
            ("kms:Encrypt", "arn:a", None),
            ("kms:Decrypt", "arn:a", None),
            ("kms:Decrypt", "arn:b", None),
            ("kms:Encrypt", "arn:b", None),
            ("kms:Decrypt", "arn:c", None),
            ("iam:GetUser", "arn:c", None),
        ];
        assert_eq!(
            drafted(&done),
            json!([
                { "Effect": "Allow", "Action": ["iam:GetUser"], "Resource": ["arn:c"] },
                { "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:c"] },
                { "Effect": "Allow", "Action": ["kms:Decrypt", "kms:Encrypt"], "Resource": ["arn:a", "arn:b"] },
            ])
        );
    }

    #[test]
    fn a_service_is_a_condition_where_nothing_was_done_directly() {
        let (s3, ec2) = (Some("s3.us-east-1.amazonaws.com"), Some("ec2.us-east-1.amazonaws.com"));
        let done = [
            ("kms:Decrypt", "arn:a", s3),
            ("kms:Decrypt", "arn:a", ec2),
            ("kms:Encrypt", "arn:a", s3),
            ("kms:Encrypt", "arn:a", None),
        ];
        assert_eq!(
            drafted(&done),
            json!([
                { "Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": ["arn:a"] },
                {
                    "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:a"],
                    "Condition": {
                        "StringEquals": { "kms:ViaService": ["ec2.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"] },
                    },
                },
            ])
        );
    }

    #[test]
    fn what_is_allowed_on_everything_is_said_once() {
        let done = [
            ("kms:TagResource", "*", None),
            ("kms:TagResource", "arn:a", None),
            ("kms:Encrypt", "arn:a", None),
        ];
        assert_eq!(
            drafted(&done),
            json!([
                { "Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": ["arn:a"] },
                { "Effect": "Allow", "Action": ["kms:TagResource"], "Resource": ["*"] },
            ])
        );
    }

    #[test]
    fn a_resource_means_itself_alone() {
        for (resource, written) in [
            ("*", "*"),
            ("arn:aws:iam::1:policy/*", "arn:aws:iam::1:policy/${*}"),
            ("arn:aws:iam::1:user/${aws:username}?", "arn:aws:iam::1:user/${$}{aws:username}${?}"),
        ] {
            assert_eq!(pattern(resource), written);
        }
    }
}
