//! Simulations: what the policies of identities and keys come to, without a call.

use serde_json::{Value, json};
use sim::{
    Answer, Stage,
    stage::{ACCOUNT, allow},
};

use crate::documents::{all, policy, trust};

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

/// What a simulation says, the results of each action and resource in their order.
#[track_caller]
fn decisions(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.code, None, "{answer:?}");
    all(answer, "EvalDecision")
}

#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn of_alice(more: Value) -> Value {
    let mut input = json!({ "PolicySourceArn": ALICE, "ActionNames": ["kms:Encrypt"] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn entry(name: &str, kind: &str, values: &[&str]) -> Value {
    json!({ "ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": values })
}

#[test]
fn a_user_with_its_groups_and_boundary() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    let simulate = |more| stage.iam("SimulatePrincipalPolicy", of_alice(more));
    let nothing = simulate(json!({}));
    assert_eq!(decisions(&nothing), ["implicitDeny"]);
    assert_eq!(all(&nothing, "EvalResourceName"), ["*"]);
    assert_eq!(nothing.xml("MatchedStatements").as_deref(), Some(""));
    assert_eq!(nothing.xml("IsTruncated").as_deref(), Some("false"));

    stage.iam("CreateGroup", json!({ "GroupName": "staff" }));
    let document = policy("Allow", &["kms:Encrypt"], "*");
    stage.iam(
        "PutGroupPolicy",
        json!({ "GroupName": "staff", "PolicyName": "p", "PolicyDocument": document }),
    );
    stage.iam("AddUserToGroup", json!({ "GroupName": "staff", "UserName": "alice" }));
    let by_group = simulate(json!({ "ActionNames": ["kms:Encrypt", "kms:Decrypt"] }));
    assert_eq!(decisions(&by_group), ["allowed", "implicitDeny"]);
    assert_eq!(all(&by_group, "SourcePolicyId"), ["group_staff_p"]);
    assert_eq!(all(&by_group, "SourcePolicyType"), ["group"]);
    assert_eq!((all(&by_group, "Line"), all(&by_group, "Column").len()), (vec!["1".to_owned(); 2], 2));

    stage.put_user_policy("alice", &allow(&["kms:Decrypt"]));
    let denial = policy("Deny", &["kms:Encrypt"], "*");
    let made = stage.iam("CreatePolicy", json!({ "PolicyName": "no", "PolicyDocument": denial }));
    let arn = made.xml("Arn").unwrap();
    stage.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": arn }));
    let denied = simulate(json!({ "ActionNames": ["kms:Encrypt", "kms:Decrypt"] }));
    assert_eq!(decisions(&denied), ["explicitDeny", "allowed"]);
    assert_eq!(all(&denied, "SourcePolicyId"), ["no", "user_alice_inline"], "the deny is told alone");
    assert_eq!(all(&denied, "SourcePolicyType"), ["user-managed", "user"]);

    let bound = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    stage.iam("PutUserPermissionsBoundary", json!({ "UserName": "alice", "PermissionsBoundary": bound }));
    let bounded = simulate(json!({ "ActionNames": ["kms:Decrypt"] }));
    assert_eq!(decisions(&bounded), ["implicitDeny"]);
    assert_eq!(bounded.xml("AllowedByPermissionsBoundary").as_deref(), Some("false"));
    let wide = policy("Allow", &["kms:*"], "*");
    let instead = json!({ "ActionNames": ["kms:Decrypt"], "PermissionsBoundaryPolicyInputList": [wide] });
    let bounded = simulate(instead);
    assert_eq!(decisions(&bounded), ["allowed"], "the request's boundary stands for the user's");
    assert_eq!(bounded.xml("AllowedByPermissionsBoundary").as_deref(), Some("true"));
}

#[test]
fn a_key_brings_its_policy_and_its_grants() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let simulate = |key: &str, action: &str| {
        let input = of_alice(json!({ "ActionNames": [action], "ResourceArns": [key] }));
        stage.iam("SimulatePrincipalPolicy", input)
    };
    let key = stage.key(json!({}));
    assert_eq!(decisions(&simulate(&key, "kms:Encrypt")), ["implicitDeny"]);
    let statements = json!([
        { "Sid": "All", "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "kms:*", "Resource": "*" },
        { "Sid": "Alice", "Effect": "Allow", "Principal": { "AWS": ALICE }, "Action": "kms:Encrypt", "Resource": "*",
          "Condition": { "StringEquals": { "kms:EncryptionContext:app": "web", "kms:KeySpec": "SYMMETRIC_DEFAULT" } } },
    ]);
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    stage.kms_as(&stage.root, "PutKeyPolicy", json!({ "KeyId": key, "Policy": policy })).ok();
    let missing = simulate(&key, "kms:Encrypt");
    assert_eq!(decisions(&missing), ["implicitDeny"]);
    let specific = missing.xml("ResourceSpecificResults").unwrap();
    let absent = "<MissingContextValues><member>kms:EncryptionContext:app</member></MissingContextValues>";
    assert!(specific.contains(absent), "{specific}");
    let context = json!([entry("kms:EncryptionContext:app", "string", &["web"])]);
    let input = of_alice(json!({ "ResourceArns": [key], "ContextEntries": context }));
    let named = stage.iam("SimulatePrincipalPolicy", input.clone());
    assert_eq!(decisions(&named), ["allowed"]);
    assert_eq!(all(&named, "SourcePolicyId"), ["ResourcePolicy"; 2], "once, and once more for the resource");
    assert_eq!(all(&named, "EvalResourceDecision"), ["allowed"]);
    // What is simulated is what happens.
    let call = json!({ "KeyId": key, "Plaintext": "c2VjcmV0", "EncryptionContext": { "app": "web" } });
    assert_eq!(stage.kms_as(&alice, "Encrypt", call).code, None);

    // A policy that comes with the request stands for the key's.
    let mut other = input;
    other["ResourcePolicy"] = policy
        .replace("\"Allow\",\"Principal\":{\"AWS\":\"arn", "\"Deny\",\"Principal\":{\"AWS\":\"arn")
        .into();
    assert_eq!(decisions(&stage.iam("SimulatePrincipalPolicy", other)), ["explicitDeny"]);

    assert_eq!(decisions(&simulate(&key, "kms:Decrypt")), ["implicitDeny"]);
    let grant = json!({ "KeyId": key, "GranteePrincipal": ALICE, "Operations": ["Decrypt"] });
    let made = stage.kms_as(&stage.root, "CreateGrant", grant).ok();
    let granted = simulate(&key, "kms:Decrypt");
    assert_eq!(decisions(&granted), ["allowed"]);
    let id = made["GrantId"].as_str().unwrap();
    assert_eq!(all(&granted, "SourcePolicyId").first().map(String::as_str), Some(id));
    stage.kms_as(&stage.root, "RevokeGrant", json!({ "KeyId": key, "GrantId": id })).ok();
    assert_eq!(decisions(&simulate(&key, "kms:Decrypt")), ["implicitDeny"]);
}

#[test]
fn another_accounts_resource_has_to_be_opened_by_its_policy() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    stage.put_user_policy("alice", &allow(&["kms:*"]));
    let stranger = stage.world.stranger();
    let made = stage.kms_as(&stranger, "CreateKey", json!({})).ok();
    let key = made["KeyMetadata"]["Arn"].as_str().unwrap();
    let closed = stage.iam("SimulatePrincipalPolicy", of_alice(json!({ "ResourceArns": [key] })));
    assert_eq!(decisions(&closed), ["implicitDeny"], "nothing of its policy is told");
    let details = closed.xml("EvalDecisionDetails").unwrap();
    let expected = "<entry><key>IAM Policy</key><value>allowed</value></entry><entry><key>Resource Policy</key><value>implicitDeny</value></entry>";
    assert_eq!(details, expected);
    let open = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "kms:Encrypt", "Resource": "*",
    }});
    let input = of_alice(json!({ "ResourceArns": [key], "ResourcePolicy": open.to_string() }));
    assert_eq!(decisions(&stage.iam("SimulatePrincipalPolicy", input)), ["allowed"]);
}

#[test]
fn policies_that_are_only_thought_of() {
    let stage = Stage::new();
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/${aws:PrincipalTag/key}" },
        { "Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*",
          "Condition": { "DateGreaterThan": { "aws:CurrentTime": "2018-08-16T12:00:00Z" },
                         "NumericLessThan": { "kms:Count": "10" } } },
    ]});
    let text = document.to_string();
    let keys = stage.iam("GetContextKeysForCustomPolicy", json!({ "PolicyInputList": [text] }));
    assert_eq!(all(&keys, "member"), ["aws:CurrentTime", "aws:PrincipalTag/key", "kms:Count"]);
    let simulate = |more: Value| {
        let mut input = json!({ "PolicyInputList": [text], "ActionNames": ["kms:ListKeys"] });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stage.iam("SimulateCustomPolicy", input)
    };
    let missing = simulate(json!({}));
    assert_eq!(decisions(&missing), ["implicitDeny"]);
    let absent = missing.xml("MissingContextValues").unwrap();
    assert_eq!(absent, "<member>kms:Count</member>", "the time is always known");
    let few = simulate(json!({ "ContextEntries": [entry("kms:count", "numeric", &["9"])] }));
    assert_eq!(decisions(&few), ["allowed"]);
    assert_eq!(all(&few, "SourcePolicyId"), ["PolicyInputList.1"]);
    assert_eq!(all(&few, "SourcePolicyType"), ["none"]);

    // Pages: each action on each resource is a result.
    let arn = |number: u32| format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{number}");
    let mut input = json!({
        "ActionNames": ["kms:Encrypt", "kms:Decrypt"], "ResourceArns": [arn(1), arn(2), arn(3)], "MaxItems": 4,
        "ContextEntries": [entry("aws:PrincipalTag/key", "string", &["2"])],
    });
    let first = simulate(input.clone());
    assert_eq!(decisions(&first), ["implicitDeny", "allowed", "implicitDeny", "implicitDeny"]);
    assert_eq!(first.xml("IsTruncated").as_deref(), Some("true"));
    input["Marker"] = first.xml("Marker").unwrap().into();
    let rest = simulate(input);
    assert_eq!(decisions(&rest), ["allowed", "implicitDeny"]);
    assert_eq!((rest.xml("IsTruncated").as_deref(), rest.xml("Marker")), (Some("false"), None));
}

#[test]
fn a_role_and_a_group() {
    let stage = Stage::new();
    let trusted = trust(&format!("arn:aws:iam::{ACCOUNT}:root"));
    stage.iam("CreateRole", json!({ "RoleName": "app", "Path": "/a/", "AssumeRolePolicyDocument": trusted }));
    let document = policy("Allow", &["kms:Encrypt"], "*");
    stage.iam("PutRolePolicy", json!({ "RoleName": "app", "PolicyName": "p", "PolicyDocument": document }));
    let role = format!("arn:aws:iam::{ACCOUNT}:role/a/app");
    let input = json!({ "PolicySourceArn": role, "ActionNames": ["kms:Encrypt"] });
    let answer = stage.iam("SimulatePrincipalPolicy", input);
    assert_eq!(
        (decisions(&answer), all(&answer, "SourcePolicyId")),
        (vec!["allowed".to_owned()], vec!["role_app_p".to_owned()])
    );
    // A key policy that names the role means its sessions.
    let named = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": role }, "Action": "kms:Decrypt", "Resource": "*",
    }});
    let key = stage.key(json!({ "Policy": named.to_string(), "BypassPolicyLockoutSafetyCheck": true }));
    let input = json!({ "PolicySourceArn": role, "ActionNames": ["kms:Decrypt"], "ResourceArns": [key] });
    assert_eq!(decisions(&stage.iam("SimulatePrincipalPolicy", input)), ["allowed"]);

    stage.iam("CreateGroup", json!({ "GroupName": "staff" }));
    stage.iam(
        "PutGroupPolicy",
        json!({ "GroupName": "staff", "PolicyName": "p", "PolicyDocument": document }),
    );
    let group = format!("arn:aws:iam::{ACCOUNT}:group/staff");
    let input = json!({ "PolicySourceArn": group, "ActionNames": ["kms:Encrypt"], "ResourceArns": [key] });
    let answer = stage.iam("SimulatePrincipalPolicy", input.clone());
    assert_eq!(decisions(&answer), ["implicitDeny"], "the key policy lets nobody else in");
    let mut without = input;
    without["ResourcePolicy"] = named.to_string().into();
    assert_eq!(stage.iam_refusal("SimulatePrincipalPolicy", without).0, "InvalidInput");
    let keys = stage.iam("GetContextKeysForPrincipalPolicy", json!({ "PolicySourceArn": group }));
    assert!(all(&keys, "member").is_empty());
}

#[test]
fn what_cannot_be_simulated() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    let refused = |more: Value| stage.iam_refusal("SimulatePrincipalPolicy", of_alice(more));
    let invalid = |text: &str| ("InvalidInput".to_owned(), text.to_owned());
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/a/b");
    for (more, code, message) in [
        (json!({ "PolicySourceArn": root }), "InvalidInput", format!("Invalid Entity Arn: {root}")),
        (json!({ "PolicySourceArn": session }), "InvalidInput", format!("Invalid Entity Arn: {session}")),
        (
            json!({ "PolicySourceArn": format!("arn:aws:iam::{ACCOUNT}:user/bob") }),
            "NoSuchEntity",
            "Unable to retrieve specified IAM entity.".to_owned(),
        ),
        (
            json!({ "PolicySourceArn": format!("arn:aws:iam::{ACCOUNT}:user/a/alice") }),
            "NoSuchEntity",
            "Unable to retrieve specified IAM entity.".to_owned(),
        ),
        (json!({ "ActionNames": ["kms:*"] }), "InvalidInput", "Invalid Action: kms:*".to_owned()),
        (json!({ "ActionNames": ["Encrypt"] }), "InvalidInput", "Invalid Action: Encrypt".to_owned()),
        (json!({ "ResourceArns": ["key"] }), "InvalidInput", "Invalid Resource Arn: key".to_owned()),
        (
            json!({ "ResourceOwner": "me" }),
            "InvalidInput",
            "'me' is not a valid as a Resource Owner.".to_owned(),
        ),
        (json!({ "CallerArn": root }), "InvalidInput", format!("Invalid Caller Arn: {root}")),
    ] {
        let found = refused(more);
        assert_eq!((found.0.as_str(), found.1.replace("&apos;", "'")), (code, message));
    }
    assert_eq!(
        refused(json!({ "ContextEntries": [entry("kms:Count", "numeric", &["many"])] })),
        invalid("The value many of the context key kms:Count is not of type numeric.")
    );
    assert_eq!(
        refused(json!({ "ContextEntries": [entry("kms:Count", "numeric", &["1", "2"])] })),
        invalid("The context key kms:Count is of type numeric and takes one value.")
    );
    for member in ["PolicyInputList", "PermissionsBoundaryPolicyInputList"] {
        let found = refused(json!({ member: ["{"] }));
        assert_eq!(found, invalid(&format!("{member}.1: This policy contains invalid Json")));
    }
    assert_eq!(refused(json!({ "ResourcePolicy": "{}" })).0, "InvalidInput");
    let bound = policy("Allow", &["kms:*"], "*");
    assert_eq!(refused(json!({ "PermissionsBoundaryPolicyInputList": [bound, bound] })).0, "InvalidInput");

    let stranger = stage.world.stranger();
    let foreign = stage.iam_as(&stranger, "SimulatePrincipalPolicy", of_alice(json!({})));
    assert_eq!(foreign.fault(), "AccessDenied", "nothing crosses accounts");
    let alice = stage.access_key("alice");
    let own = stage.iam_as(&alice, "SimulatePrincipalPolicy", of_alice(json!({})));
    assert_eq!(own.fault(), "AccessDenied", "it takes a permission");
    stage.put_user_policy("alice", &allow(&["iam:SimulatePrincipalPolicy"]));
    assert_eq!(stage.iam_as(&alice, "SimulatePrincipalPolicy", of_alice(json!({}))).code, None);
}

/// As AWS documents: of most resources either side is enough in the same account, of keys the key's policy is needed.
#[test]
fn a_policy_of_a_bucket_need_not_name_who_is_allowed_anyway() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    stage.put_user_policy("alice", &allow(&["s3:GetObject", "kms:Decrypt"]));
    let names = |user: &str, action: &str| {
        json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:user/{user}") },
            "Action": action, "Resource": "*",
        }})
    };
    let bucket = "arn:aws:s3:::bucket/object";
    let key = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    for (action, resource, policy, decision) in [
        ("s3:GetObject", bucket, names("bob", "s3:*"), "allowed"),
        ("s3:PutObject", bucket, names("alice", "s3:*"), "allowed"),
        ("s3:PutObject", bucket, names("bob", "s3:*"), "implicitDeny"),
        ("kms:Decrypt", &key, names("bob", "kms:*"), "implicitDeny"),
        ("kms:Decrypt", &key, names("alice", "kms:*"), "allowed"),
    ] {
        let input = of_alice(json!({
            "ActionNames": [action], "ResourceArns": [resource], "ResourcePolicy": policy.to_string(),
            "CallerArn": format!("arn:aws:iam::{ACCOUNT}:user/alice"),
        }));
        let answer = stage.iam("SimulatePrincipalPolicy", input);
        assert_eq!(decisions(&answer), [decision], "{action} by {policy}");
    }
}

/// As in calls: nobody can tell which of two names a condition means that differ in case only.
#[test]
fn context_keys_that_differ_in_case_only_are_either() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    let statement = |effect: &str| {
        json!({ "Effect": effect, "Action": "kms:Encrypt", "Resource": "*", "Condition": {
            "StringEquals": { "kms:EncryptionContext:stage": "prod" },
        }})
    };
    let all = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*" });
    let put = |statements: Value| {
        let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        stage.iam(
            "PutUserPolicy",
            json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document }),
        );
    };
    let simulated = |pairs: [(&str, &str); 2]| {
        let entries =
            pairs.map(|(name, value)| entry(&format!("kms:EncryptionContext:{name}"), "string", &[value]));
        decisions(&stage.iam("SimulatePrincipalPolicy", of_alice(json!({ "ContextEntries": entries }))))
    };
    put(json!([all, statement("Deny")]));
    for pairs in [[("Stage", "test"), ("stage", "prod")], [("stage", "test"), ("Stage", "prod")]] {
        assert_eq!(simulated(pairs), ["explicitDeny"], "{pairs:?}");
    }
    put(json!([statement("Allow")]));
    for pairs in [[("Stage", "test"), ("stage", "prod")], [("stage", "test"), ("Stage", "prod")]] {
        assert_eq!(simulated(pairs), ["implicitDeny"], "{pairs:?}");
    }
    assert_eq!(simulated([("Stage", "prod"), ("stage", "prod")]), ["allowed"]);
    let twice = [entry("aws:A", "string", &["1"]), entry("aws:a", "string", &["2"])];
    let refused = stage.iam_refusal("SimulatePrincipalPolicy", of_alice(json!({ "ContextEntries": twice })));
    assert_eq!(refused, ("InvalidInput".to_owned(), "The context key aws:a is given twice.".to_owned()));
}
