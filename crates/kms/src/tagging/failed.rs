//! Changes of many keys: what fails for one key is told of that key, and the others are changed.

use std::collections::BTreeMap;

use audit::Value;
use dispatch::{Cx, Fault, Notes};
use model::{arn::KeyRef, tagging::FailureInfo};
use store::Batch;

use crate::faults;

/// The changes of the keys that can be changed, in one batch, and why the others cannot.
pub(super) struct Changed {
    pub(super) change: Option<Batch>,
    pub(super) failed: BTreeMap<String, FailureInfo>,
}

/// Makes a change of each key in its turn, with notes of its own: the decision about one key is not the decision about
/// the call, which was allowed. The record names all keys, and those that failed.
pub(super) fn each(
    cx: &mut Cx<'_>,
    arns: &[String],
    mut change: impl FnMut(&mut Cx<'_>, &str) -> Result<Batch, Fault>,
) -> Changed {
    let mut changed = Changed { change: None, failed: BTreeMap::new() };
    for arn in arns {
        let mut notes = Notes::default();
        let done = is_here(cx, arn).and_then(|()| {
            let Cx { operation, caller, region, now, origin, entropy, policies, .. } = *cx;
            change(
                &mut Cx { operation, caller, region, now, origin, entropy, policies, notes: &mut notes },
                arn,
            )
        });
        cx.notes.resource(arn.clone());
        match done {
            Ok(batch) => changed.change = Some(changed.change.take().unwrap_or_default().and(batch)),
            Err(fault) => drop(changed.failed.insert(arn.clone(), told(&fault))),
        }
    }
    if !changed.failed.is_empty() {
        let failed = changed.failed.keys().map(|arn| Value::from(arn.clone())).collect();
        cx.notes.answered("failedResources", Value::List(failed));
    }
    changed
}

/// Whether it is the ARN of a key in the caller's account and Region. Those of others are tagged by KMS's own API.
fn is_here(cx: &Cx<'_>, arn: &str) -> Result<(), Fault> {
    let here = match KeyRef::parse(arn) {
        Ok(KeyRef::Arn(arn)) => arn.account == cx.account() && arn.region == *cx.region,
        _ => false,
    };
    if here {
        Ok(())
    } else {
        Err(faults::invalid_parameter(format!("{arn} is no KMS key of this account and Region.")))
    }
}

fn told(fault: &Fault) -> FailureInfo {
    FailureInfo {
        status_code: Some(i32::from(fault.kind.json_status)),
        error_code: Some(fault.kind.json.to_owned()),
        error_message: fault.message.as_deref().map(str::to_owned),
    }
}
