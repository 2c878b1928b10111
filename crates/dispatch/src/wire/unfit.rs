//! A value that the wire has no form for: a mistake in a shape, never a caller's.

use std::fmt;

use serde::ser;

/// What has no form.
#[derive(Debug)]
pub(super) struct Unfit(pub(super) &'static str);

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
