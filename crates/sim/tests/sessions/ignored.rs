//! Where policies are not asked, records say so, whatever was done.

use audit::RecordedDecision;
use serde_json::json;
use sim::World;

use crate::cast::Cast;

#[test]
fn no_record_tells_of_a_policy_that_was_not_asked() {
    let cast = Cast::on(World::ignoring_policies());
    let user = cast.user("u");
    let denied = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole" }
    ] });
    let role = cast.role("r", &denied);
    let session = cast.session(&user, &role, json!({ "Tags": [{ "Key": "a", "Value": "b" }] }));
    assert_eq!(cast.kms(&session, "Encrypt").status, 200);
    for record in cast.world.records() {
        let ignored = RecordedDecision::Allowed { layer: "policies-ignored".into(), statement: None };
        assert_eq!(record.decision, ignored, "{}", record.operation);
    }
}
