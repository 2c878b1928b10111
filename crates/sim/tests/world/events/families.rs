//! What CloudTrail shows of multi-Region keys.

use serde_json::{Value as Json, json};
use sim::Stage;

use super::{ACCOUNT, keys};

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-synchronize-multi-region-key.html>
#[test]
fn what_replicas_get_of_their_primary_is_shown_as_a_call_between_regions() {
    let stage = Stage::new();
    let (primary, _) = stage.family();
    let alone = stage.key(json!({ "MultiRegion": true }));
    let synchronized = |stage: &Stage| {
        stage.world.settle();
        let mut records = stage.world.records();
        records.retain(|record| record.operation == "SynchronizeMultiRegionKey");
        records
    };
    for (number, operation) in
        ["RotateKeyOnDemand", "EnableKeyRotation", "DisableKeyRotation"].iter().enumerate()
    {
        assert_eq!(stage.kms(operation, json!({ "KeyId": alone })).code, None);
        assert_eq!(synchronized(&stage).len(), number, "{operation} of a key without replicas");
        assert_eq!(stage.kms(operation, json!({ "KeyId": primary })).code, None);
        assert_eq!(synchronized(&stage).len(), number + 1, "{operation}");
    }
    assert_eq!(stage.kms("DisableKeyRotation", json!({ "KeyId": primary })).code, None);
    let records = synchronized(&stage);
    assert_eq!(records.len(), 3, "nothing was changed that replicas have");
    let event: Json = serde_json::from_str(&trail::events(&records[0])[0].to_json().unwrap()).unwrap();
    assert_eq!((&event["eventType"], &event["serviceEventDetails"]), (&json!("AwsApiCall"), &Json::Null));
    assert_eq!((&event["requestParameters"], &event["responseElements"]), (&Json::Null, &Json::Null));
    assert_eq!(event["userIdentity"], json!({ "accountId": ACCOUNT, "invokedBy": "AWS Internal" }));
    assert_eq!(event["resources"], keys(&[&primary]));
}
