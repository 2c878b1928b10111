//! When users and roles last called which service, and who is told.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use sim::{
    Answer, Credentials, Stage,
    stage::{ACCOUNT, allow},
};

use crate::documents::{all, policy};

/// Services with the members of what a report says of each.
type Report = BTreeMap<String, BTreeMap<String, String>>;

const HOME: &str = "us-east-1";
const MEMBERS: [&str; 4] =
    ["LastAuthenticated", "LastAuthenticatedEntity", "LastAuthenticatedRegion", "TotalAuthenticatedEntities"];

fn arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
}

#[track_caller]
fn asked(stage: &Stage, arn: &str) -> String {
    stage.iam("GenerateServiceLastAccessedDetails", json!({ "Arn": arn })).xml("JobId").unwrap()
}

#[track_caller]
fn report(stage: &Stage, arn: &str) -> Report {
    let input = json!({ "JobId": asked(stage, arn) });
    let answer = stage.iam("GetServiceLastAccessedDetails", input);
    assert_eq!(answer.xml("JobStatus").as_deref(), Some("COMPLETED"), "{answer:?}");
    let list = answer.xml("ServicesLastAccessed").unwrap_or_default();
    let service = |item: &str| {
        let part = Answer { body: item.to_owned().into(), ..answer.clone() };
        let members = MEMBERS.iter().filter_map(|name| Some(((*name).to_owned(), part.xml(name)?)));
        Some((part.xml("ServiceNamespace")?, members.collect()))
    };
    list.split("</member>").filter_map(service).collect()
}

/// What a report says of a service that this entity called now, alone.
fn now_by(stage: &Stage, entity: &str, region: &str) -> BTreeMap<String, String> {
    let values = [stage.world.now().to_iso8601(), entity.to_owned(), region.to_owned(), "1".to_owned()];
    MEMBERS.iter().map(|name| (*name).to_owned()).zip(values).collect()
}

fn never() -> BTreeMap<String, String> {
    BTreeMap::from([("TotalAuthenticatedEntities".to_owned(), "0".to_owned())])
}

fn namespaces(report: &Report) -> Vec<&str> {
    report.keys().map(String::as_str).collect()
}

fn call_each(stage: &Stage, who: &Credentials) {
    for (service, operation) in [
        ("kms", "ListKeys"),
        ("iam", "ListUsers"),
        ("sts", "GetCallerIdentity"),
        ("cloudtrail", "LookupEvents"),
        ("tagging", "GetResources"),
    ] {
        let _ = stage.world.call(who, service, operation, json!({}));
    }
}

#[test]
fn every_service_is_told_of_that_policies_allow() {
    let stage = Stage::new();
    let alice = stage.user_who_may("alice", &["*"]);
    let silent = report(&stage, &arn("user/alice"));
    assert_eq!(namespaces(&silent), ["cloudtrail", "iam", "kms", "sts", "tag"]);
    assert!(silent.values().all(|told| *told == never()));
    call_each(&stage, &alice);
    let told = report(&stage, &arn("user/alice"));
    let expected = now_by(&stage, &arn("user/alice"), HOME);
    assert!(told.values().all(|told| *told == expected), "{told:?}");
    stage.put_user_policy("alice", &allow(&["kms:Decrypt", "sts:*"]));
    assert_eq!(namespaces(&report(&stage, &arn("user/alice"))), ["kms", "sts"]);
    let but = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "NotAction": ["kms:*", "tag:GetResources"], "Resource": "*",
    }});
    stage.put_user_policy("alice", &but);
    assert_eq!(namespaces(&report(&stage, &arn("user/alice"))), ["cloudtrail", "iam", "sts", "tag"]);
}

#[test]
fn a_call_counts_whether_or_not_it_is_allowed_and_outlives_a_restart() {
    let mut stage = Stage::new();
    let alice = stage.user_who_may("alice", &["iam:*"]);
    let before = stage.world.state();
    for _ in 0..3 {
        stage.world.clock().advance(Duration::from_secs(1));
        let denied = stage.world.call_in("eu-west-1", &alice, "kms", "ListKeys", json!({}));
        assert_eq!(denied.fault(), "AccessDeniedException");
    }
    assert_eq!(stage.world.state(), before, "a call writes nothing");
    stage.put_user_policy("alice", &allow(&["kms:*"]));
    let expected = now_by(&stage, &arn("user/alice"), "eu-west-1");
    assert_eq!(report(&stage, &arn("user/alice"))["kms"], expected);
    stage.world.tick().unwrap();
    stage.world = stage.world.restart();
    assert_eq!(report(&stage, &arn("user/alice"))["kms"], expected);
    stage.iam("UpdateUser", json!({ "UserName": "alice", "NewUserName": "ada" }));
    let renamed = report(&stage, &arn("user/ada"));
    assert_eq!(renamed["kms"]["LastAuthenticatedEntity"], arn("user/ada"), "it goes by the unique id");
    assert_eq!(renamed["kms"]["LastAuthenticated"], expected["LastAuthenticated"]);
}

#[test]
fn who_cannot_prove_who_it_is_does_not_count() {
    let stage = Stage::new();
    let alice = stage.user_who_may("alice", &["kms:*"]);
    let forged = Credentials { secret_access_key: "wrong".to_owned(), ..alice };
    assert_eq!(stage.world.call(&forged, "kms", "ListKeys", json!({})).status, 400);
    assert_eq!(report(&stage, &arn("user/alice"))["kms"], never());
    stage.world.tick().unwrap();
    assert_eq!(uses(&stage), 0);
}

/// How many last calls are stored.
fn uses(stage: &Stage) -> usize {
    let is_use = |key: &Vec<u8>| key.windows(13).any(|window| window == b"/service-use/");
    stage.world.state().into_keys().filter(is_use).count()
}

#[test]
fn a_role_is_used_by_its_sessions() {
    let mut stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let used = |stage: &Stage, operation: &str, input: Value| {
        let answer = stage.iam(operation, input);
        let used = answer.xml("RoleLastUsed").map(|text| Answer { body: text.into(), ..answer });
        used.and_then(|used| Some((used.xml("LastUsedDate")?, used.xml("Region")?)))
    };
    let by_name = json!({ "RoleName": "worker" });
    let session = stage.session(&stage.root, &role, json!({}));
    assert_eq!(used(&stage, "GetRole", by_name.clone()), None, "who assumes it has not used it yet");
    stage.world.clock().advance(Duration::from_secs(5));
    let _ = stage.world.call_in("eu-west-1", &session, "kms", "ListKeys", json!({}));
    let expected = Some((stage.world.now().to_iso8601(), "eu-west-1".to_owned()));
    assert_eq!(used(&stage, "GetRole", by_name.clone()), expected);
    assert_eq!(used(&stage, "GetAccountAuthorizationDetails", json!({})), expected);
    assert_eq!(report(&stage, &role)["kms"], now_by(&stage, &role, "eu-west-1"));
    stage.world.tick().unwrap();
    stage.world = stage.world.restart();
    assert_eq!(used(&stage, "GetRole", by_name.clone()), expected);
    assert_eq!(all(&stage.iam("ListRoles", json!({})), "RoleLastUsed").len(), 0);
    stage.world.clock().advance(Duration::from_secs(400 * 86_400));
    assert_eq!(used(&stage, "GetRole", by_name.clone()), expected);
    stage.world.clock().advance(Duration::from_secs(1));
    assert_eq!(used(&stage, "GetRole", by_name), None, "400 days are told of");
    assert_eq!(report(&stage, &role)["kms"], never());

    stage.iam("DeleteRolePolicy", json!({ "RoleName": "worker", "PolicyName": "inline" }));
    assert_eq!(uses(&stage), 1);
    stage.iam("DeleteRole", json!({ "RoleName": "worker" }));
    assert_eq!(uses(&stage), 0, "nothing of a deleted role is left");
    stage.role_who_may("worker", &["kms:*"]);
    assert_eq!(report(&stage, &role)["kms"], never(), "another role of the name inherits nothing");
}

#[test]
fn sessions_and_federated_users_count_for_their_user() {
    let stage = Stage::new();
    let alice = stage.user_who_may("alice", &["kms:*", "sts:GetFederationToken", "sts:GetSessionToken"]);
    let as_session = stage.sts_as(&alice, "GetSessionToken", json!({})).credentials(ACCOUNT);
    let _ = stage.world.call_in("eu-west-1", &as_session, "kms", "ListKeys", json!({}));
    assert_eq!(report(&stage, &arn("user/alice"))["kms"]["LastAuthenticatedRegion"], "eu-west-1");
    let federated = json!({ "Name": "guest", "Policy": policy("Allow", &["kms:*"], "*") });
    let federated = stage.sts_as(&alice, "GetFederationToken", federated).credentials(ACCOUNT);
    stage.world.clock().advance(Duration::from_secs(1));
    let _ = stage.world.call(&federated, "kms", "ListKeys", json!({}));
    let expected = now_by(&stage, &arn("user/alice"), HOME);
    assert_eq!(report(&stage, &arn("user/alice"))["kms"], expected);
}

#[test]
fn a_group_and_a_policy_tell_who_used_them() {
    let stage = Stage::new();
    let made = stage.iam(
        "CreatePolicy",
        json!({ "PolicyName": "keys", "PolicyDocument": policy("Allow", &["kms:*"], "*") }),
    );
    let keys = made.xml("Arn").unwrap();
    stage.iam("CreateGroup", json!({ "GroupName": "staff" }));
    stage.iam("AttachGroupPolicy", json!({ "GroupName": "staff", "PolicyArn": keys }));
    let users = ["alice", "bob", "carol"].map(|name| {
        let user = stage.user(name);
        stage.iam("AddUserToGroup", json!({ "GroupName": "staff", "UserName": name }));
        user
    });
    let role = stage.role_who_may("worker", &["iam:*"]);
    stage.iam("AttachRolePolicy", json!({ "RoleName": "worker", "PolicyArn": keys }));
    for who in &users[..2] {
        stage.world.clock().advance(Duration::from_secs(1));
        let _ = stage.world.call(who, "kms", "ListKeys", json!({}));
    }
    let expected = |total: &str, entity: &str| {
        let mut expected = now_by(&stage, entity, HOME);
        expected.insert("TotalAuthenticatedEntities".to_owned(), total.to_owned());
        BTreeMap::from([("kms".to_owned(), expected)])
    };
    assert_eq!(report(&stage, &arn("group/staff")), expected("2", &arn("user/bob")));
    let session = stage.session(&stage.root, &role, json!({}));
    stage.world.clock().advance(Duration::from_secs(1));
    let _ = stage.world.call(&session, "kms", "ListKeys", json!({}));
    assert_eq!(report(&stage, &keys), expected("3", &role));

    let by_entity = |job: &str, more: Value| {
        let mut input = json!({ "JobId": job, "ServiceNamespace": "kms" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stage.iam("GetServiceLastAccessedDetailsWithEntities", input)
    };
    let job = asked(&stage, &keys);
    let answer = by_entity(&job, json!({}));
    assert_eq!(all(&answer, "Name"), ["worker", "bob", "alice", "carol"], "the latest first");
    assert_eq!(all(&answer, "LastAuthenticated").len(), 3);
    assert_eq!(all(&answer, "Type"), ["ROLE", "USER", "USER", "USER"]);
    let first = by_entity(&job, json!({ "MaxItems": 3 }));
    let rest = by_entity(&job, json!({ "Marker": first.xml("Marker").unwrap() }));
    assert_eq!((all(&first, "Name").len(), all(&rest, "Name")), (3, vec!["carol".to_owned()]));
    let other = json!({ "JobId": job, "ServiceNamespace": "iam" });
    let other = stage.iam("GetServiceLastAccessedDetailsWithEntities", other);
    assert_eq!(all(&other, "Name").len(), 0, "the policy allows nothing of it");
}

#[test]
fn policies_are_listed_by_the_services_that_they_grant() {
    let stage = Stage::new();
    stage.user_who_may("alice", &["kms:Decrypt"]);
    stage.iam("CreateGroup", json!({ "GroupName": "staff" }));
    stage.iam("AddUserToGroup", json!({ "GroupName": "staff", "UserName": "alice" }));
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    stage.iam("AttachGroupPolicy", json!({ "GroupName": "staff", "PolicyArn": admin }));
    let input = json!({ "Arn": arn("user/alice"), "ServiceNamespaces": ["kms", "s3"] });
    let answer = stage.iam("ListPoliciesGrantingServiceAccess", input);
    assert_eq!(all(&answer, "ServiceNamespace"), ["kms", "s3"]);
    assert_eq!(all(&answer, "PolicyName"), ["inline", "AdministratorAccess", "AdministratorAccess"]);
    assert_eq!(all(&answer, "PolicyType"), ["INLINE", "MANAGED", "MANAGED"]);
    assert_eq!(
        (all(&answer, "EntityName"), all(&answer, "EntityType")),
        (vec!["alice".to_owned()], vec!["USER".to_owned()])
    );
    let input = json!({ "Arn": admin, "ServiceNamespaces": ["kms"] });
    assert_eq!(stage.iam_refusal("ListPoliciesGrantingServiceAccess", input).0, "InvalidInput");
}

#[test]
fn a_report_is_for_who_asked_and_about_what_there_is() {
    let mut stage = Stage::new();
    let alice = stage.user_who_may("alice", &["iam:*"]);
    let job = asked(&stage, &arn("user/alice"));
    stage.world = stage.world.restart();
    let fetch = json!({ "JobId": job });
    let answer = stage.iam("GetServiceLastAccessedDetails", fetch.clone());
    assert_eq!(answer.xml("JobType").as_deref(), Some("SERVICE_LEVEL"));
    let others = stage.iam_as(&alice, "GetServiceLastAccessedDetails", fetch.clone());
    assert_eq!(others.fault(), "NoSuchEntity");
    let unknown = json!({ "JobId": "00000000-0000-4000-8000-000000000000" });
    assert_eq!(stage.iam_refusal("GetServiceLastAccessedDetails", unknown).0, "NoSuchEntity");
    for nobody in ["user/nobody", "user/path/alice", "role/alice", "root"] {
        let refused = stage.iam_refusal("GenerateServiceLastAccessedDetails", json!({ "Arn": arn(nobody) }));
        assert_eq!(refused.0, "NoSuchEntity", "{nobody}");
    }
    let foreign = json!({ "Arn": "arn:aws:iam::999988887777:user/alice" });
    assert_eq!(stage.iam_refusal("GenerateServiceLastAccessedDetails", foreign).0, "AccessDenied");
    let actions = json!({ "Arn": arn("user/alice"), "Granularity": "ACTION_LEVEL" });
    let actions = stage.iam("GenerateServiceLastAccessedDetails", actions).xml("JobId").unwrap();
    let answer = stage.iam("GetServiceLastAccessedDetails", json!({ "JobId": actions }));
    assert_eq!(answer.xml("JobType").as_deref(), Some("ACTION_LEVEL"));

    stage.iam("UpdateUser", json!({ "UserName": "alice", "NewUserName": "ada" }));
    let answer = stage.iam("GetServiceLastAccessedDetails", fetch.clone());
    assert_eq!(answer.xml("JobStatus").as_deref(), Some("FAILED"));
    assert_eq!(answer.xml("Code").as_deref(), Some("NoSuchEntity"));
    for _ in 0..99 {
        stage.world.clock().advance(Duration::from_secs(1));
        asked(&stage, &arn("user/ada"));
    }
    assert_eq!(stage.iam_refusal("GetServiceLastAccessedDetails", fetch).0, "NoSuchEntity", "it made room");
    let reports =
        stage.world.state().into_keys().filter(|key| key.windows(15).any(|part| part == b"/access-report/"));
    assert_eq!(reports.count(), 100);
}
