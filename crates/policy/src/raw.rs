//! The JSON of a policy, as it stands there: types right, duplicates, unknown members and nulls refused.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

use crate::Malformed;

/// A policy document.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RawPolicy {
    #[serde(default, deserialize_with = "present")]
    pub(crate) version: Option<String>,
    #[expect(dead_code, reason = "allowed, and of no meaning")]
    #[serde(default, deserialize_with = "present")]
    pub(crate) id: Option<String>,
    pub(crate) statement: OneOrMany<Object<RawStatement>>,
}

impl RawPolicy {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let parsed: serde_json::Result<Object<Self>> = serde_json::from_str(text);
        parsed.map(|Object(raw)| raw).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            if error.is_data() { Malformed::Form { line, column } } else { Malformed::Json { line, column } }
        })
    }
}

/// A statement.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RawStatement {
    #[serde(default, deserialize_with = "present")]
    pub(crate) sid: Option<String>,
    pub(crate) effect: String,
    #[serde(default, deserialize_with = "present")]
    pub(crate) principal: Option<RawPrincipal>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) not_principal: Option<RawPrincipal>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) action: Option<OneOrMany<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) not_action: Option<OneOrMany<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) resource: Option<OneOrMany<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) not_resource: Option<OneOrMany<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) condition: Option<UniqueMap<UniqueMap<OneOrMany<Scalar>>>>,
}

/// `"*"`, or principals by their kind.
pub(crate) enum RawPrincipal {
    Text(String),
    Kinds(UniqueMap<OneOrMany<String>>),
}

/// A value, or an array of values.
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

/// An object whose members have different names, in the order of the names.
pub(crate) struct UniqueMap<T>(pub(crate) BTreeMap<String, T>);

/// A condition value: text, number or truth value, as text.
pub(crate) struct Scalar(pub(crate) String);

/// What is written as an object. Members without their names, in an array, are not taken.
pub(crate) struct Object<T>(pub(crate) T);

/// A member that is not null: whoever writes `"Condition": null` may mean anything.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(members)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for UniqueMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = UniqueMap<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((name, value)) = members.next_entry()? {
                    if map.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member is there twice"));
                    }
                }
                Ok(UniqueMap(map))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        /// Hands what is no array on to `T`.
        macro_rules! one {
            ($($method:ident: $type:ty => $into:ident),*) => {
                $(fn $method<E: Error>(self, value: $type) -> Result<Self::Value, E> {
                    let one = T::deserialize(serde::de::value::$into::new(value))?;
                    Ok(OneOrMany(vec![one]))
                })*
            };
        }

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or an array of values")
            }

            one!(
                visit_str: &str => StrDeserializer, visit_bool: bool => BoolDeserializer,
                visit_i64: i64 => I64Deserializer, visit_u64: u64 => U64Deserializer,
                visit_f64: f64 => F64Deserializer
            );

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                let one = T::deserialize(serde::de::value::MapAccessDeserializer::new(members))?;
                Ok(OneOrMany(vec![one]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut many = Vec::new();
                while let Some(item) = items.next_element()? {
                    many.push(item);
                }
                Ok(OneOrMany(many))
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<'de> Deserialize<'de> for RawPrincipal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = RawPrincipal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`*` or principals by their kind")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawPrincipal, E> {
                Ok(RawPrincipal::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<RawPrincipal, A::Error> {
                let members = serde::de::value::MapAccessDeserializer::new(members);
                UniqueMap::deserialize(members).map(RawPrincipal::Kinds)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsText;

        macro_rules! text {
            ($($method:ident: $type:ty),*) => {
                $(fn $method<E: Error>(self, value: $type) -> Result<Scalar, E> { Ok(Scalar(value.to_string())) })*
            };
        }

        impl Visitor<'_> for AsText {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number or a truth value")
            }

            text!(visit_str: &str, visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
        }
        deserializer.deserialize_any(AsText)
    }
}
