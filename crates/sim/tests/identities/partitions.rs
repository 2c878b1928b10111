//! In the Regions of another partition than `aws`, everything is of that partition, and whatever names another is refused.

use model::arn::{Partition, Region};
use serde_json::{Value, json};
use sim::{
    Answer, Credentials, Settings, Stage, World,
    stage::{ACCOUNT, allow, trusting},
};

use crate::documents::policy;

const ELSEWHERE: [Partition; 2] = [Partition::Cn, Partition::UsGov];

fn arn(partition: Partition, resource: &str) -> String {
    partition.iam_arn(ACCOUNT, resource)
}

/// A policy that allows a principal everything.
fn allowing(principal: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:*", "Resource": "*" })
}

#[track_caller]
fn made(stage: &Stage, operation: &str, input: Value) -> String {
    stage.iam(operation, input).xml("Arn").unwrap()
}

#[test]
fn callers_are_of_the_partition_whatever_they_are() {
    for partition in ELSEWHERE {
        let stage = Stage::in_partition(partition);
        let who = |credentials: &Credentials| stage.identity(credentials).xml("Arn").unwrap();
        assert_eq!(who(&stage.root), arn(partition, "root"));
        let alice = stage.user_who_may("alice", &["sts:*"]);
        assert_eq!(who(&alice), arn(partition, "user/alice"));
        let role = stage.role_who_may("worker", &["sts:*"]);
        let assumed = stage.assume(&alice, &role, json!({}));
        let session = partition.sts_arn(ACCOUNT, "assumed-role/worker/any");
        assert_eq!(assumed.xml("Arn").as_ref(), Some(&session));
        assert_eq!(who(&assumed.credentials(ACCOUNT)), session);
        let federated = stage.sts_as(&alice, "GetFederationToken", json!({ "Name": "bob" }));
        let bob = partition.sts_arn(ACCOUNT, "federated-user/bob");
        assert_eq!(federated.xml("Arn").as_ref(), Some(&bob));
        assert_eq!(who(&federated.credentials(ACCOUNT)), bob);
        let own = stage.sts_as(&alice, "GetSessionToken", json!({}));
        assert_eq!(who(&own.credentials(ACCOUNT)), arn(partition, "user/alice"));
    }
}

#[test]
fn what_is_made_is_of_the_partition() {
    for partition in ELSEWHERE {
        let stage = Stage::in_partition(partition);
        let trust = trusting(&arn(partition, "root")).to_string();
        for (operation, input, resource) in [
            ("CreateUser", json!({ "UserName": "a", "Path": "/p/" }), "user/p/a"),
            ("CreateGroup", json!({ "GroupName": "a" }), "group/a"),
            ("CreateRole", json!({ "RoleName": "a", "AssumeRolePolicyDocument": trust }), "role/a"),
            ("CreateInstanceProfile", json!({ "InstanceProfileName": "a" }), "instance-profile/a"),
            (
                "CreatePolicy",
                json!({ "PolicyName": "a", "PolicyDocument": policy("Allow", &["kms:*"], "*") }),
                "policy/a",
            ),
        ] {
            assert_eq!(made(&stage, operation, input), arn(partition, resource));
        }
        let provider = stage.iam("CreateOpenIDConnectProvider", json!({ "Url": "https://id.example.com" }));
        let named = arn(partition, "oidc-provider/id.example.com");
        assert_eq!(provider.xml("OpenIDConnectProviderArn"), Some(named));
        let report = stage.iam("GetAccountAuthorizationDetails", json!({}));
        assert!(!body(&report).contains("arn:aws:"), "{report:?}");
    }
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[test]
fn policies_of_aws_are_there_in_every_partition() {
    for partition in ELSEWHERE {
        let stage = Stage::in_partition(partition);
        let alice = stage.user("alice");
        let offered = partition.iam_arn("aws", "policy/AWSKeyManagementServicePowerUser");
        let listed = body(&stage.iam("ListPolicies", json!({ "Scope": "AWS" })));
        assert!(listed.contains(&offered) && !listed.contains("arn:aws:"), "{listed}");
        assert_eq!(stage.try_key(&alice, "DescribeKey").fault(), "AccessDeniedException");
        stage.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": offered }));
        stage.try_key(&alice, "DescribeKey").ok();
        let foreign = Partition::Aws.iam_arn("aws", "policy/AWSKeyManagementServicePowerUser");
        let attached = json!({ "UserName": "alice", "PolicyArn": foreign });
        let boundary = json!({ "UserName": "alice", "PermissionsBoundary": foreign });
        for (operation, input) in [
            ("AttachUserPolicy", attached.clone()),
            ("DetachUserPolicy", attached),
            ("PutUserPermissionsBoundary", boundary),
            ("GetPolicy", json!({ "PolicyArn": foreign })),
            (
                "SimulatePrincipalPolicy",
                json!({ "PolicySourceArn": arn(Partition::Aws, "user/alice"), "ActionNames": ["kms:Encrypt"] }),
            ),
        ] {
            let told = stage.iam_refusal(operation, input);
            assert_eq!(
                told,
                ("ValidationError".to_owned(), "Invalid ARN partition".to_owned()),
                "{operation}"
            );
        }
    }
}

#[test]
fn key_policies_and_grants_name_users_roles_and_sessions_of_the_partition() {
    for partition in ELSEWHERE {
        let stage = Stage::in_partition(partition);
        let (alice, role) = (stage.user("alice"), stage.role_who_may("worker", &["kms:ListKeys"]));
        let worker = stage.session(&stage.user_who_may("bob", &["sts:*"]), &role, json!({}));
        let session = partition.sts_arn(ACCOUNT, "assumed-role/worker/any");
        let key = stage.value("key");
        for (named, who) in [(&arn(partition, "user/alice"), &alice), (&role, &worker), (&session, &worker)] {
            stage.put_key_policy(&key, &[]);
            assert_eq!(stage.try_key(who, "Encrypt").fault(), "AccessDeniedException", "{named}");
            stage.put_key_policy(&key, &[allowing(named)]);
            stage.try_key(who, "Encrypt").ok();
            let mut denied = allowing(named);
            denied["Effect"] = "Deny".into();
            stage.put_key_policy(&key, &[allowing("*"), denied]);
            assert_eq!(stage.try_key(who, "Encrypt").fault(), "AccessDeniedException", "{named}");
            stage.put_key_policy(&key, &[]);
            let input = json!({ "KeyId": key, "GranteePrincipal": named, "Operations": ["Encrypt"] });
            let grant = stage.kms("CreateGrant", input).ok();
            stage.try_key(who, "Encrypt").ok();
            stage.kms("RevokeGrant", json!({ "KeyId": key, "GrantId": grant["GrantId"] })).ok();
        }
    }
}

#[test]
fn whoever_is_of_another_partition_is_nobody() {
    for partition in ELSEWHERE {
        let stage = Stage::in_partition(partition);
        let alice = stage.user_who_may("alice", &["sts:*"]);
        let role = stage.role_who_may("worker", &["kms:ListKeys"]);
        let key = stage.value("key");
        for foreign in ["root", "user/alice", "role/worker"].map(|resource| arn(Partition::Aws, resource)) {
            let statements = json!({ "Version": "2012-10-17", "Statement": [allowing(&arn(partition, "root")),
                allowing(&foreign)] });
            let put = stage.kms("PutKeyPolicy", json!({ "KeyId": key, "Policy": statements.to_string() }));
            let text = "Policy contains a statement with one or more invalid principals.";
            assert_eq!(put.refusal(), ("MalformedPolicyDocumentException", text));
            let input = json!({ "KeyId": key, "GranteePrincipal": foreign, "Operations": ["Encrypt"] });
            assert_eq!(stage.kms("CreateGrant", input).fault(), "InvalidArnException", "{foreign}");
            let listed = stage.kms("ListRetirableGrants", json!({ "RetiringPrincipal": foreign }));
            assert_eq!(listed.fault(), "InvalidArnException", "{foreign}");
            let input = json!({ "RoleName": "worker", "PolicyDocument": trusting(&foreign).to_string() });
            let text = format!("Invalid principal in policy: \"AWS\":\"{foreign}\"");
            let told = stage.iam_refusal("UpdateAssumeRolePolicy", input);
            assert_eq!(told, ("MalformedPolicyDocument".to_owned(), text));
        }
        let foreign = role.replacen(partition.as_str(), "aws", 1);
        let text = format!("{foreign} is invalid");
        let assumed = stage.assume(&alice, &foreign, json!({}));
        assert_eq!(assumed.refusal(), ("ValidationError", text.as_str()));
        stage.session(&alice, &role, json!({}));
    }
}

#[test]
fn identity_policies_of_another_partition_are_refused_in_the_words_of_aws() {
    for partition in ELSEWHERE {
        let stage = Stage::in_partition(partition);
        stage.user("alice");
        let role = stage.role_who_may("worker", &["kms:ListKeys"]);
        let document = policy("Deny", &["iam:*"], "arn:aws:iam::*:user/alice");
        let text = r#"Partition "aws" is not valid for resource "arn:aws:iam::*:user/alice"."#;
        for (operation, input) in [
            ("PutUserPolicy", json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document })),
            ("PutRolePolicy", json!({ "RoleName": "worker", "PolicyName": "p", "PolicyDocument": document })),
            ("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document })),
        ] {
            let told = stage.iam_refusal(operation, input);
            assert_eq!(told, ("MalformedPolicyDocument".to_owned(), text.to_owned()), "{operation}");
        }
        let assumed = stage.assume(&stage.root, &role, json!({ "Policy": document }));
        assert_eq!(assumed.fault(), "MalformedPolicyDocument");
        let own = policy("Deny", &["iam:*"], &arn(partition, "user/alice"));
        stage.iam("PutUserPolicy", json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": own }));
        let simulated = json!({
            "PolicySourceArn": arn(partition, "user/alice"), "ActionNames": ["kms:Encrypt"],
            "ResourcePolicy": json!({ "Version": "2012-10-17", "Statement": allowing("arn:aws:iam::111122223333:root") }).to_string(),
        });
        assert_eq!(stage.iam_refusal("SimulatePrincipalPolicy", simulated).0, "InvalidInput");
    }
}

#[test]
fn denials_hold_for_whoever_they_name() {
    for partition in ELSEWHERE {
        let stage = Stage::in_partition(partition);
        let mallory = stage.user_who_may("mallory", &["iam:*"]);
        stage.user("chief");
        let mut statements = allow(&["iam:*"]);
        let denied = json!({ "Effect": "Deny", "Action": "iam:*", "Resource": arn(partition, "user/chief") });
        statements["Statement"].as_array_mut().unwrap().push(denied);
        stage.put_user_policy("mallory", &statements);
        let get = |name| stage.iam_as(&mallory, "GetUser", json!({ "UserName": name }));
        assert_eq!(get("mallory").code, None);
        assert_eq!(get("chief").fault(), "AccessDenied");
        let elsewhere =
            stage.world.call_in("us-east-1", &mallory, "iam", "GetUser", json!({ "UserName": "chief" }));
        assert_eq!(
            elsewhere.fault(),
            "SignatureDoesNotMatch",
            "no other partition's name is left to call it by"
        );
    }
}

#[test]
fn calls_without_a_region_are_signed_for_that_of_the_partition() {
    for (served, home, foreign) in [
        ("eu-west-1", "us-east-1", "cn-north-1"),
        ("cn-northwest-1", "cn-north-1", "us-east-1"),
        ("us-gov-east-1", "us-gov-west-1", "us-east-1"),
    ] {
        let regions = dispatch::Regions::only([Region::parse(served).unwrap()].into()).unwrap();
        let world = World::of(Settings { regions, ..Settings::default() });
        for (service, operation) in [("iam", "GetAccountSummary"), ("sts", "GetCallerIdentity")] {
            let call = |region| world.call_in(region, &world.root(), service, operation, json!({}));
            assert_eq!((call(served).code, call(home).code), (None, None), "{service} in {served}");
            let text = format!(
                "Credential should be scoped to a valid region, not '{foreign}'.  Served here: {served}."
            );
            assert_eq!(call(foreign).refusal().1.replace("  ", " "), text.replace("  ", " "));
        }
        assert!(world.call_in(home, &world.root(), "kms", "ListKeys", json!({})).code.is_some());
    }
}

/// Before identities followed their Regions, a store in China had ARNs of `aws`.
#[test]
fn policies_stay_attached_in_a_store_that_has_arns_of_aws() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let document = policy("Allow", &["kms:*"], "*");
    let boundary = made(&stage, "CreatePolicy", json!({ "PolicyName": "all", "PolicyDocument": document }));
    stage.iam("PutUserPermissionsBoundary", json!({ "UserName": "alice", "PermissionsBoundary": boundary }));
    let offered = Partition::Aws.iam_arn("aws", "policy/AWSKeyManagementServicePowerUser");
    stage.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": offered }));
    let regions = dispatch::Regions::any(Partition::Cn);
    let stage = Stage::on(stage.world.reconfigured(|settings| settings.regions = regions));
    let attached = stage.iam("ListAttachedUserPolicies", json!({ "UserName": "alice" }));
    let here = Partition::Cn.iam_arn("aws", "policy/AWSKeyManagementServicePowerUser");
    assert_eq!(attached.xml("PolicyArn").as_ref(), Some(&here));
    stage.try_key(&alice, "DescribeKey").ok();
    stage.iam("DetachUserPolicy", json!({ "UserName": "alice", "PolicyArn": here }));
    assert_eq!(stage.try_key(&alice, "DescribeKey").fault(), "AccessDeniedException");
    let bounded = json!({ "PolicyArn": arn(Partition::Cn, "policy/all") });
    assert_eq!(stage.iam_refusal("DeletePolicy", bounded).0, "DeleteConflict");
}
