//! Why a call was denied is for the operator: it is in the record, and not in the answer.

use serde_json::json;
use sim::{Stage, World};

#[test]
fn the_record_of_a_denial_says_what_every_layer_said() {
    let stage = Stage::on(World::new());
    let key = stage.value("key");
    let stranger = stage.world.stranger();
    let input = json!({ "KeyId": key, "Plaintext": "c2VjcmV0", "EncryptionContext": { "app": "web" } });
    let answer = stage.world.call(&stranger, "kms", "Encrypt", input);
    assert_eq!((answer.status, answer.fault()), (400, "AccessDeniedException"));
    let (_, message) = answer.refusal();
    assert!(!message.contains("Principal"), "{message}");

    let records = stage.world.records();
    let record = records.last().unwrap();
    let trace = record.trace.as_deref().unwrap();
    assert!(trace.starts_with(&format!("kms:Encrypt on {key}\n")), "{trace}");
    assert!(trace.contains("key-policy does not allow\n"), "{trace}");
    let owner = &stage.root.account;
    let unfit = format!("allow `Enable IAM User Permissions`: Principal does not fit: `{owner}`");
    assert!(trace.contains(&unfit), "{trace}");
    assert!(trace.contains("identity-policy allows: `the account's root user`"), "{trace}");
}

#[test]
fn what_is_allowed_leaves_no_account_of_it() {
    let stage = Stage::on(World::new());
    let key = stage.value("key");
    stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "c2VjcmV0" })).ok();
    assert!(stage.world.records().iter().all(|record| record.trace.is_none()));
}
