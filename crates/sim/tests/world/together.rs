//! Many callers at once, from threads of their own: each attempt sees one revision, and whoever is overtaken tries
//! again on the newer one.

use serde_json::{Value, json};
use sim::World;

const THREADS: usize = 8;

fn send(world: &World, service: &str, calls: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<String> {
    let root = world.root();
    let sign = |(operation, input): (&str, Value)| {
        world.sign(world.request(service, operation, &input), &root, service)
    };
    let requests = calls.into_iter().map(sign).collect();
    let refused =
        world.send_from_threads(THREADS, requests).into_iter().filter(|answer| answer.status != 200);
    refused.map(|answer| format!("{answer:?}")).collect()
}

#[test]
fn the_first_use_of_a_managed_key_by_many_makes_one_key_and_refuses_nobody() {
    let services =
        ["backup", "dynamodb", "ebs", "kinesis", "lambda", "rds", "redshift", "s3", "sns", "sqs", "ssm"];
    for seed in 0..20 {
        let world = World::seeded(seed);
        let calls = services.iter().flat_map(|service| {
            let describe = json!({ "KeyId": format!("alias/aws/{service}") });
            std::iter::repeat_n(("DescribeKey", describe), 3 * THREADS)
        });
        let refused = send(&world, "kms", calls);
        assert!(refused.is_empty(), "{} were refused, such as {}", refused.len(), refused[0]);
        let keys = world.call(&world.root(), "kms", "ListKeys", json!({})).ok();
        assert_eq!(keys["Keys"].as_array().unwrap().len(), services.len());
    }
}

#[test]
fn changes_of_one_record_at_the_same_time_are_all_made() {
    let world = World::new();
    let made = world.call(&world.root(), "kms", "CreateKey", json!({})).ok();
    let key = made["KeyMetadata"]["KeyId"].clone();
    let tag = |number: usize| {
        let tags = json!([{ "TagKey": format!("tag{}", number % 40), "TagValue": number.to_string() }]);
        ("TagResource", json!({ "KeyId": key, "Tags": tags }))
    };
    let refused = send(&world, "kms", (0..400).map(tag));
    assert!(refused.is_empty(), "{} were refused, such as {}", refused.len(), refused[0]);
    let tags = world.call(&world.root(), "kms", "ListResourceTags", json!({ "KeyId": key })).ok();
    assert_eq!(tags["Tags"].as_array().unwrap().len(), 40);

    assert_eq!(world.call(&world.root(), "iam", "CreateUser", json!({ "UserName": "u" })).status, 200);
    let tag = |number: usize| {
        let tags = json!([{ "Key": format!("tag{}", number % 40), "Value": number.to_string() }]);
        ("TagUser", json!({ "UserName": "u", "Tags": tags }))
    };
    let refused = send(&world, "iam", (0..400).map(tag));
    assert!(refused.is_empty(), "{} were refused, such as {}", refused.len(), refused[0]);
}
