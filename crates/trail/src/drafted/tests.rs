use std::collections::BTreeSet;

use audit::Value;

use super::*;
use crate::generated::{CALLERS, Drawn, DrawnCall, KEYS, call_by, denied, draw_all, refused};

fn drafted<'r>(
    arn: &str,
    since: Option<i64>,
    records: impl IntoIterator<Item = &'r Record<'r>>,
) -> DraftedPolicy {
    let since = since.map(Timestamp::from_millis);
    let mut drafter = PolicyDrafter::new(Policyholder::parse(arn).unwrap(), since);
    records.into_iter().for_each(|record| drafter.add(record));
    drafter.finish()
}

/// Everything that a policy allows: action, resource, and whether through S3 only.
fn allowed(policy: Option<&DraftedDocument>) -> BTreeSet<(String, String, bool)> {
    let mut all = BTreeSet::new();
    for statement in policy.iter().flat_map(|policy| &policy.statement) {
        let via = ["s3.us-east-1.amazonaws.com".to_owned()].into();
        assert!(statement.via.is_empty() || statement.via == via);
        for action in &statement.action {
            for resource in &statement.resource {
                let is_new = all.insert((action.clone(), resource.clone(), !statement.via.is_empty()));
                assert!(is_new, "{action} on {resource} is allowed twice");
            }
        }
    }
    all
}

#[test]
fn it_allows_what_was_allowed_and_nothing_else() {
    let holders: BTreeSet<&str> = CALLERS.iter().map(|(_, _, behind)| *behind).collect();
    for (seed, holder) in (0..20).flat_map(|seed| holders.iter().map(move |holder| (seed, *holder))) {
        // Few enough calls that not everything is done.
        let calls = draw_all(seed, 40);
        let found = drafted(holder, None, calls.iter().map(|call| &call.record));
        let of = |ends: &[Drawn]| -> Vec<&DrawnCall> {
            calls.iter().filter(|call| call.principal == holder && ends.contains(&call.end)).collect()
        };
        let permission = |call: &DrawnCall| (format!("kms:{}", call.operation), KEYS[call.key].to_owned());
        let policies = of(&[Drawn::Answered, Drawn::Failed]);
        let expected: BTreeSet<_> = policies
            .iter()
            .map(|call| {
                let same = policies.iter().filter(|other| permission(other) == permission(call));
                let (action, resource) = permission(call);
                (action, resource, same.clone().all(|other| other.via.is_some()))
            })
            .collect();
        assert_eq!(allowed(found.policy.as_ref()), expected, "{seed} {holder}");
        let told: BTreeSet<_> =
            found.granted.values().map(|a| (a.action.clone(), a.resource.clone().unwrap())).collect();
        assert_eq!(told, of(&[Drawn::Granted]).into_iter().map(permission).collect());
        let told: BTreeSet<_> = found.denied.keys().cloned().collect();
        let expected = of(&[Drawn::Denied, Drawn::Unasked]).into_iter().map(|call| {
            let (action, resource) = permission(call);
            (action, Some(resource).filter(|_| call.end == Drawn::Denied))
        });
        assert_eq!(told, expected.collect());
        let count = |all: &BTreeMap<_, AttemptedAction>| all.values().map(|a| a.calls.times).sum::<u64>();
        assert_eq!(count(&found.denied), of(&[Drawn::Denied, Drawn::Unasked]).len() as u64);
        assert_eq!(found.calls.times, calls.iter().filter(|call| call.principal == holder).count() as u64);
    }
}

#[test]
fn what_is_earlier_gives_no_permission() {
    let record = Record { resources: vec![KEYS[0].into()], ..call_by(0, "Decrypt", 1_000) };
    assert!(drafted(CALLERS[0].2, Some(1_000), [&record]).policy.is_some());
    let found = drafted(CALLERS[0].2, Some(1_001), [&record]);
    assert_eq!((found.policy, found.calls.times, found.records.times), (None, 0, 1));
}

#[test]
fn operations_that_are_asked_for_by_other_names_need_those() {
    let two = vec![KEYS[0].into(), KEYS[1].into()];
    let tags = || ("tags".into(), Value::list([Value::map([("tagKey", "a")])]));
    let kms =
        |operation, resources, parameters| Record { resources, parameters, ..call_by(0, operation, 1_000) };
    let other = |service: &'static str, record| Record { service: service.into(), ..record };
    let (role, profile) =
        ("arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:instance-profile/p");
    for (record, expected) in [
        (
            kms("ReEncrypt", two.clone(), vec![]),
            vec![("kms:ReEncryptFrom", KEYS[0]), ("kms:ReEncryptTo", KEYS[1])],
        ),
        (
            kms("ReEncrypt", vec![KEYS[0].into()], vec![]),
            vec![("kms:ReEncryptFrom", KEYS[0]), ("kms:ReEncryptTo", KEYS[0])],
        ),
        (
            refused(kms("ReEncrypt", vec![KEYS[0].into()], vec![]), "NotFoundException"),
            vec![("kms:ReEncryptFrom", KEYS[0])],
        ),
        // Allowed, and refused before its key was noted.
        (refused(kms("Decrypt", vec![], vec![]), "IncorrectKeyException"), vec![]),
        (kms("CreateKey", vec![KEYS[0].into()], vec![]), vec![("kms:CreateKey", "*")]),
        (
            kms("CreateKey", vec![KEYS[0].into()], vec![tags()]),
            vec![("kms:CreateKey", "*"), ("kms:TagResource", "*")],
        ),
        (
            kms("ReplicateKey", two.clone(), vec![]),
            vec![("kms:CreateKey", "*"), ("kms:ReplicateKey", KEYS[0])],
        ),
        (kms("ReplicateKey", vec![KEYS[0].into()], vec![]), vec![("kms:ReplicateKey", KEYS[0])]),
        (
            other("tagging", kms("TagResources", two.clone(), vec![])),
            vec![("kms:TagResource", KEYS[0]), ("kms:TagResource", KEYS[1]), ("tag:TagResources", "*")],
        ),
        (other("tagging", kms("GetResources", vec![], vec![])), vec![("tag:GetResources", "*")]),
        (
            other("iam", kms("AddRoleToInstanceProfile", vec![profile.into(), role.into()], vec![])),
            vec![("iam:AddRoleToInstanceProfile", profile), ("iam:PassRole", role)],
        ),
        (
            other("iam", kms("CreateRole", vec![role.into()], vec![tags()])),
            vec![("iam:CreateRole", role), ("iam:TagRole", role)],
        ),
        (other("iam", kms("GetAccountSummary", vec![], vec![])), vec![("iam:GetAccountSummary", "*")]),
        (
            other(
                "sts",
                kms("AssumeRole", vec![role.into()], vec![tags(), ("sourceIdentity".into(), "c".into())]),
            ),
            vec![("sts:AssumeRole", role), ("sts:SetSourceIdentity", role), ("sts:TagSession", role)],
        ),
        (other("cloudtrail", kms("LookupEvents", vec![], vec![])), vec![("cloudtrail:LookupEvents", "*")]),
    ] {
        let found = allowed(drafted(CALLERS[0].2, None, [&record]).policy.as_ref());
        let found: Vec<_> = found.iter().map(|(action, resource, _)| (&**action, &**resource)).collect();
        assert_eq!(found, expected, "{record:?}");
    }
}

#[test]
fn what_everybody_may_do_needs_no_policy() {
    let decision = RecordedDecision::Allowed { layer: "none-needed".into(), statement: None };
    let record = Record { service: "sts".into(), decision, ..call_by(0, "GetCallerIdentity", 1_000) };
    assert_eq!(drafted(CALLERS[0].2, None, [&record]).policy, None);
}

#[test]
fn it_says_what_is_to_be_known() {
    let tags = ("tags".into(), Value::list(["a"]));
    let tagged = Record { parameters: vec![tags], ..call_by(0, "CreateKey", 1_000) };
    let keys = |count: usize| (0..count).map(|number| format!("{}{number:03}", KEYS[0]).into()).collect();
    let many = Record { service: "tagging".into(), resources: keys(8), ..call_by(0, "TagResources", 1_000) };
    let long = Record { resources: keys(80), ..call_by(0, "Encrypt", 1_000) };
    for (record, remarks) in [
        (tagged, vec![DraftRemark::MakesKeys, DraftRemark::TagsNewKeys]),
        (many, vec![DraftRemark::MayLackResources]),
        (long, vec![DraftRemark::TooLong]),
    ] {
        assert_eq!(drafted(CALLERS[0].2, None, [&record]).remarks, remarks);
    }
}

#[test]
fn a_denial_is_told_with_its_action() {
    let trace = format!("kms:ReEncryptTo on {}\nkey policy: silent\n", KEYS[1]);
    let record = denied(call_by(2, "ReEncrypt", 1_000), Some(trace));
    let found = drafted(CALLERS[2].2, None, [&record]);
    let (action, resource) = found.denied.keys().next().unwrap();
    assert_eq!((&**action, resource.as_deref()), ("kms:ReEncryptTo", Some(KEYS[1])));
    assert_eq!(found.policy, None);
}

#[test]
fn who_can_have_no_policy_is_told_whom_to_name() {
    for (arn, expected) in [
        ("arn:aws:iam::111122223333:user/staff/bob", None),
        ("arn:aws-cn:iam::111122223333:role/x", None),
        ("arn:aws:iam::111122223333:root", Some(NotAPolicyholder::Root)),
        ("arn:aws:iam::111122223333:group/staff", Some(NotAPolicyholder::Group)),
        ("arn:aws:sts::111122223333:assumed-role/App/1", Some(NotAPolicyholder::Session)),
        ("arn:aws:sts::111122223333:federated-user/ann", Some(NotAPolicyholder::Federated)),
        ("alice", Some(NotAPolicyholder::Nobody)),
        ("arn:aws:iam::111122223333:user", Some(NotAPolicyholder::Nobody)),
    ] {
        assert_eq!(Policyholder::parse(arn).err(), expected, "{arn}");
    }
}
