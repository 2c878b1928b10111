//! What the generated shapes have in common.

use serde::{Serialize, Serializer, de::DeserializeOwned};

use crate::constraint::{Path, Violations};

/// The input of an operation, or a part of one: decoded loosely, then checked into its final form.
pub trait Input: Sized + Send {
    /// As it stands on the wire: every member optional, enumerations as text.
    type Raw: DeserializeOwned + Default + Send;

    /// Checks every member; `None` when `violations` has grown.
    fn check(raw: Self::Raw, at: Path<'_>, violations: &mut Violations) -> Option<Self>;
}

/// The output of an operation.
pub trait Output: Serialize + Send {
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

/// What is known of an operation from the service's model.
#[derive(Debug, PartialEq, Eq)]
pub struct OperationShape {
    /// Its name.
    pub name: &'static str,
    /// Name of its input's shape.
    pub input: Option<&'static str>,
    /// Name of its output's shape.
    pub output: Option<&'static str>,
    /// Errors that the model lists for it.
    pub errors: &'static [&'static str],
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

impl Output for Nothing {
    const IS_NOTHING: bool = true;
}

/// Text that must be one of a set.
pub trait Choice: Sized + Copy + 'static {
    /// Every value, in the model's order.
    const ALL: &'static [Self];

    /// As on the wire.
    fn as_str(self) -> &'static str;

    /// From the wire.
    fn parse(text: &str) -> Option<Self>;
}

/// Declares an enumeration of the model.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = concat!("`", $text, "`")] $variant,)* }

        impl $name {
            /// Every value, in the model's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// From the wire; `None` for any other text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl $crate::shape::Choice for $name {
            const ALL: &'static [Self] = Self::ALL;

            fn as_str(self) -> &'static str {
                self.as_str()
            }

            fn parse(text: &str) -> Option<Self> {
                Self::parse(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // A variant, whose text needs no escaping.
                serializer.serialize_unit_variant(stringify!($name), *self as u32, self.as_str())
            }
        }
    };
}
pub(crate) use choice;
