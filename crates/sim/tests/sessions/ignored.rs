//! Where policies are not asked, records say so, whatever was done.

use audit::RecordedDecision;
use dispatch::Policies;
use serde_json::json;
use sim::{Settings, Stage, World};

#[test]
fn no_record_tells_of_a_policy_that_was_not_asked() {
    let stage = Stage::on(World::of(Settings { policies: Policies::Ignored, ..Settings::default() }));
    let user = stage.user("u");
    let denied = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole" }
    ] });
    let role = stage.role("r", &denied);
    let session = stage.session(&user, &role, json!({ "Tags": [{ "Key": "a", "Value": "b" }] }));
    assert_eq!(stage.try_key(&session, "Encrypt").status, 200);
    for record in stage.world.records() {
        let ignored = RecordedDecision::Allowed { layer: "policies-ignored".into(), statement: None };
        assert_eq!(record.decision, ignored, "{}", record.operation);
    }
}
