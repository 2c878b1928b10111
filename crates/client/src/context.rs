//! Encryption contexts, as they are stated and demanded on the command line.

use forward::Context;

use crate::ending::ClientFailure;

/// The context of these pairs.
///
/// # Errors
/// [`ClientFailure::Use`] if a name is there twice.
pub(crate) fn stated(pairs: Vec<(String, String)>) -> Result<Context, ClientFailure> {
    let count = pairs.len();
    let context: Context = pairs.into_iter().collect();
    if context.len() < count {
        return Err(ClientFailure::Use("a name is twice in the context".to_owned()));
    }
    Ok(context)
}

/// Checks that a context has all of these pairs.
///
/// # Errors
/// Which pair it has not.
pub(crate) fn demand(context: &Context, pairs: &[(String, String)]) -> Result<(), String> {
    match pairs.iter().find(|(name, value)| context.get(name) != Some(value)) {
        Some((name, value)) => Err(format!("`{name}={value}` is not in its encryption context")),
        None => Ok(()),
    }
}
