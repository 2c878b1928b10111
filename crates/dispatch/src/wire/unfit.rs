//! A value that the wire has no form for: a mistake in a shape, never a caller's.

use std::fmt;

use serde::ser;

/// What has no form.
#[derive(Debug)]
pub(super) struct Unfit(pub(super) &'static str);

/// What no shape has, and so neither protocol writes: for an implementation of `Serializer`.
macro_rules! no_shape_has {
    () => {
        type SerializeTuple = serde::ser::Impossible<(), Unfit>;
        type SerializeTupleStruct = serde::ser::Impossible<(), Unfit>;
        type SerializeTupleVariant = serde::ser::Impossible<(), Unfit>;
        type SerializeStructVariant = serde::ser::Impossible<(), Unfit>;

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<(), Unfit> {
            Err(Unfit("a variant"))
        }

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unfit> {
            Err(Unfit("a tuple"))
        }

        fn serialize_tuple_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleStruct, Unfit> {
            Err(Unfit("a tuple"))
        }

        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, Unfit> {
            Err(Unfit("a variant"))
        }

        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, Unfit> {
            Err(Unfit("a variant"))
        }
    };
}
pub(super) use no_shape_has;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no form on the wire", self.0)
    }
}

impl std::error::Error for Unfit {}

impl ser::Error for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self("a value")
    }
}
