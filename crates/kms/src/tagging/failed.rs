//! Changes of many keys: what fails for one key is told of that key, and the others are changed.

use std::collections::{BTreeMap, BTreeSet};

use audit::Value;
use dispatch::{Cx, Fault, Notes};
use model::{
    arn::{KeyId, KeyRef},
    tagging::FailureInfo,
};
use store::Batch;

use crate::faults;

/// The changes of the keys that can be changed, in one batch, and why the others cannot.
pub(super) struct Changed {
    pub(super) change: Option<Batch>,
    pub(super) failed: BTreeMap<String, FailureInfo>,
}

/// Makes a change of each key in its turn, with notes of its own: the decision about one key is not the decision about
/// the call, which was allowed. The record names the keys that are changed, and apart from them what failed.
pub(super) fn each(
    cx: &mut Cx<'_>,
    arns: &[String],
    mut change: impl FnMut(&mut Cx<'_>, &str) -> Result<Batch, Fault>,
) -> Changed {
    let mut changed = Changed { change: None, failed: BTreeMap::new() };
    let mut seen = BTreeSet::new();
    for arn in arns {
        let mut notes = Notes::default();
        let done = key_here(cx, arn).and_then(|key| {
            if !seen.insert(key) {
                return Ok(Batch::default());
            }
            change(&mut Cx { notes: &mut notes, ..cx.reborrowed() }, arn)
        });
        match done {
            Ok(batch) => {
                cx.notes.resource(arn.clone());
                changed.change = Some(changed.change.take().unwrap_or_default().and(batch));
            }
            Err(fault) => drop(changed.failed.insert(arn.clone(), told(&fault))),
        }
    }
    cx.notes.answered("failedResourcesMap", Value::map(changed.failed.iter().map(noted)));
    changed
}

/// The key in the caller's account and Region that an ARN names. Keys of others are tagged by KMS's own API.
fn key_here(cx: &Cx<'_>, arn: &str) -> Result<KeyId, Fault> {
    match KeyRef::parse(arn) {
        Ok(KeyRef::Arn(arn)) if arn.account == cx.account() && arn.region == *cx.region => Ok(arn.key_id),
        _ => Err(faults::invalid_parameter(format!("{arn} is no KMS key of this account and Region."))),
    }
}

/// What failed of one key, for the record.
fn noted((arn, failed): (&String, &FailureInfo)) -> (String, Value<'static>) {
    let texts = [("errorCode", &failed.error_code), ("errorMessage", &failed.error_message)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::from(text.clone()?))));
    let status = failed.status_code.map(|status| ("statusCode", i64::from(status).into()));
    (arn.clone(), Value::map(texts.chain(status)))
}

fn told(fault: &Fault) -> FailureInfo {
    FailureInfo {
        status_code: Some(i32::from(fault.kind.json_status)),
        error_code: Some(fault.kind.json.to_owned()),
        error_message: fault.message.as_deref().map(str::to_owned),
    }
}
