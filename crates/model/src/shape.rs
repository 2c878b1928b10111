//! What the generated shapes have in common.

use serde::{Serialize, Serializer, de::DeserializeOwned};

use crate::{
    shown::{Show, Structure},
    violations::{Path, Violations},
};

/// The input of an operation, or a part of one: decoded loosely, then checked into its final form.
pub trait Input: Structure + Sized {
    /// As it stands on the wire: every member optional, enumerations as text.
    type Raw: DeserializeOwned + Default + Send;

    /// Checks every member; `None` when `violations` has grown.
    fn check(raw: Self::Raw, at: Path<'_>, violations: &mut Violations) -> Option<Self>;
}

/// The output of an operation.
pub trait Output: Structure + Serialize {
    /// Whether the operation has no output at all. One whose members are all absent still has an element of its own
    /// in the Query protocol, and clients look for it.
    const IS_NOTHING: bool = false;
}

/// Checks a decoded input.
///
/// # Errors
/// Every violated constraint, in the order of the model's members.
pub fn parse<I: Input>(raw: I::Raw) -> Result<I, Violations> {
    let mut violations = Violations::default();
    match I::check(raw, Path::ROOT, &mut violations) {
        Some(input) => Ok(input),
        None => Err(violations),
    }
}

/// No input, or no output: an empty object in, an empty body out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
pub struct Nothing {}

impl Serialize for Nothing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl Input for Nothing {
    type Raw = Self;

    fn check(raw: Self, _: Path<'_>, _: &mut Violations) -> Option<Self> {
        Some(raw)
    }
}

impl Structure for Nothing {
    fn each<'a>(&'a self, _: &mut dyn FnMut(&'static str, &'a dyn Show)) {}
}

impl Output for Nothing {
    const IS_NOTHING: bool = true;
}

/// Text that must be one of a set.
pub trait Choice: Sized + Copy + 'static {
    /// Its name in the model.
    const NAME: &'static str;

    /// Every value, in the model's order.
    const ALL: &'static [Self];

    /// As on the wire.
    fn as_str(self) -> &'static str;

    /// From the wire.
    fn parse(text: &str) -> Option<Self>;
}
