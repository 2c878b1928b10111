//! The Resource Groups Tagging API: tags of keys, read and changed many at a time.

#![expect(clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};
use sim::{Answer, Credentials, World};

/// A world, and keys in it with these tags.
fn world(tags: &[Value]) -> (World, Credentials, Vec<String>) {
    let world = World::new();
    let root = world.root();
    let keys = tags.iter().map(|tags| {
        let tags: Vec<Value> = tags
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| json!({ "TagKey": key, "TagValue": value }))
            .collect();
        let made = world.call(&root, "kms", "CreateKey", json!({ "Tags": tags })).ok();
        made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    });
    let keys = keys.collect();
    (world, root, keys)
}

fn arns(answer: &Answer) -> Vec<String> {
    let found = answer.ok();
    let found = found["ResourceTagMappingList"].as_array().unwrap();
    found.iter().map(|found| found["ResourceARN"].as_str().unwrap().to_owned()).collect()
}

fn sorted(mut arns: Vec<String>) -> Vec<String> {
    arns.sort_unstable();
    arns
}

#[test]
fn resources_are_found_by_every_filter() {
    let (world, root, keys) =
        world(&[json!({ "team": "pay", "stage": "prod" }), json!({ "team": "web" }), json!({})]);
    let get = |input: Value| sorted(arns(&world.call(&root, "tagging", "GetResources", input)));
    let both = sorted(keys[..2].to_vec());
    assert_eq!(get(json!({})), both);
    assert_eq!(get(json!({ "TagFilters": [{ "Key": "team" }] })), both);
    assert_eq!(get(json!({ "TagFilters": [{ "Key": "team", "Values": ["web", "none"] }] })), keys[1..2]);
    let both_filters = json!([{ "Key": "team", "Values": ["pay"] }, { "Key": "stage" }]);
    assert_eq!(get(json!({ "TagFilters": both_filters })), keys[..1]);
    assert_eq!(get(json!({ "ResourceTypeFilters": ["kms:key"] })), both);
    assert_eq!(get(json!({ "ResourceTypeFilters": ["ec2:instance"] })), Vec::<String>::new());
    assert_eq!(get(json!({ "ResourceARNList": [keys[1], keys[2]] })), keys[1..2]);
    assert_eq!(
        get(json!({ "IncludeComplianceDetails": true, "ExcludeCompliantResources": true })),
        Vec::<String>::new()
    );
    let shown = world.call(&root, "tagging", "GetResources", json!({ "ResourceARNList": [keys[0]] })).ok();
    let tags = json!([{ "Key": "stage", "Value": "prod" }, { "Key": "team", "Value": "pay" }]);
    assert_eq!(shown["ResourceTagMappingList"][0]["Tags"], tags);
    assert_eq!(shown["PaginationToken"], "");
}

#[test]
fn pages_follow_each_other_and_belong_to_their_listing() {
    let tags: Vec<Value> = (0..7).map(|number| json!({ "n": number.to_string() })).collect();
    let (world, root, keys) = world(&tags);
    let get = |input: Value| world.call(&root, "tagging", "GetResources", input);
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let page = get(json!({ "ResourcesPerPage": 3, "PaginationToken": token })).ok();
        found.extend(page["ResourceTagMappingList"].as_array().unwrap().clone());
        assert!(found.len() <= 7);
        page["PaginationToken"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
        let elsewhere = json!({ "TagFilters": [{ "Key": "n" }], "PaginationToken": token });
        assert_eq!(get(elsewhere).code.as_deref(), Some("PaginationTokenExpiredException"));
    }
    let found: Vec<String> =
        found.iter().map(|found| found["ResourceARN"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sorted(found), sorted(keys));
    let values = world.call(&root, "tagging", "GetTagValues", json!({ "Key": "n" })).ok();
    assert_eq!(values["TagValues"], json!(["0", "1", "2", "3", "4", "5", "6"]));
    let names = world.call(&root, "tagging", "GetTagKeys", json!({})).ok();
    assert_eq!(names["TagKeys"], json!(["n"]));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let (world, root, keys) = world(&[json!({ "a": "b" })]);
    for input in [
        json!({ "ResourceARNList": keys, "ResourcesPerPage": 5 }),
        json!({ "ExcludeCompliantResources": true }),
        json!({ "ResourcesPerPage": 0 }),
        json!({ "ResourcesPerPage": 101 }),
        json!({ "TagsPerPage": 150 }),
        json!({ "TagFilters": [{ "Values": ["b"] }] }),
    ] {
        let refused = world.call(&root, "tagging", "GetResources", input.clone());
        assert_eq!(refused.code.as_deref(), Some("InvalidParameterException"), "{input}");
    }
}

#[test]
fn what_fails_for_one_key_is_told_of_it_and_the_others_are_changed() {
    let (world, root, keys) = world(&[json!({}), json!({ "team": "web" })]);
    // Nobody may tag the second by its policy.
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": root.account }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Deny", "Principal": "*", "Action": ["kms:TagResource", "kms:UntagResource"], "Resource": "*" },
    ]});
    let put =
        json!({ "KeyId": keys[1], "Policy": policy.to_string(), "BypassPolicyLockoutSafetyCheck": true });
    world.call(&root, "kms", "PutKeyPolicy", put).ok();
    let foreign = "arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    // A key that is named twice is changed once.
    let listed = json!([keys[0], keys[0], keys[1], foreign, "nonsense"]);

    let input = json!({ "ResourceARNList": listed, "Tags": { "stage": "prod" } });
    let failed = world.call(&root, "tagging", "TagResources", input).ok()["FailedResourcesMap"].clone();
    assert_eq!(failed.as_object().unwrap().len(), 3, "{failed}");
    assert_eq!(failed[&keys[1]]["ErrorCode"], "AccessDeniedException");
    assert_eq!(failed[foreign]["ErrorCode"], "InvalidParameterException");
    let tags = |key: &str| {
        let listed = world.call(&root, "kms", "ListResourceTags", json!({ "KeyId": key })).ok();
        listed["Tags"].as_array().unwrap().len()
    };
    assert_eq!((tags(&keys[0]), tags(&keys[1])), (1, 1));

    let input = json!({ "ResourceARNList": listed, "TagKeys": ["stage", "team"] });
    let failed = world.call(&root, "tagging", "UntagResources", input).ok()["FailedResourcesMap"].clone();
    assert_eq!(failed.as_object().unwrap().len(), 3, "{failed}");
    assert_eq!((tags(&keys[0]), tags(&keys[1])), (0, 1));

    let record =
        world.records().into_iter().rev().find(|record| record.operation == "UntagResources").unwrap();
    assert!(record.resources.iter().any(|arn| *arn == keys[0]), "{record:?}");
}
