//! The encryption context of a request, as everybody who looks at it gets it.

use audit::Value;
use dispatch::{Cx, Fault};

use crate::{faults, grants::Context, limits::CONTEXT_BYTES};

/// The encryption context that a request has under this name, noted for the record. An empty one is none.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>
pub(crate) fn context<'a>(
    cx: &mut Cx<'_>,
    name: &'static str,
    sent: Option<&'a Context>,
) -> Result<Option<&'a Context>, Fault> {
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
