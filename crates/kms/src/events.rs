//! Service events: what the service did by itself, as CloudTrail names it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html>

use dispatch::ServiceEvent;
use model::arn::KeyArn;

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
