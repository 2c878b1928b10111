//! Parameters that many operations have, and what must hold between them.

use std::collections::BTreeMap;

use dispatch::{Fault, fault};
use model::kms::{DryRunModifierType, EncryptionAlgorithmSpec};

use crate::faults;

/// Ends a dry run, when everything that could have stopped the call has been checked.
pub(crate) fn dry_run(asked: Option<bool>) -> Result<(), Fault> {
    if asked == Some(true) { Err(faults::dry_run()) } else { Ok(()) }
}

/// Modifiers belong to dry runs; ignoring the ciphertext needs a key to be named.
pub(crate) fn modifiers(
    dry_run: Option<bool>,
    modifiers: Option<&[DryRunModifierType]>,
    named: Option<&str>,
) -> Result<(), Fault> {
    let ignoring = modifiers.is_some_and(|all| all.contains(&DryRunModifierType::IgnoreCiphertext));
    if modifiers.is_some_and(|all| !all.is_empty()) && dry_run != Some(true) {
        return Err(faults::validation("DryRunModifiers can only be specified when DryRun is true."));
    }
    if ignoring && named.is_none() {
        return Err(faults::validation("KeyId is required when IGNORE_CIPHERTEXT is specified."));
    }
    Ok(())
}

/// Encryption contexts go with the symmetric algorithm only.
pub(crate) fn context(
    algorithm: EncryptionAlgorithmSpec,
    context: Option<&BTreeMap<String, String>>,
) -> Result<(), Fault> {
    let is_empty = context.is_none_or(BTreeMap::is_empty);
    if algorithm == EncryptionAlgorithmSpec::SymmetricDefault || is_empty {
        return Ok(());
    }
    Err(faults::validation("EncryptionContext is only supported with symmetric encryption KMS keys."))
}

/// Custom key stores are not offered yet; `docs/divergences.md` says so.
pub(crate) fn no_custom_key_store(asked: Option<&str>) -> Result<(), Fault> {
    match asked {
        Some(_) => Err(Fault::new(&fault::UNSUPPORTED_OPERATION, "Custom key stores are not offered yet.")),
        None => Ok(()),
    }
}
