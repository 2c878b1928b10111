//! The header fields that signatures are about, found in one pass: each look-up in the map would hash a name.

use http::{HeaderMap, HeaderValue};

use crate::AuthError;

/// What the head of a request has of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fields<'a> {
    pub(crate) authorization: Field<'a>,
    pub(crate) date: Field<'a>,
    pub(crate) amz_content_sha256: Field<'a>,
    pub(crate) amz_date: Field<'a>,
    pub(crate) amz_security_token: Field<'a>,
    pub(crate) amz_target: Field<'a>,
}

/// How often a field was sent.
#[derive(Clone, Copy, Default)]
pub(crate) enum Field<'a> {
    #[default]
    Absent,
    Once(&'a HeaderValue),
    Repeated,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers {
            let field = match name.as_str() {
                "authorization" => &mut fields.authorization,
                "date" => &mut fields.date,
                "x-amz-content-sha256" => &mut fields.amz_content_sha256,
                "x-amz-date" => &mut fields.amz_date,
                "x-amz-security-token" => &mut fields.amz_security_token,
                "x-amz-target" => &mut fields.amz_target,
                _ => continue,
            };
            *field = if field.is_absent() { Field::Once(value) } else { Field::Repeated };
        }
        fields
    }
}

impl<'a> Field<'a> {
    pub(crate) fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The one value. With two, whoever reads the other one is deceived. `shown` is the field's name in errors.
    pub(crate) fn only(self, shown: &'static str) -> Result<Option<&'a HeaderValue>, AuthError> {
        match self {
            Self::Absent => Ok(None),
            Self::Once(value) => Ok(Some(value)),
            Self::Repeated => Err(AuthError::Repeated(shown)),
        }
    }
}
