//! A trimmed service model, read into what the generator asks of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::Result;

/// A service.
pub(super) struct Service {
    pub(super) name: String,
    /// Whether scalars arrive as text.
    pub(super) query: bool,
    pub(super) operations: Vec<Operation>,
    shapes: Map<String, Value>,
}

/// An operation.
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) input: Option<String>,
    pub(super) output: Option<String>,
}

/// A shape.
pub(super) struct Shape<'a> {
    pub(super) name: &'a str,
    value: &'a Value,
}

/// A member of a structure.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) shape: Shape<'a>,
    pub(super) required: bool,
}

impl Service {
    /// Reads a model.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self> {
        let model: Value = serde_json::from_str(text)?;
        let section = |name: &str| model.get(name).and_then(Value::as_object).ok_or(format!("no {name}"));
        let mut operations: Vec<Operation> = section("operations")?
            .iter()
            .map(|(name, operation)| Operation {
                name: name.clone(),
                input: referred(operation.get("input")),
                output: referred(operation.get("output")),
            })
            .collect();
        operations.sort_by(|one, other| one.name.cmp(&other.name));
        let protocol = section("metadata")?.get("protocol").and_then(Value::as_str);
        let query = protocol == Some("query");
        Ok(Self { name: name.to_owned(), query, operations, shapes: section("shapes")?.clone() })
    }

    /// A shape by its name.
    pub(super) fn shape(&self, name: &str) -> Result<Shape<'_>> {
        let (name, value) = self.shapes.get_key_value(name).ok_or_else(|| format!("no shape {name}"))?;
        Ok(Shape { name, value })
    }

    /// Every shape that these refer to, themselves included.
    pub(super) fn reachable(&self, roots: impl Iterator<Item = String>) -> Result<BTreeSet<String>> {
        let mut reached = BTreeSet::new();
        let mut waiting: Vec<String> = roots.collect();
        while let Some(name) = waiting.pop() {
            if reached.insert(name.clone()) {
                let shape = self.shape(&name)?;
                waiting.extend(self.members(&shape)?.into_iter().map(|member| member.shape.name.to_owned()));
                waiting.extend(
                    shape
                        .item()
                        .into_iter()
                        .chain(shape.map().into_iter().flat_map(|(key, value)| [key, value])),
                );
            }
        }
        Ok(reached)
    }

    /// The members of a structure, in the model's order.
    pub(super) fn members<'a>(&'a self, shape: &Shape<'a>) -> Result<Vec<Member<'a>>> {
        let required: Vec<&str> = shape
            .value
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let members = shape.value.get("members").and_then(Value::as_object).into_iter().flatten();
        members
            .map(|(name, reference)| {
                let target = referred(Some(reference)).ok_or_else(|| format!("{name} has no shape"))?;
                Ok(Member { name, shape: self.shape(&target)?, required: required.contains(&name.as_str()) })
            })
            .collect()
    }

    /// Names of all shapes, in the order of the model.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.shapes.keys()
    }

    /// Whether this shape is the output of an operation.
    pub(super) fn is_output(&self, name: &str) -> bool {
        self.operations.iter().any(|operation| operation.output.as_deref() == Some(name))
    }

    /// Whether a value of this shape holds something secret.
    pub(super) fn is_secret(&self, shape: &Shape<'_>) -> Result<bool> {
        let reached = self.reachable([shape.name.to_owned()].into_iter())?;
        for name in reached {
            if self.shape(&name)?.sensitive() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Shape<'_> {
    /// `structure`, `list`, `map`, `string`, `blob`, `integer`, `boolean`, `timestamp`.
    pub(super) fn kind(&self) -> &str {
        self.value.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it is marked as secret.
    pub(super) fn sensitive(&self) -> bool {
        let marked = self.value.get("sensitive").and_then(Value::as_bool) == Some(true);
        marked && matches!(self.kind(), "string" | "blob")
    }

    /// Whether it is an error.
    pub(super) fn is_error(&self) -> bool {
        self.value.get("exception").and_then(Value::as_bool) == Some(true)
    }

    /// The values of an enumeration.
    pub(super) fn values(&self) -> Option<Vec<&str>> {
        let values = self.value.get("enum").and_then(Value::as_array)?;
        Some(values.iter().filter_map(Value::as_str).collect())
    }

    /// The shape of a list's items.
    pub(super) fn item(&self) -> Option<String> {
        referred(self.value.get("member"))
    }

    /// The shapes of a map's keys and values.
    pub(super) fn map(&self) -> Option<(String, String)> {
        Some((referred(self.value.get("key"))?, referred(self.value.get("value"))?))
    }

    /// The lower bound, of the length or of the value.
    pub(super) fn min(&self) -> Option<i64> {
        self.value.get("min").and_then(Value::as_i64)
    }

    /// The upper bound.
    pub(super) fn max(&self) -> Option<i64> {
        self.value.get("max").and_then(Value::as_i64)
    }

    /// The pattern of a string.
    pub(super) fn pattern(&self) -> Option<&str> {
        self.value.get("pattern").and_then(Value::as_str)
    }
}

fn referred(reference: Option<&Value>) -> Option<String> {
    reference?.get("shape").and_then(Value::as_str).map(str::to_owned)
}
