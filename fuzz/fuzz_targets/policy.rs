//! Arbitrary policies are read or refused, and decided on without a fault; a decision does not depend on when
//! it is made, and its trace says the same.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use policy::{Identity, Layers, Policy, PolicyKind, Principal, Question, Vocabulary, decide, lint, trace};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, value) = text.split_once('\0').unwrap_or((text, "value"));
    let vocabulary = Vocabulary::new(&[("kms", &["Encrypt", "PutKeyPolicy"])]);
    let principal = Principal::root("111122223333");
    let keys = BTreeMap::from([
        ("aws:username".to_owned(), vec![value.to_owned()]),
        ("kms:encryptioncontextkeys".to_owned(), vec![value.to_owned(), "b".to_owned()]),
    ]);
    for kind in [PolicyKind::KeyPolicy, PolicyKind::IdentityPolicy, PolicyKind::TrustPolicy] {
        let findings = lint(text, kind, &vocabulary);
        let Ok(policy) = Policy::parse(text, kind) else {
            assert_eq!(findings.len(), 1);
            continue;
        };
        let question =
            Question { principal: &principal, action: "kms:Encrypt", resource: "arn:aws:kms:::key/x", keys: &keys };
        let own = [&policy];
        let layers = |resource_policy| Layers {
            resource_policy,
            resource_policy_decides: true,
            resource_account: Some("111122223333"),
            identity: Identity::Policies(&own),
            boundary: Some(&policy),
            session: Some(&own),
            grant: None,
        };
        for resource_policy in [None, Some(&policy)] {
            let decision = decide(&question, &layers(resource_policy));
            assert_eq!(decision, decide(&question, &layers(resource_policy)));
            let trace = trace(&question, &layers(resource_policy));
            assert_eq!(decision, trace.decision);
            assert!(!trace.to_string().is_empty());
        }
    }
});
