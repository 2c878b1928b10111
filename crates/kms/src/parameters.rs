//! Parameters that many operations have, and what must hold between them.

use audit::Value;
use dispatch::{Cx, Fault, fault};
use model::kms::{DryRunModifierType, EncryptionAlgorithmSpec};

use crate::{faults, grants::Context as EncryptionContext, limits::CONTEXT_BYTES};

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

/// The encryption context that a request has under this name, noted for the record. An empty one is none.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>
pub(crate) fn context<'a>(
    cx: &mut Cx<'_>,
    name: &'static str,
    sent: Option<&'a EncryptionContext>,
) -> Result<Option<&'a EncryptionContext>, Fault> {
    let Some(context) = sent.filter(|context| !context.is_empty()) else { return Ok(None) };
    // Policies look at every pair, and so do records.
    if strongroom::Context::canonical_bytes(context) > CONTEXT_BYTES {
        return Err(faults::validation(format!(
            "The encryption context exceeds the limit of {CONTEXT_BYTES} bytes."
        )));
    }
    cx.notes.parameter(name, Value::map(context.clone()));
    Ok(Some(context))
}

/// Encryption contexts go with the symmetric algorithm only.
pub(crate) fn takes_context(
    algorithm: EncryptionAlgorithmSpec,
    context: Option<&EncryptionContext>,
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
