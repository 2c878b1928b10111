//! Service events: what the service did by itself, as CloudTrail names it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html>

use dispatch::ServiceEvent;
use model::arn::KeyArn;

use crate::{key::Key, tables::Tables};

/// What a primary shares with its replicas was changed, and they have it. `None` for a key without replicas.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-synchronize-multi-region-key.html>
pub(crate) fn synchronized(tables: &Tables, key: &Key) -> Option<ServiceEvent> {
    let has_replicas = !tables.replicas(key).is_empty();
    has_replicas.then(|| about(&key.arn, "SynchronizeMultiRegionKey", Vec::new()))
}

/// An event that concerns a key.
pub(crate) fn about(arn: &KeyArn, name: &'static str, details: Vec<(&'static str, String)>) -> ServiceEvent {
    ServiceEvent {
        service: "kms",
        name,
        account: arn.account.to_string(),
        region: arn.region.to_string(),
        resource: arn.to_string(),
        details,
    }
}
