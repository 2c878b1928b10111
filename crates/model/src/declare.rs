//! How the generated files declare shapes: a line for each value of an enumeration, a line for each member of a
//! structure. What a structure is on the wire, how it is checked and how it is written follows from these lines:
//!
//! ```text
//! shape! {
//!     /// Shape `ListKeysRequest`.
//!     #[derive(Debug, Clone, PartialEq, Eq, Default)]
//!     input ListKeysRequest {
//!         limit: optional number(1, 1000) = "Limit",
//!         marker: optional text(1, 1024, PATTERN_9) = "Marker",
//!     }
//! }
//! ```
//!
//! The numbers are the bounds of a value or of a length. Outputs are not checked, and so have no bounds.

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
            const NAME: &'static str = stringify!($name);
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

        impl $crate::shown::Show for $name {
            fn shown(&self) -> $crate::shown::Visible<'_> {
                $crate::shown::Visible::Text(self.as_str())
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

/// Declares a structure of the model. An `input` is the input of an operation or a part of one, an `output` is the
/// output of an operation, an `inner` one is a part of outputs.
macro_rules! shape {
    ($(#[$attribute:meta])* input $name:ident $members:tt) => {
        structure! { $(#[$attribute])* $name $members }
        members! { $name $members }
        decoded! { $name $members }
    };
    ($(#[$attribute:meta])* output $name:ident $members:tt) => {
        structure! { $(#[$attribute])* $name $members }
        members! { $name $members }
        encoded! { $name $members }
        impl $crate::shape::Output for $name {}
    };
    ($(#[$attribute:meta])* inner $name:ident $members:tt) => {
        structure! { $(#[$attribute])* $name $members }
        members! { $name $members }
        encoded! { $name $members }
    };
    ($(#[$attribute:meta])* input inner $name:ident $members:tt) => {
        structure! { $(#[$attribute])* $name $members }
        members! { $name $members }
        decoded! { $name $members }
        encoded! { $name $members }
    };
}

/// The structure itself.
macro_rules! structure {
    ($(#[$attribute:meta])* $name:ident {
        $($member:ident: $need:ident $kind:ident $(($($of:tt)*))? = $wire:literal,)*
    }) => {
        $(#[$attribute])*
        pub struct $name {
            $(#[doc = concat!("`", $wire, "`.")] pub $member: held!($need $kind $(($($of)*))?),)*
        }
    };
}

/// What records may show of a structure.
macro_rules! members {
    ($name:ident { $($member:ident: $need:ident $kind:ident $(($($of:tt)*))? = $wire:literal,)* }) => {
        impl $crate::shown::Structure for $name {
            fn each<'a>(&'a self, tell: &mut dyn FnMut(&'static str, &'a dyn $crate::shown::Show)) {
                // Of some structures nothing is told.
                let _ = &tell;
                $(if let Some(value) = present!($need self.$member) {
                    told!($kind tell, $wire, value);
                })*
            }
        }

        impl $crate::shown::Show for $name {
            fn shown(&self) -> $crate::shown::Visible<'_> {
                $crate::shown::Visible::Structure(self)
            }
        }
    };
}

/// A member of a structure for a record, if it is of a kind that records show.
macro_rules! told {
    (sensitive $tell:ident, $wire:literal, $value:ident) => {
        let _ = $value;
    };
    (sensitive_text $tell:ident, $wire:literal, $value:ident) => {
        let _ = $value;
    };
    (blob $tell:ident, $wire:literal, $value:ident) => {
        let _ = $value;
    };
    (map $tell:ident, $wire:literal, $value:ident) => {
        let _ = $value;
    };
    ($kind:ident $tell:ident, $wire:literal, $value:ident) => {
        $tell($wire, $value);
    };
}

/// How a structure is decoded, with all members optional, and checked.
macro_rules! decoded {
    ($name:ident {}) => {
        impl $crate::shape::Input for $name {
            type Raw = $crate::Nothing;

            fn check(
                _: $crate::Nothing,
                _: $crate::constraint::Path<'_>,
                _: &mut $crate::constraint::Violations,
            ) -> Option<Self> {
                Some(Self {})
            }
        }
    };
    ($name:ident { $($member:ident: $need:ident $kind:ident $(($($of:tt)*))? = $wire:literal,)* }) => {
        const _: () = {
            #[derive(Default, serde::Deserialize)]
            #[serde(default)]
            pub struct Raw {
                $(#[serde(rename = $wire)] $member: Option<raw!($kind $(($($of)*))?)>,)*
            }

            impl $crate::shape::Input for $name {
                type Raw = Raw;

                fn check(
                    raw: Raw,
                    at: $crate::constraint::Path<'_>,
                    violations: &mut $crate::constraint::Violations,
                ) -> Option<Self> {
                    $(let $member = $crate::constraint::$need(
                        raw.$member,
                        at.member($wire),
                        violations,
                        check!($kind $(($($of)*))?),
                    );)*
                    Some(Self { $($member: $member?,)* })
                }
            }
        };
    };
}

/// How a structure is encoded, without the members that are absent.
macro_rules! encoded {
    ($name:ident {}) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::ser::SerializeStruct::end(serializer.serialize_struct(stringify!($name), 0)?)
            }
        }
    };
    ($name:ident { $($member:ident: $need:ident $kind:ident $(($($of:tt)*))? = $wire:literal,)* }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;

                let most = [$($wire),*].len();
                let mut members = serializer.serialize_struct(stringify!($name), most)?;
                $(if let Some(value) = present!($need self.$member) {
                    members.serialize_field($wire, shown!($kind value))?;
                })*
                members.end()
            }
        }
    };
}

/// The type of a member.
macro_rules! held {
    (required $($kind:tt)+) => { held!($($kind)+) };
    (optional $($kind:tt)+) => { Option<held!($($kind)+)> };
    (text $($length:tt)?) => { String };
    (number $($range:tt)?) => { i32 };
    (truth) => { bool };
    (time) => { $crate::Timestamp };
    (blob $($length:tt)?) => { $crate::Blob };
    (sensitive $($length:tt)?) => { secret::Plaintext };
    (sensitive_text $($length:tt)?) => { secret::Plaintext };
    (choice($name:ident)) => { $name };
    (structure($name:ident)) => { $name };
    (lenient($($scalar:tt)+)) => { held!($($scalar)+) };
    (list($min:expr, $max:expr, $($item:tt)+)) => { Vec<held!($($item)+)> };
    (list($($item:tt)+)) => { Vec<held!($($item)+)> };
    (map($min:expr, $max:expr, $($value:tt)+)) => {
        std::collections::BTreeMap<String, held!($($value)+)>
    };
    (map($($value:tt)+)) => { std::collections::BTreeMap<String, held!($($value)+)> };
}

/// The type of a member as it is decoded.
macro_rules! raw {
    (text $length:tt) => { String };
    (number $range:tt) => { i32 };
    (truth) => { bool };
    (time) => { $crate::Timestamp };
    (blob $length:tt) => { $crate::Blob };
    (sensitive $length:tt) => { $crate::blob::Sensitive };
    (sensitive_text $length:tt) => { $crate::blob::SensitiveText };
    (choice($name:ident)) => { String };
    (structure($name:ident)) => { <$name as $crate::shape::Input>::Raw };
    (lenient($($scalar:tt)+)) => { $crate::number::Lenient<raw!($($scalar)+)> };
    (list($min:expr, $max:expr, $($item:tt)+)) => { Vec<raw!($($item)+)> };
    (map($min:expr, $max:expr, $($value:tt)+)) => { $crate::entries::Entries<raw!($($value)+)> };
}

/// The check of a member.
macro_rules! check {
    (truth) => { $crate::constraint::any() };
    (time) => { $crate::constraint::any() };
    (text($min:expr, $max:expr)) => { $crate::constraint::text($min, $max, None) };
    (text($min:expr, $max:expr, $pattern:ident)) => { $crate::constraint::text($min, $max, Some(&$pattern)) };
    (choice($name:ident)) => { $crate::constraint::choice::<$name>() };
    (structure($name:ident)) => { $crate::constraint::structure::<$name>() };
    (lenient($($scalar:tt)+)) => { $crate::constraint::lenient(check!($($scalar)+)) };
    ($many:ident($min:expr, $max:expr, $($one:tt)+)) => {
        $crate::constraint::$many($min, $max, check!($($one)+))
    };
    ($kind:ident($min:expr, $max:expr)) => { $crate::constraint::$kind($min, $max) };
}

/// A member of an output, if it is there.
macro_rules! present {
    (required $member:expr) => {
        Some(&$member)
    };
    (optional $member:expr) => {
        $member.as_ref()
    };
}

/// A member of an output in the form that is encoded.
macro_rules! shown {
    (sensitive $value:ident) => {
        &$crate::revealed::RevealedBytes($value)
    };
    (sensitive_text $value:ident) => {
        &$crate::revealed::RevealedText($value)
    };
    ($kind:ident $value:ident) => {
        $value
    };
}

/// Declares patterns: as messages show them, and as they are compiled.
macro_rules! patterns {
    ($($name:ident = $shown:literal, $compiled:literal;)*) => {
        $(static $name: $crate::constraint::Pattern = $crate::constraint::Pattern {
            shown: $shown,
            compiled: std::sync::LazyLock::new(|| $crate::constraint::compile($compiled)),
        };)*

        #[cfg(test)]
        pub(crate) static PATTERNS: &[&$crate::constraint::Pattern] = &[$(&$name,)*];
    };
}

#[cfg(test)]
mod tests {
    use secret::Plaintext;

    use crate::{
        iam::AccessKey,
        kms::{DecryptResponse, ReplicateKeyRequest, Tag},
        shape::{Input, parse},
    };

    #[test]
    fn absent_members_are_not_encoded() {
        assert_eq!(serde_json::to_string(&DecryptResponse::default()).unwrap(), "{}");
        let tag = Tag { tag_key: "k".to_owned(), tag_value: String::new() };
        assert_eq!(serde_json::to_string(&tag).unwrap(), r#"{"TagKey":"k","TagValue":""}"#);
    }

    #[test]
    fn secrets_are_encoded_for_the_caller() {
        let decrypted =
            DecryptResponse { plaintext: Some(Plaintext::new(b"hi".to_vec())), ..DecryptResponse::default() };
        assert_eq!(serde_json::to_string(&decrypted).unwrap(), r#"{"Plaintext":[104,105]}"#);
        let made = AccessKey {
            user_name: "u".to_owned(),
            access_key_id: "a".to_owned(),
            status: crate::iam::StatusType::Active,
            secret_access_key: Plaintext::new(b"hi".to_vec()),
            create_date: None,
        };
        let expected = r#"{"UserName":"u","AccessKeyId":"a","Status":"Active","SecretAccessKey":"hi"}"#;
        assert_eq!(serde_json::to_string(&made).unwrap(), expected);
    }

    #[test]
    fn an_input_that_is_a_part_of_outputs_is_decoded_as_it_is_encoded() {
        let body = r#"{"KeyId":"k","ReplicaRegion":"eu-west-1","Tags":[{"TagKey":"a","TagValue":"b"}]}"#;
        let raw: <ReplicateKeyRequest as Input>::Raw = serde_json::from_str(body).unwrap();
        let tags = parse::<ReplicateKeyRequest>(raw).unwrap().tags;
        assert_eq!(serde_json::to_string(&tags).unwrap(), r#"[{"TagKey":"a","TagValue":"b"}]"#);
    }
}
