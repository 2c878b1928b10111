//! A policy that is drafted from calls that a service made for its user keeps the user to the service.

use serde_json::json;
use sim::stage::ACCOUNT;
use trail::{PolicyDrafter, Policyholder};

use crate::gateway::{ALICE, Gateway};

#[test]
fn what_was_done_through_a_service_alone_is_allowed_through_it_alone() {
    let gateway = Gateway::new();
    let all = json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }]);
    gateway.put_policy("alice", all);
    gateway.encrypt_for(ALICE).ok();
    let mut drafter = PolicyDrafter::new(Policyholder::parse(ALICE).unwrap(), None);
    gateway.stage.world.records().iter().for_each(|record| drafter.add(record));
    let policy = serde_json::to_value(drafter.finish().policy).unwrap();
    assert_eq!(
        policy["Statement"],
        json!([{
            "Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": [gateway.key],
            "Condition": { "StringEquals": { "kms:ViaService": ["s3.us-east-1.amazonaws.com"] } },
        }])
    );

    gateway.stage.put_user_policy("alice", &policy);
    gateway.encrypt_for(ALICE).ok();
    let direct = gateway.stage.kms_as(&gateway.alice, "Encrypt", gateway.secret());
    assert_eq!(direct.fault(), "AccessDeniedException");

    // The gateway's own identity did nothing but to act for alice.
    let own = Policyholder::parse(&format!("arn:aws:iam::{ACCOUNT}:user/gateway")).unwrap();
    let mut drafter = PolicyDrafter::new(own, None);
    gateway.stage.world.records().iter().for_each(|record| drafter.add(record));
    assert_eq!(drafter.finish().calls.times, 0);
}
