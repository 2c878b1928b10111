//! Policies that callers write: sizes, form, partition, and what is wrong with them in AWS's words.

use std::sync::Arc;

use dispatch::{Fault, Principals};
use model::arn::Region;
use policy::{Policy, PolicyKind};

use crate::{
    Iam,
    entities::Trust,
    faults::{self, MALFORMED_POLICY},
    limits::{MANAGED_POLICY, TRUST_POLICY},
};

/// A policy of an identity.
pub(crate) fn identity(iam: &Iam, region: &Region, text: &str) -> Result<Arc<Policy>, Fault> {
    let document = iam.tables().policies.document(text, PolicyKind::IdentityPolicy);
    let checked = document.and_then(|document| {
        policy::check_partition(text, region.partition().as_str())?;
        Ok(document)
    });
    checked.map_err(|malformed| faults::malformed(&malformed))
}

/// A version of a managed policy, of the newer version of the language.
pub(crate) fn managed(iam: &Iam, region: &Region, text: &str) -> Result<Arc<Policy>, Fault> {
    if size(text) > MANAGED_POLICY {
        return Err(faults::quota("PolicySize", MANAGED_POLICY));
    }
    let document = identity(iam, region, text)?;
    document.check_version().map_err(|malformed| faults::malformed(&malformed))?;
    Ok(document)
}

/// A trust policy, whose principals exist.
pub(crate) fn trust(iam: &Iam, region: &Region, text: &str) -> Result<Trust, Fault> {
    if size(text) > TRUST_POLICY {
        return Err(faults::quota("ACLSizePerRole", TRUST_POLICY));
    }
    let tables = &**iam.tables();
    let trust = Trust::put(text, tables, &tables.policies).and_then(|trust| {
        policy::check_partition(text, region.partition().as_str())?;
        Ok(trust)
    });
    let trust = trust.map_err(|malformed| faults::malformed(&malformed))?;
    if let Some(unknown) = trust.document.principals().find(|named| !tables.exist(named)) {
        // The quotation marks are AWS's; tools look for this text.
        let message =
            format!("Invalid principal in policy: \"{}\":\"{}\"", unknown.element(), unknown.value());
        return Err(Fault::new(&MALFORMED_POLICY, message));
    }
    Ok(trust)
}

/// Characters that count: all but white space.
pub(crate) fn size(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}
