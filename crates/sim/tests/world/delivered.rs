//! Delivery to trails: every event in one file, digests that hold, whatever happens meanwhile.

use std::{collections::BTreeMap, io::Read, time::Duration};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64_simd::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sim::{Answer, BUCKET, Credentials, SimObject, Stage, World};

/// A call to CloudTrail.
fn call(stage: &Stage, operation: &str, input: Value) -> Answer {
    stage.world.call(&stage.root, "cloudtrail", operation, input)
}

/// A trail of all Regions with digests, which logs.
fn trail(stage: &Stage, name: &str) {
    let input = json!({
        "Name": name, "S3BucketName": BUCKET, "IsMultiRegionTrail": true, "EnableLogFileValidation": true,
    });
    call(stage, "CreateTrail", input).ok();
    stage.world.clock().advance(Duration::from_secs(1));
    call(stage, "StartLogging", json!({ "Name": name })).ok();
}

/// Lets time pass, and what is due happen.
fn pass(stage: &Stage, minutes: u64) {
    stage.world.settle();
    stage.world.clock().advance(Duration::from_secs(minutes * 60));
    stage.world.tick().unwrap();
}

fn contents(object: &SimObject) -> String {
    let mut text = String::new();
    GzDecoder::new(&*object.contents).read_to_string(&mut text).unwrap();
    text
}

/// The files of events, by name.
fn files(world: &World) -> BTreeMap<String, Value> {
    let objects = world.bucket().objects();
    let files = objects.iter().filter(|(name, _)| name.contains("/CloudTrail/"));
    files.map(|(name, object)| (name.clone(), serde_json::from_str(&contents(object)).unwrap())).collect()
}

/// All events that were delivered.
fn delivered(world: &World) -> Vec<Value> {
    files(world).into_values().flat_map(|file| file["Records"].as_array().unwrap().clone()).collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["eventName"].as_str().unwrap()).collect()
}

/// The digests of a Region, the oldest first, each verified as AWS says, with its chain. How many there are.
fn verified(stage: &Stage, region: &str) -> Vec<Value> {
    let world = &stage.world;
    let keys = call(stage, "ListPublicKeys", json!({})).ok();
    let keys: BTreeMap<&str, Vec<u8>> = keys["PublicKeyList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| {
            let value = STANDARD.decode_to_vec(key["Value"].as_str().unwrap()).unwrap();
            (key["Fingerprint"].as_str().unwrap(), value)
        })
        .collect();
    let objects = world.bucket().objects();
    let within = format!("/CloudTrail-Digest/{region}/");
    let mut digests: Vec<Value> = Vec::new();
    let mut before: Option<(String, String)> = None;
    for (name, object) in objects.iter().filter(|(name, _)| name.contains(&within)) {
        let text = contents(object);
        let digest: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&digest["digestS3Object"], &digest["digestS3Bucket"]), (&json!(name), &json!(BUCKET)));
        let previous = digest["previousDigestSignature"].as_str();
        assert_eq!(previous, before.as_ref().map(|(signature, _)| signature.as_str()), "{name}");
        assert_eq!(
            digest["previousDigestHashValue"].as_str(),
            before.as_ref().map(|(_, hash)| hash.as_str())
        );
        if let Some(last) = digests.last() {
            assert_eq!(last["digestEndTime"], digest["digestStartTime"]);
        }
        let hash = hexadecimal(&strongroom::sha256(text.as_bytes()));
        let end = digest["digestEndTime"].as_str().unwrap();
        let signed = format!("{end}\n{BUCKET}/{name}\n{hash}\n{}", previous.unwrap_or("null"));
        let signature = object.metadata["signature"].clone();
        assert_eq!(object.metadata["signature-algorithm"], "SHA256withRSA");
        let key = &keys[digest["digestPublicKeyFingerprint"].as_str().unwrap()];
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(signed.as_bytes(), &bytes(&signature)).expect("the signature holds");
        for file in digest["logFiles"].as_array().unwrap() {
            let object = &objects[file["s3Object"].as_str().unwrap()];
            assert_eq!(file["hashValue"], hexadecimal(&strongroom::sha256(contents(object).as_bytes())));
        }
        before = Some((signature, hash));
        digests.push(digest);
    }
    digests
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let pairs = (0..hexadecimal.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap()).collect()
}

/// Every event of the first account from `StartLogging` on is in one file, and no other event is in any.
#[track_caller]
fn each_once(world: &World, until: &str) {
    let records = world.records();
    let from = records.iter().position(|record| record.operation == "StartLogging").unwrap();
    let to = records.iter().rposition(|record| record.operation == until).unwrap();
    let happened = records[from..=to].iter().flat_map(|record| {
        let events = trail::events(record);
        events
            .iter()
            .filter(|event| event.account() == "111122223333")
            .map(|event| event.id().to_string())
            .collect::<Vec<_>>()
    });
    let mut happened: Vec<String> = happened.collect();
    let mut found: Vec<String> =
        delivered(world).iter().map(|event| event["eventID"].as_str().unwrap().to_owned()).collect();
    happened.sort_unstable();
    found.sort_unstable();
    // What happened after the last delivery may or may not be there.
    found.retain(|id| happened.contains(id));
    assert_eq!(found, happened);
}

#[test]
fn what_happens_is_delivered_as_aws_delivers_it() {
    let stage = Stage::new();
    let before = stage.key(json!({}));
    trail(&stage, "main");
    let key = stage.key(json!({}));
    stage.kms_in("eu-west-1", "CreateKey", json!({})).ok();
    stage.user("ann");
    pass(&stage, 5);
    let files = files(&stage.world);
    let names_of_files: Vec<&String> = files.keys().collect();
    assert_eq!(files.len(), 2, "{names_of_files:?}");
    let name = names_of_files[1];
    assert!(name.starts_with("AWSLogs/111122223333/CloudTrail/us-east-1/20"), "{name}");
    assert!(name.contains("/111122223333_CloudTrail_us-east-1_20") && name.ends_with(".json.gz"), "{name}");
    let events = delivered(&stage.world);
    assert_eq!(names(&events), ["CreateKey", "StartLogging", "CreateKey", "CreateUser", "CreateAccessKey"]);
    let text = json!(events).to_string();
    assert!(text.contains(&key) && !text.contains(&before));
    let status = call(&stage, "GetTrailStatus", json!({ "Name": "main" })).ok();
    assert_eq!(status["IsLogging"], true);
    assert!(status["LatestDeliveryTime"].as_f64().unwrap() > 0.0);
    // A period in which nothing happens makes no file, but for the event of the status.
    pass(&stage, 5);
    let quiet = stage.world.bucket().puts();
    pass(&stage, 5);
    assert_eq!(stage.world.bucket().puts(), quiet);
}

#[test]
fn digests_account_for_all_files_hour_by_hour() {
    let stage = Stage::new();
    trail(&stage, "main");
    for hour in 0..4 {
        stage.key(json!({ "Description": hour.to_string() }));
        stage.kms_in("eu-west-1", "ListKeys", json!({})).ok();
        pass(&stage, 61);
    }
    let digests = verified(&stage, "us-east-1");
    assert_eq!((digests.len(), verified(&stage, "eu-west-1").len()), (4, 4));
    let listed: usize = digests.iter().map(|digest| digest["logFiles"].as_array().unwrap().len()).sum();
    let here = files(&stage.world).into_keys().filter(|name| name.contains("/CloudTrail/us-east-1/")).count();
    assert_eq!(listed, here);
    // The records of one digest begin where those of the one before ended.
    for pair in digests.windows(2) {
        let journal = |digest: &Value, member: &str| digest["keywrightJournal"][member].as_u64().unwrap();
        let next = journal(&pair[0], "firstSequence") + journal(&pair[0], "records");
        assert_eq!(journal(&pair[1], "firstSequence"), next);
    }
    assert_eq!(audit::Disk::list(stage.world.digest_copies()).unwrap().len(), 8);
    each_once(&stage.world, "ListKeys");
}

#[test]
fn the_root_in_a_digest_is_that_of_the_journals_records() {
    let stage = Stage::new();
    trail(&stage, "main");
    stage.key(json!({}));
    pass(&stage, 61);
    stage.key(json!({}));
    pass(&stage, 61);
    let mut records = stage.world.records();
    for digest in verified(&stage, "us-east-1") {
        let journal = &digest["keywrightJournal"];
        let first = usize::try_from(journal["firstSequence"].as_u64().unwrap()).unwrap() - 1;
        let count = usize::try_from(journal["records"].as_u64().unwrap()).unwrap();
        let mut tree = audit::MerkleTree::new();
        for record in &mut records[first..first + count] {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            tree.add(&bytes);
        }
        assert_eq!(journal["merkleRoot"], hexadecimal(&tree.root()));
    }
}

#[test]
fn nothing_is_lost_or_delivered_twice_when_the_bucket_refuses_and_the_server_crashes() {
    for refuse_after in 0..6 {
        let mut stage = Stage::new();
        trail(&stage, "main");
        stage.key(json!({}));
        pass(&stage, 5);
        stage.kms_in("eu-west-1", "CreateKey", json!({})).ok();
        stage.key(json!({}));
        stage.world.bucket().refuse_after(refuse_after);
        pass(&stage, 58);
        stage.key(json!({}));
        pass(&stage, 2);
        let status = call(&stage, "GetTrailStatus", json!({ "Name": "main" })).ok();
        let refused = [&status["LatestDeliveryError"], &status["LatestDigestDeliveryError"]];
        assert!(refuse_after >= 4 || refused.contains(&&json!("SlowDown")), "{refuse_after}: {status}");
        stage = Stage::on(stage.world.crash(audit::Crash::Process));
        stage.world.bucket().accept();
        stage.key(json!({ "Description": "last" }));
        pass(&stage, 2);
        stage.kms("ListKeys", json!({})).ok();
        pass(&stage, 6);
        pass(&stage, 61);
        each_once(&stage.world, "ListKeys");
        let listed: Vec<Value> = ["us-east-1", "eu-west-1"]
            .iter()
            .flat_map(|region| verified(&stage, region))
            .flat_map(|digest| digest["logFiles"].as_array().unwrap().clone())
            .collect();
        assert_eq!(listed.len(), files(&stage.world).len(), "every file is in one digest");
    }
}

#[test]
fn a_clock_that_goes_back_breaks_no_chain_and_delays_nothing() {
    let stage = Stage::new();
    trail(&stage, "main");
    stage.key(json!({}));
    pass(&stage, 61);
    stage.world.clock().leap_years(-1);
    stage.key(json!({}));
    pass(&stage, 5);
    stage.kms("ListKeys", json!({})).ok();
    pass(&stage, 61);
    assert_eq!(verified(&stage, "us-east-1").len(), 3);
    each_once(&stage.world, "ListKeys");
}

#[test]
fn a_trail_delivers_what_it_selects() {
    let stage = Stage::new();
    let input = json!({ "Name": "narrow", "S3BucketName": BUCKET, "S3KeyPrefix": "a/b" });
    call(&stage, "CreateTrail", input).ok();
    let selectors = json!([{
        "ReadWriteType": "WriteOnly", "IncludeManagementEvents": true,
        "ExcludeManagementEventSources": ["kms.amazonaws.com"],
    }]);
    call(&stage, "PutEventSelectors", json!({ "TrailName": "narrow", "EventSelectors": selectors })).ok();
    stage.world.clock().advance(Duration::from_secs(1));
    call(&stage, "StartLogging", json!({ "Name": "narrow" })).ok();
    stage.key(json!({}));
    stage.user("ann");
    assert_eq!(stage.iam("ListUsers", json!({})).code, None);
    let elsewhere = stage.world.call_in(
        "eu-west-1",
        &stage.root,
        "cloudtrail",
        "CreateTrail",
        json!({ "Name": "elsewhere", "S3BucketName": BUCKET }),
    );
    elsewhere.ok();
    pass(&stage, 5);
    assert_eq!(names(&delivered(&stage.world)), ["StartLogging", "CreateUser", "CreateAccessKey"]);
    assert!(files(&stage.world).into_keys().all(|name| name.starts_with("a/b/AWSLogs/111122223333/")));
    // Without digests nothing is signed.
    pass(&stage, 61);
    assert!(stage.world.bucket().objects().into_keys().all(|name| !name.contains("Digest")));
}

#[test]
fn nothing_is_delivered_after_the_end_of_logging_and_of_other_accounts() {
    let stage = Stage::new();
    trail(&stage, "main");
    stage.world.call(&stage.world.stranger(), "kms", "CreateKey", json!({})).ok();
    stage.kms("ListKeys", json!({})).ok();
    stage.world.clock().advance(Duration::from_secs(2));
    call(&stage, "StopLogging", json!({ "Name": "main" })).ok();
    stage.world.clock().advance(Duration::from_secs(2));
    stage.key(json!({}));
    pass(&stage, 1);
    let events = delivered(&stage.world);
    let mut happened = names(&events);
    happened.sort_unstable();
    assert_eq!(happened, ["ListKeys", "StartLogging", "StopLogging"]);
    assert_eq!(verified(&stage, "us-east-1").len(), 1, "what was delivered is signed for at the end");
    pass(&stage, 200);
    let puts = stage.world.bucket().puts();
    pass(&stage, 200);
    assert_eq!(stage.world.bucket().puts(), puts);
    call(&stage, "StartLogging", json!({ "Name": "main" })).ok();
    stage.kms("ListAliases", json!({})).ok();
    pass(&stage, 5);
    let events = delivered(&stage.world);
    assert_eq!(names(&events)[3..], ["StartLogging", "ListAliases"]);
    call(&stage, "DeleteTrail", json!({ "Name": "main" })).ok();
    pass(&stage, 61);
    assert_eq!(delivered(&stage.world).len(), 5);
    assert_eq!(call(&stage, "GetTrailStatus", json!({ "Name": "main" })).fault(), "TrailNotFoundException");
}

#[test]
fn a_trail_of_a_bucket_that_nobody_offers_is_refused() {
    let stage = Stage::new();
    let refused = call(&stage, "CreateTrail", json!({ "Name": "main", "S3BucketName": "elsewhere" }));
    assert_eq!(refused.fault(), "S3BucketDoesNotExistException");
    assert_eq!(refused.message.as_deref(), Some("S3 bucket elsewhere does not exist!"));
}

/// What a caller is told who asks for what cannot be.
#[test]
fn wrong_trails_are_refused_in_aws_words() {
    let stage = Stage::new();
    trail(&stage, "main");
    let arn = |name: &str| format!("arn:aws:cloudtrail:us-east-1:111122223333:trail/{name}");
    let create = |input: Value| {
        let mut whole = json!({ "Name": "other", "S3BucketName": BUCKET });
        whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        ("CreateTrail", whole)
    };
    for ((operation, input), fault) in [
        (create(json!({ "Name": "ab" })), "InvalidTrailNameException"),
        (create(json!({ "Name": "main" })), "TrailAlreadyExistsException"),
        (create(json!({ "S3KeyPrefix": "../a" })), "InvalidS3PrefixException"),
        (
            create(json!({ "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": false })),
            "InvalidParameterCombinationException",
        ),
        (create(json!({ "KmsKeyId": "no key" })), "InvalidKmsKeyIdException"),
        (create(json!({ "SnsTopicName": "topic" })), "InsufficientSnsTopicPolicyException"),
        (create(json!({ "IsOrganizationTrail": true })), "UnsupportedOperationException"),
        (
            create(json!({ "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:1:log-group:g" })),
            "UnsupportedOperationException",
        ),
        (create(json!({ "TagsList": [{ "Key": "aws:a" }] })), "InvalidTagParameterException"),
        (("GetTrail", json!({ "Name": "nobody" })), "TrailNotFoundException"),
        (("GetTrail", json!({ "Name": arn("nobody") })), "TrailNotFoundException"),
        (
            ("GetTrail", json!({ "Name": "arn:aws:kms:us-east-1:111122223333:key/a" })),
            "CloudTrailARNInvalidException",
        ),
        (
            ("GetTrail", json!({ "Name": "arn:aws:cloudtrail:us-east-1:444455556666:trail/main" })),
            "TrailNotFoundException",
        ),
        (
            ("PutEventSelectors", json!({ "TrailName": "main", "EventSelectors": [] })),
            "InvalidEventSelectorsException",
        ),
        (
            (
                "PutEventSelectors",
                json!({ "TrailName": "main", "EventSelectors": [{ "ExcludeManagementEventSources": ["iam.amazonaws.com"] }] }),
            ),
            "InvalidEventSelectorsException",
        ),
        (
            (
                "PutEventSelectors",
                json!({ "TrailName": "main", "EventSelectors": [{ "DataResources": [{ "Type": "AWS::S3::Object", "Values": [] }] }] }),
            ),
            "InvalidEventSelectorsException",
        ),
        (("AddTags", json!({ "ResourceId": "main", "TagsList": [] })), "CloudTrailARNInvalidException"),
        (("ListTags", json!({ "ResourceIdList": [arn("nobody")] })), "ResourceNotFoundException"),
        (("ListPublicKeys", json!({ "StartTime": 20, "EndTime": 10 })), "InvalidTimeRangeException"),
        (("ListTrails", json!({ "NextToken": "x" })), "InvalidTokenException"),
    ] {
        assert_eq!(call(&stage, operation, input.clone()).fault(), fault, "{operation} {input}");
    }
    for number in 1..5 {
        call(&stage, "CreateTrail", json!({ "Name": format!("t{number}x"), "S3BucketName": BUCKET })).ok();
    }
    let (operation, input) = create(json!({}));
    assert_eq!(call(&stage, operation, input).fault(), "MaximumNumberOfTrailsExceededException");
}

#[test]
fn a_trail_of_all_regions_is_seen_in_each_and_changed_at_home() {
    let stage = Stage::new();
    trail(&stage, "main");
    let elsewhere = |operation: &str, input: Value| {
        stage.world.call_in("eu-west-1", &stage.root, "cloudtrail", operation, input)
    };
    assert_eq!(elsewhere("DescribeTrails", json!({})).ok()["trailList"][0]["HomeRegion"], "us-east-1");
    assert_eq!(
        elsewhere("DescribeTrails", json!({ "includeShadowTrails": false })).ok()["trailList"],
        json!([])
    );
    assert_eq!(elsewhere("StopLogging", json!({ "Name": "main" })).fault(), "InvalidHomeRegionException");
}

#[test]
fn who_may_not_is_told_and_recorded() {
    let stage = Stage::new();
    trail(&stage, "main");
    let nobody: Credentials = stage.user("nobody");
    for (operation, input) in [
        ("StopLogging", json!({ "Name": "main" })),
        ("DeleteTrail", json!({ "Name": "main" })),
        ("DescribeTrails", json!({})),
        ("ListPublicKeys", json!({})),
    ] {
        let refused = stage.world.call(&nobody, "cloudtrail", operation, input);
        assert_eq!(refused.fault(), "AccessDeniedException", "{operation}");
    }
    let may = stage.user_who_may("may", &["cloudtrail:StopLogging"]);
    stage.world.call(&may, "cloudtrail", "StopLogging", json!({ "Name": "main" })).ok();
}
