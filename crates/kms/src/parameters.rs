//! Parameters that many operations have, and what must hold between them.

use dispatch::{Fault, fault};
use model::kms::{DryRunModifierType, EncryptionAlgorithmSpec};

use crate::{faults, grants::Context};

/// Ends a dry run, when everything that could have stopped the call has been checked.
pub(crate) fn dry_run(asked: Option<bool>) -> Result<(), Fault> {
    if asked == Some(true) { Err(faults::dry_run()) } else { Ok(()) }
}

/// Modifiers belong to dry runs; ignoring the ciphertext needs a key to be named. Without that, there is a ciphertext.
pub(crate) fn modifiers(
    dry_run: Option<bool>,
    modifiers: Option<&[DryRunModifierType]>,
    named: Option<&str>,
    ciphertext: Option<&[u8]>,
) -> Result<(), Fault> {
    let ignoring = modifiers.is_some_and(|all| all.contains(&DryRunModifierType::IgnoreCiphertext));
    if ciphertext.is_none() && !ignoring {
        return Err(faults::missing("ciphertextBlob"));
    }
    if modifiers.is_some_and(|all| !all.is_empty()) && dry_run != Some(true) {
        return Err(faults::validation("DryRunModifiers can only be specified when DryRun is true."));
    }
    if ignoring && named.is_none() {
        return Err(faults::validation("KeyId is required when IGNORE_CIPHERTEXT is specified."));
    }
    Ok(())
}

/// Encryption contexts go with the symmetric algorithm only.
pub(crate) fn takes_context(
    algorithm: EncryptionAlgorithmSpec,
    context: Option<&Context>,
) -> Result<(), Fault> {
    if algorithm == EncryptionAlgorithmSpec::SymmetricDefault || context.is_none() {
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
