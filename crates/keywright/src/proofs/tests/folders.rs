use super::*;

const DIGESTS: &str = "bucket/logs/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/30/\
                       111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20261130T";
const FILES: &str = "bucket/logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/30/111122223333_CloudTrail_us-east-1_20261130T";

fn digest(hour: &str) -> String {
    format!("{DIGESTS}{hour}0000Z.json.gz")
}

fn file(minute: &str) -> String {
    format!("{FILES}{minute}Z_0123456789abcdef.json.gz")
}

/// A bucket in which a trail put two files in each of three hours, with metadata beside the digests.
fn bucket() -> Stage {
    bucket_of(&[&["0610", "0655"], &["0710", "0755"], &["0810", "0855"]])
}

fn bucket_of(hours: &[&[&str]]) -> Stage {
    let stage = Stage::new(tempfile::tempdir().unwrap());
    let mut signer = KEYS.lock().unwrap();
    signer.begin_anew();
    for minutes in hours {
        let files = minutes.iter().map(|minute| {
            let contents = format!(r#"{{"Records":[{{"eventID":"{minute}"}},{{"a":[[],{{}}]}}]}}"#);
            put(&stage, &file(minute), contents.as_bytes());
            let name = file(minute).strip_prefix("bucket/").unwrap().to_owned();
            listed(name, contents.as_bytes())
        });
        let (digest, signed, _) = signer.next(files.collect(), None);
        deliver(&stage, &digest, &signed);
    }
    stage
}

fn listed(name: String, contents: &[u8]) -> DigestedFile {
    DigestedFile {
        s3_bucket: BUCKET.to_owned(),
        s3_object: name,
        hash_value: trail::ContentsHash::of(contents),
        hash_algorithm: HASH_ALGORITHM.to_owned(),
        newest_event_time: String::new(),
        oldest_event_time: String::new(),
    }
}

fn deliver(stage: &Stage, digest: &Digest, signed: &SignedDigest) {
    let name = format!("bucket/logs/{}", digest.digest_s3_object);
    put(stage, &name, signed.digest.as_bytes());
    let metadata =
        format!(r#"{{"signature": "{}", "signature-algorithm": "SHA256withRSA"}}"#, signed.signature);
    fs::write(stage.path(&format!("{name}.metadata")), metadata).unwrap();
}

fn gzip(contents: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

fn put(stage: &Stage, name: &str, contents: &[u8]) {
    let path = stage.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, gzip(contents)).unwrap();
}

fn swap(stage: &Stage, one: &str, two: &str) {
    fs::rename(stage.path(one), stage.path("spare")).unwrap();
    fs::rename(stage.path(two), stage.path(one)).unwrap();
    fs::rename(stage.path("spare"), stage.path(two)).unwrap();
}

#[test]
fn a_bucket_is_what_its_digests_tell() {
    let stage = bucket();
    let all = "verified: digests 3, files 6, events 12, records 0, from 2026-11-30T06:00:00Z to 2026-11-30T09:00:00Z\n";
    assert_eq!(stage.holds("bucket"), all);
    assert_eq!(stage.holds("bucket/logs"), all, "a part of the bucket");
    assert_eq!(stage.holds("bucket/logs/AWSLogs/.."), all);
    stage.fails("bucket/logs/AWSLogs/111122223333", "it is no proof, no folder");
}

#[test]
fn files_that_were_changed_removed_swapped_or_put_there_are_found() {
    type Change = fn(&Stage);
    let changes: [(&str, &str, Change); 8] = [
        ("20261130T0710Z", "it was changed", |stage| put(stage, &file("0710"), b"{\"Records\":[]}")),
        ("20261130T0710Z", "it was changed", |stage| {
            // What another program would read after the first member is read too.
            let mut bytes = fs::read(stage.path(&file("0710"))).unwrap();
            bytes.extend(gzip(b"{\"Records\":[]}"));
            fs::write(stage.path(&file("0710")), bytes).unwrap();
        }),
        ("20261130T0655Z", "", |stage| {
            let bytes = fs::read(stage.path(&file("0655"))).unwrap();
            fs::write(stage.path(&file("0655")), &bytes[..bytes.len() - 9]).unwrap();
        }),
        ("20261130T0655Z", "", |stage| fs::write(stage.path(&file("0655")), b"no gzip").unwrap()),
        ("20261130T0855Z", "it is missing", |stage| fs::remove_file(stage.path(&file("0855"))).unwrap()),
        ("20261130T0610Z", "it was changed", |stage| swap(stage, &file("0610"), &file("0855"))),
        ("20261130T0733Z", "no digest lists it", |stage| put(stage, &file("0733"), b"{\"Records\":[]}")),
        ("20261130T0859Z", "no digest lists it", |stage| put(stage, &file("0859"), b"{\"Records\":[]}")),
    ];
    for (place, what, change) in changes {
        let stage = bucket();
        change(&stage);
        stage.fails("bucket", place);
        stage.fails("bucket", what);
    }
    let stage = bucket();
    put(&stage, &file("0903"), b"{\"Records\":[]}");
    put(&stage, &file("0559"), b"{\"Records\":[]}");
    let told = stage.holds("bucket");
    assert!(told.contains("in no digest yet, and were not verified: 1"), "{told}");
    assert!(told.contains("from before the first digest, which were not verified: 1"), "{told}");
}

#[test]
fn digests_that_were_changed_removed_swapped_or_moved_are_found() {
    type Change = fn(&Stage);
    let changes: [(&str, Change); 7] = [
        ("its signature does not hold", |stage| {
            let contents = super::gzip::contents(&stage.path(&digest("08"))).unwrap();
            let text = String::from_utf8(contents).unwrap().replace("T0710Z", "T0711Z");
            put(stage, &digest("08"), text.as_bytes());
        }),
        ("it is no digest", |stage| put(stage, &digest("08"), b"{}")),
        ("the digest before it is missing", |stage| fs::remove_file(stage.path(&digest("08"))).unwrap()),
        ("its place is", |stage| swap(stage, &digest("07"), &digest("08"))),
        ("its place is", |stage| {
            let other = digest("08").replace("/30/", "/29/");
            fs::create_dir_all(stage.path(&other).parent().unwrap()).unwrap();
            fs::copy(stage.path(&digest("08")), stage.path(&other)).unwrap();
        }),
        ("its signature does not hold", |stage| {
            swap(stage, &format!("{}.metadata", digest("07")), &format!("{}.metadata", digest("08")));
        }),
        ("there is no signature in it", |stage| {
            fs::write(stage.path(&format!("{}.metadata", digest("08"))), "{\"signature\": 7}").unwrap();
        }),
    ];
    for (what, change) in changes {
        let stage = bucket();
        change(&stage);
        stage.fails("bucket", what);
    }
}

#[test]
fn without_metadata_the_next_digest_has_the_signature() {
    let stage = bucket();
    for hour in ["07", "08", "09"] {
        fs::remove_file(stage.path(&format!("{}.metadata", digest(hour)))).unwrap();
    }
    let told = stage.holds("bucket");
    assert!(told.starts_with("verified: digests 2, files 4, events 8,"), "{told}");
    assert!(told.contains("T090000Z.json.gz: not verified"), "{told}");
    assert!(told.contains("in no digest yet, and were not verified: 2"), "{told}");
    put(&stage, &digest("07"), super::gzip::contents(&stage.path(&digest("07"))).unwrap().trim_ascii_end());
    stage.holds("bucket");
    fs::remove_file(stage.path(&digest("08"))).unwrap();
    stage.fails("bucket", "the digest before it is missing");
    fs::remove_file(stage.path(&digest("07"))).unwrap();
    stage.fails("bucket", "there is no digest that could be verified");
}

#[test]
fn names_in_digests_lead_nowhere_outside() {
    let stage = bucket_of(&[]);
    put(&stage, "secret.json.gz", b"{\"Records\":[]}");
    let mut signer = KEYS.lock().unwrap();
    for name in ["logs/AWSLogs/../../../secret.json.gz", "/etc/passwd", "../secret.json.gz", "AWSLogs/", ""] {
        signer.begin_anew();
        let (digest, signed, _) = signer.next(vec![listed(name.to_owned(), b"{\"Records\":[]}")], None);
        deliver(&stage, &digest, &signed);
        let (_, ended) = stage.verify("bucket");
        assert!(ended.unwrap_err().contains("it is missing"), "{name}");
    }
}

#[test]
fn links_are_not_followed() {
    let stage = bucket();
    fs::rename(stage.path(&file("0710")), stage.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(stage.path("elsewhere"), stage.path(&file("0710"))).unwrap();
    stage.fails("bucket", "it is missing");
    let stage = bucket();
    std::os::unix::fs::symlink("/", stage.path("bucket/logs/root")).unwrap();
    assert!(stage.holds("bucket").contains("links that were not followed: 1"));
}

#[test]
fn bombs_and_deep_documents_are_refused() {
    let stage = bucket();
    put(&stage, &digest("08"), &vec![b' '; 65 * 1024 * 1024]);
    stage.fails("bucket", "it is too long");
    put(&stage, &digest("08"), "[".repeat(1_000_000).as_bytes());
    stage.fails("bucket", "it is no digest");
    fs::write(&stage.keys, "[".repeat(1_000_000)).unwrap();
    stage.fails("bucket", "not what `aws cloudtrail list-public-keys` prints");
}

#[test]
fn keys_of_somebody_else_verify_nothing() {
    let stage = bucket();
    fs::write(&stage.keys, DigestSigner::new().public_keys()).unwrap();
    stage.fails("bucket", "none of the public keys that were given has its fingerprint");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_changed_byte_is_found_or_changes_nothing(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let stage = bucket_of(&[&["0610"], &["0710"]]);
        let whole = stage.holds("bucket");
        let names = [file("0610"), file("0710"), digest("07"), digest("08"), format!("{}.metadata", digest("07"))];
        let path = stage.path(&names[which.index(names.len())]);
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        fs::write(&path, bytes).unwrap();
        let (told, ended) = stage.verify("bucket");
        // The header of gzip has a time and a system, which are nobody's.
        prop_assert!(ended.is_err() || told == whole, "{:?} {}", ended, told);
    }
}
