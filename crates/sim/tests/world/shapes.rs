//! AWS's models of the services, as tests read them.

use serde_json::{Value as Json, json};

/// The model of a service.
pub(crate) struct Model(Json);

impl Model {
    /// Of this service.
    pub(crate) fn of(service: &str) -> Self {
        let text = match service {
            "kms" => include_str!("../../../../models/kms.json"),
            "iam" => include_str!("../../../../models/iam.json"),
            "sts" => include_str!("../../../../models/sts.json"),
            "tagging" => include_str!("../../../../models/tagging.json"),
            "cloudtrail" => include_str!("../../../../models/cloudtrail.json"),
            "keywright" => include_str!("../../../../models/keywright.json"),
            _ => panic!("a service without a model: {service}"),
        };
        Self(serde_json::from_str(text).unwrap())
    }

    /// The members of an operation's `input` or `output`, with the names of their shapes.
    pub(crate) fn members(&self, operation: &str, side: &str) -> impl Iterator<Item = (&str, &str)> {
        let shape = self.0.pointer(&format!("/operations/{operation}/{side}/shape")).and_then(Json::as_str);
        self.inner(shape.unwrap_or_default())
    }

    /// The members of a structure.
    pub(crate) fn inner(&self, shape: &str) -> impl Iterator<Item = (&str, &str)> {
        let members = self.shape(shape).and_then(|shape| shape.get("members")?.as_object());
        members.into_iter().flatten().map(|(name, member)| {
            (name.as_str(), member.get("shape").and_then(Json::as_str).unwrap_or_default())
        })
    }

    /// A property of a shape, such as `type`, if it is a text.
    pub(crate) fn text(&self, shape: &str, property: &str) -> &str {
        self.shape(shape).and_then(|shape| shape.get(property)?.as_str()).unwrap_or_default()
    }

    /// The shape of a list's items.
    pub(crate) fn item(&self, shape: &str) -> &str {
        self.shape(shape).and_then(|shape| shape.pointer("/member/shape")?.as_str()).unwrap_or_default()
    }

    /// Whether the model calls it sensitive, or it is bytes.
    pub(crate) fn is_secret(&self, shape: &str) -> bool {
        let sensitive = self.shape(shape).and_then(|shape| shape.get("sensitive")?.as_bool());
        sensitive == Some(true) || self.text(shape, "type") == "blob"
    }

    /// A value of a shape, as simple as it can be.
    pub(crate) fn example(&self, shape: &str) -> Json {
        let choice = self.shape(shape).and_then(|shape| shape.pointer("/enum/0"));
        let least = self.shape(shape).and_then(|shape| shape.get("min")?.as_u64()).unwrap_or(1).max(1);
        match (self.text(shape, "type"), choice) {
            (_, Some(choice)) => choice.clone(),
            ("string", None) => json!("x".repeat(usize::try_from(least).unwrap())),
            ("integer" | "long", None) => json!(least),
            ("boolean", None) => json!(true),
            ("timestamp", None) => json!(1_700_000_000),
            ("list", None) => json!([self.example(self.item(shape))]),
            ("structure", None) => {
                self.inner(shape).map(|(name, shape)| (name.to_owned(), self.example(shape))).collect()
            }
            (kind, None) => panic!("an example of {shape}, a {kind}"),
        }
    }

    fn shape(&self, name: &str) -> Option<&Json> {
        self.0.pointer("/shapes")?.get(name)
    }
}

/// CloudTrail's name for a member.
pub(crate) fn called(member: &str) -> String {
    let (first, rest) = member.split_at(1);
    first.to_lowercase() + rest
}
