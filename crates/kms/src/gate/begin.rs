//! What comes before the policies are asked.

use dispatch::{Cx, Fault};

use super::{Asked, Use};
use crate::{
    Kms, faults,
    grants::check_tokens,
    key::Key,
    layout::Place,
    rates::{Computation, Exceeded},
};

/// The request rate, and grant tokens that are no tokens.
pub(super) fn begin<U: Use>(kms: &Kms, cx: &Cx<'_>, key: &Key, asked: &Asked<'_>) -> Result<(), Fault> {
    let pair = asked.parameter("kms:DataKeyPairSpec");
    charge(kms, cx, &Computation { spec: Some(key.spec), pair })?;
    check_tokens(kms, cx, asked.tokens())
}

/// Counts a call against the request rate of its account: once, by what is asked of the policies first.
pub(super) fn charge(kms: &Kms, cx: &Cx<'_>, computed: &Computation<'_>) -> Result<(), Fault> {
    if !cx.notes.is_undecided() {
        return Ok(());
    }
    kms.rates.take(&Place::of(cx), cx.operation, computed, cx.now).map_err(|Exceeded| faults::throttled())
}
