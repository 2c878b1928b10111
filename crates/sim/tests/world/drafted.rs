//! Policies that are drafted from what was done: with one of them, the same can be done again, and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use audit::{Record, RecordedDecision};
use dispatch::Facts;
use policy::{PolicyKind, Vocabulary};
use serde_json::{Value, json};
use sim::{
    Answer, Credentials, Stage,
    stage::{ACCOUNT, trusting},
};
use trail::{DraftRemark, DraftedPolicy, PolicyDrafter, Policyholder};

/// Operations that no identity policy is asked about: a trust policy decides, or nobody.
const NOT_ASKED: [&str; 4] =
    ["AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetSessionToken", "GetSigningKey"];
/// Operations on what never exists, or on what is its maker's alone. They are allowed, and fail.
const NEVER_ANSWERED: [&str; 6] = [
    "DecodeAuthorizationMessage",
    "DeleteLoginProfile",
    "GetAccountPasswordPolicy",
    "GetLoginProfile",
    "GetServiceLastAccessedDetails",
    "GetServiceLastAccessedDetailsWithEntities",
];

/// Operations that look for what they delete before anybody is asked, or ask about the ARN that it had.
const GONE: [&str; 2] = ["DeleteServiceLinkedRole", "RetireGrant"];

const WORKER: &str = "arn:aws:iam::111122223333:user/worker";

fn draft(arn: &str, records: &[Record<'_>]) -> DraftedPolicy {
    let mut drafter = PolicyDrafter::new(Policyholder::parse(arn).unwrap(), None);
    records.iter().for_each(|record| drafter.add(record));
    drafter.finish()
}

/// The policy, in which lint finds nothing.
#[track_caller]
fn linted(drafted: &DraftedPolicy) -> Value {
    let policy = serde_json::to_value(drafted.policy.as_ref().expect("a policy")).unwrap();
    let vocabulary = Vocabulary::new(model::OPERATIONS).in_partition("aws");
    let findings = policy::lint(&policy.to_string(), PolicyKind::IdentityPolicy, &vocabulary);
    assert_eq!(
        findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        Vec::<String>::new(),
        "{policy}"
    );
    policy
}

/// A stage with a user who may do anything.
fn staged() -> (Stage, Credentials) {
    let stage = Stage::new();
    let worker = stage.user_who_may("worker", &["*"]);
    (stage, worker)
}

/// Whether a call was allowed, whatever else became of it.
#[track_caller]
fn is_allowed(stage: &Stage, answer: &Answer) -> bool {
    matches!(stage.record_of(answer).decision, RecordedDecision::Allowed { .. })
}

#[test]
fn each_operation_can_be_done_again_with_the_policy_that_its_record_gives() {
    let (stage, _) = staged();
    let operations = stage.world.operations();
    let asked: Vec<_> =
        operations.into_iter().filter(|(_, facts)| !NOT_ASKED.contains(&facts.name)).collect();
    let others = asked.iter().cycle().skip(1);
    let broken: Vec<_> = asked
        .iter()
        .zip(others)
        .filter(|(one, other)| catch_unwind(AssertUnwindSafe(|| again(**one, **other))).is_err())
        .map(|((_, facts), _)| facts.name)
        .collect();
    assert!(broken.is_empty(), "not so for {broken:?}; the reasons are above");
}

/// Does an operation by right of everything, and once more by right of the policy that is drafted from its record. What is
/// there already, or no longer, may stand in the way then, and no policy. Another operation is denied.
fn again((service, facts): (&'static str, &'static Facts), (other, others): (&'static str, &'static Facts)) {
    let (stage, worker) = staged();
    let answer = stage.world.send(stage.example_by(&worker, service, facts));
    assert_eq!(answer.code.is_some(), NEVER_ANSWERED.contains(&facts.name), "{}: {answer:?}", facts.name);
    let policy = linted(&draft(WORKER, &stage.world.records()));

    stage.put_user_policy("worker", &policy);
    let repeated = stage.world.send(stage.example_by(&worker, service, facts));
    assert!(
        is_allowed(&stage, &repeated) || GONE.contains(&facts.name),
        "{}: {policy} {repeated:?}",
        facts.name
    );
    let denied = stage.world.send(stage.example_by(&worker, other, others));
    assert!(!is_allowed(&stage, &denied), "{policy} allows {}: {denied:?}", others.name);
}

/// Calls that are asked for by more than their own names. The alias is in the end what it was in the beginning.
fn calls(stage: &Stage) -> Vec<(&'static str, &'static str, Value)> {
    let (one, other) = (stage.value("key"), stage.key(json!({})));
    let primary = stage.key(json!({ "MultiRegion": true }));
    stage.role("assumed", &trusting(&format!("arn:aws:iam::{ACCOUNT}:root")));
    let blob = stage.encrypt(&one);
    let (tags, role) =
        (json!([{ "TagKey": "a", "TagValue": "b" }]), format!("arn:aws:iam::{ACCOUNT}:role/assumed"));
    let named = json!([{ "Key": "a", "Value": "b" }]);
    let trust = trusting(&format!("arn:aws:iam::{ACCOUNT}:root")).to_string();
    let nothing = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Deny", "Action": "kms:*", "Resource": "*" } })
    .to_string();
    vec![
        ("kms", "CreateAlias", json!({ "AliasName": "alias/moved", "TargetKeyId": one })),
        ("kms", "Encrypt", json!({ "KeyId": "alias/moved", "Plaintext": "c2VjcmV0" })),
        ("kms", "ReEncrypt", json!({ "CiphertextBlob": blob, "DestinationKeyId": other })),
        ("kms", "UpdateAlias", json!({ "AliasName": "alias/moved", "TargetKeyId": other })),
        ("kms", "CreateKey", json!({ "Tags": tags, "BypassPolicyLockoutSafetyCheck": true })),
        (
            "kms",
            "ReplicateKey",
            json!({ "KeyId": primary, "ReplicaRegion": "eu-west-1", "Tags": tags, "BypassPolicyLockoutSafetyCheck": true }),
        ),
        (
            "kms",
            "Sign",
            json!({
                "KeyId": stage.value("sign-key"), "Message": "aGVsbG8=", "SigningAlgorithm": "ECDSA_SHA_256", "DryRun": true,
            }),
        ),
        ("kms", "ListAliases", json!({ "KeyId": other })),
        ("kms", "UpdateAlias", json!({ "AliasName": "alias/moved", "TargetKeyId": one })),
        ("kms", "ListRetirableGrants", json!({ "RetiringPrincipal": role })),
        ("tagging", "TagResources", json!({ "ResourceARNList": [one, other], "Tags": { "a": "b" } })),
        ("iam", "CreateUser", json!({ "UserName": "new", "Path": "/staff/", "Tags": named })),
        ("iam", "CreateRole", json!({ "RoleName": "new", "AssumeRolePolicyDocument": trust, "Tags": named })),
        ("iam", "CreatePolicy", json!({ "PolicyName": "new", "PolicyDocument": nothing, "Tags": named })),
        ("iam", "UpdateUser", json!({ "UserName": "new", "NewUserName": "newer" })),
        ("iam", "ListUsers", json!({})),
        (
            "sts",
            "AssumeRole",
            json!({
                "RoleArn": role, "RoleSessionName": "any", "SourceIdentity": "carol", "Tags": named,
            }),
        ),
    ]
}

#[track_caller]
fn make(stage: &Stage, who: &Credentials, calls: &[(&'static str, &'static str, Value)]) -> Vec<Answer> {
    calls
        .iter()
        .map(|(service, operation, input)| stage.world.call(who, service, operation, input.clone()))
        .collect()
}

#[test]
fn a_fresh_user_does_the_same_and_nothing_else() {
    let (stage, worker) = staged();
    let all = calls(&stage);
    let answers = make(&stage, &worker, &all);
    let codes: Vec<_> = answers.iter().filter_map(|answer| answer.code.as_deref()).collect();
    assert_eq!(codes, ["DryRunOperationException"], "{answers:?}");
    let drafted = draft(WORKER, &stage.world.records());
    assert_eq!(drafted.remarks, [DraftRemark::MakesKeys, DraftRemark::TagsNewKeys]);
    assert_eq!((drafted.denied.len(), drafted.granted.len()), (0, 0));
    let policy = linted(&drafted);

    let fresh = stage.user("fresh");
    stage.put_user_policy("fresh", &policy);
    for (answer, (_, operation, _)) in make(&stage, &fresh, &all).iter().zip(&all) {
        // What is made is there already.
        assert!(is_allowed(&stage, answer), "{operation} with {policy}: {answer:?}");
    }
    let (one, fourth) = (stage.value("key"), stage.key(json!({})));
    for (service, operation, input) in [
        ("kms", "Decrypt", json!({ "KeyId": one, "CiphertextBlob": stage.encrypt(&one) })),
        ("kms", "Encrypt", json!({ "KeyId": fourth, "Plaintext": "c2VjcmV0" })),
        ("kms", "CreateAlias", json!({ "AliasName": "alias/other", "TargetKeyId": one })),
        ("kms", "DisableKey", json!({ "KeyId": one })),
        ("iam", "CreateUser", json!({ "UserName": "other" })),
        (
            "iam",
            "PutUserPolicy",
            json!({
                "UserName": "fresh", "PolicyName": "more", "PolicyDocument": policy.to_string(),
            }),
        ),
        ("cloudtrail", "LookupEvents", json!({})),
    ] {
        let answer = stage.world.call(&fresh, service, operation, input);
        assert!(answer.fault().starts_with("AccessDenied"), "{operation} with {policy}: {answer:?}");
    }
}

#[test]
fn a_role_can_do_what_its_sessions_did() {
    let stage = Stage::new();
    let (one, other) = (stage.value("key"), stage.key(json!({})));
    let bob = stage.user_who_may("bob", &["sts:AssumeRole"]);
    let role = stage.role_who_may("App", &["kms:Encrypt"]);
    let session = |name: &str| {
        let input = json!({ "RoleArn": role, "RoleSessionName": name });
        stage.sts_as(&bob, "AssumeRole", input).credentials(ACCOUNT)
    };
    for (name, key) in [("first", &one), ("second", &other)] {
        let session = session(name);
        let answer = stage.kms_as(&session, "Encrypt", json!({ "KeyId": key, "Plaintext": "c2VjcmV0" }));
        assert_eq!(answer.code, None, "{answer:?}");
        assert_eq!(
            stage.kms_as(&session, "DescribeKey", json!({ "KeyId": key })).fault(),
            "AccessDeniedException"
        );
    }
    let drafted = draft(&role, &stage.world.records());
    let mut keys = [one, other];
    keys.sort();
    assert_eq!(
        linted(&drafted)["Statement"],
        json!([{ "Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": keys }])
    );
    let denied: Vec<_> = drafted.denied.keys().cloned().collect();
    assert_eq!(denied, keys.map(|key| ("kms:DescribeKey".to_owned(), Some(key))));
}

#[test]
fn what_a_grant_allows_is_told_apart() {
    let stage = Stage::new();
    let key = stage.value("key");
    let alice = stage.user("alice");
    let grantee = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    stage
        .kms("CreateGrant", json!({ "KeyId": key, "GranteePrincipal": grantee, "Operations": ["Encrypt"] }))
        .ok();
    stage.try_key(&alice, "Encrypt").ok();
    let drafted = draft(&grantee, &stage.world.records());
    assert_eq!(drafted.policy, None);
    let granted: Vec<_> = drafted.granted.keys().cloned().collect();
    assert_eq!(granted, [("kms:Encrypt".to_owned(), Some(key))]);
}

#[test]
fn a_name_that_is_a_pattern_allows_nothing_that_it_matches() {
    let (stage, worker) = staged();
    let pattern = format!("arn:aws:iam::{ACCOUNT}:policy/*");
    let asked = |who: &Credentials, arn: &str| stage.iam_as(who, "GetPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(asked(&worker, &pattern).fault(), "NoSuchEntity");
    let policy = linted(&draft(WORKER, &stage.world.records()));
    let fresh = stage.user("fresh");
    stage.put_user_policy("fresh", &policy);
    assert_eq!(asked(&fresh, &pattern).fault(), "NoSuchEntity");
    stage.value("managed-policy");
    let named = format!("arn:aws:iam::{ACCOUNT}:policy/staged");
    assert_eq!(asked(&worker, &named).code, None);
    assert_eq!(asked(&fresh, &named).fault(), "AccessDenied");
}

#[test]
fn what_was_allowed_on_a_key_that_is_not_told_allows_nothing() {
    let (stage, worker) = staged();
    let (one, other) = (stage.value("key"), stage.key(json!({})));
    let input = json!({ "KeyId": other, "CiphertextBlob": stage.encrypt(&one) });
    assert_eq!(stage.kms_as(&worker, "Decrypt", input).fault(), "IncorrectKeyException");
    let drafted = draft(WORKER, &stage.world.records());
    assert_eq!((drafted.policy, drafted.calls.times), (None, 1));
}
