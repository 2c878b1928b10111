use super::*;

/// A data directory whose journal has so many records, and copies of digests of records 1 to 4, of none, and of 5 to 9.
fn deployment(records: u8) -> Stage {
    let stage = Stage::new(journal_of(&mut (1..=records).map(record).collect::<Vec<_>>()));
    let whole = records_of(&journal_of(&mut (1..=12).map(record).collect::<Vec<_>>()));
    let mut signer = KEYS.lock().unwrap();
    signer.begin_anew();
    for (first, end) in [(1, 5), (5, 5), (5, 10)] {
        let (_, signed, end) = signer.next(Vec::new(), Some(digested(&whole, first, end)));
        keep(&stage, &signed, &SignedDigest::file_name(ACCOUNT, REGION, TRAIL, end));
    }
    stage
}

fn keep(stage: &Stage, signed: &SignedDigest, name: &str) {
    fs::create_dir_all(stage.path("digests")).unwrap();
    fs::write(stage.path("digests").join(name), signed.to_json().unwrap()).unwrap();
}

fn record(number: u8) -> Record<'static> {
    Record {
        service: "kms".into(),
        operation: "Decrypt".into(),
        region: REGION.into(),
        account: Some(ACCOUNT.into()),
        caller: Some(RecordedCaller {
            kind: "IAMUser".into(),
            arn: "arn:aws:iam::111122223333:user/ann".into(),
            unique_id: "AIDAANN".into(),
            access_key_id: None,
        }),
        resources: vec!["arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab".into()],
        ..Record::new(EventKind::ApiCall, [number; 16], 1_796_022_000_000)
    }
}

fn records_of(directory: &TempDir) -> Records {
    let disk: Arc<dyn Disk> = Arc::new(FsDisk::reader(&directory.path().join("journal")));
    let mut records = Records::new();
    journal::pass(&disk, 0..u64::MAX, &mut |placed| {
        records.push((placed.sequence, placed.payload.to_vec(), placed.chain));
        Ok(())
    })
    .unwrap();
    records
}

#[test]
fn an_event_is_proved_to_whoever_has_the_keys() {
    let stage = deployment(12);
    for number in 1..=9 {
        let proof = prove(stage.root.path(), EventId([number; 16])).unwrap();
        fs::write(stage.path("proof.json"), &proof).unwrap();
        let told = stage.holds("proof.json");
        assert!(told.contains(&format!("record {number} of the journal")), "{told}");
        assert!(told.contains("user/ann"), "{told}");
        fs::write(stage.path("proof.json"), proof.replacen("\"sequence\": ", "\"sequence\": 1", 1)).unwrap();
        stage.fails("proof.json", "does not tell of the record");
    }
}

#[test]
fn the_event_of_the_keys_account_is_proved_by_its_own_id() {
    let stage = deployment(12);
    let record = record(3);
    let events = trail::events(&record);
    assert_eq!((events.len(), events[1].account()), (2, "444455556666"));
    fs::write(stage.path("proof.json"), prove(stage.root.path(), events[1].id()).unwrap()).unwrap();
    assert!(stage.holds("proof.json").contains(&events[1].id().to_string()));
}

#[test]
fn what_cannot_be_proved_is_said() {
    let stage = deployment(12);
    let why = |id: u8| prove(stage.root.path(), EventId([id; 16])).unwrap_err().to_string();
    assert!(why(77).contains("no event"), "{}", why(77));
    assert!(why(11).contains("in no digest yet"), "{}", why(11));
    fs::remove_dir_all(stage.path("digests")).unwrap();
    assert!(why(3).contains("no digest tells of this journal"), "{}", why(3));
}

#[test]
fn a_proof_is_not_made_of_a_journal_that_was_changed() {
    let stage = deployment(12);
    let mut records: Vec<_> = (1..=12).map(record).collect();
    records[1].source = Some("192.0.2.66".into());
    swap_journal(&stage, &journal_of(&mut records));
    let why = prove(stage.root.path(), EventId([3; 16])).unwrap_err().to_string();
    assert!(why.contains("records 1 to 4 are not those"), "{why}");
}

fn swap_journal(stage: &Stage, other: &TempDir) {
    fs::remove_dir_all(stage.path("journal")).unwrap();
    fs::rename(other.path().join("journal"), stage.path("journal")).unwrap();
}

#[test]
fn a_journal_is_what_its_digests_tell() {
    let told = deployment(12).holds("");
    assert!(
        told.starts_with("verified: digests 3, files 0, events 0, records 9, from 2026-11-30T06:00:00Z"),
        "{told}"
    );
    assert!(told.contains("records 1 to 9 of the journal"), "{told}");
    assert!(told.contains("the chain alone was verified: 3"), "{told}");
}

#[test]
fn a_cut_end_is_found() {
    deployment(9).holds("");
    deployment(8)
        .fails("", "it ends at record 8, and digest 111122223333_us-east-1_main_20261130T090000Z.json");
    deployment(3).fails("", "it ends at record 3");
    deployment(0).fails("", "it ends at record 0");
}

#[test]
fn records_that_were_changed_with_a_chain_computed_anew_are_found() {
    type Change = fn(&mut Vec<Record<'static>>);
    let changes: [(&str, Change); 4] = [
        ("records 5 to 9", |all| all[6].operation = "Encrypt".into()),
        ("records 1 to 4", |all| all.swap(0, 1)),
        ("records 1 to 4", |all| drop(all.remove(2))),
        ("records 1 to 4", |all| all.insert(2, record(99))),
    ];
    for (expected, change) in changes {
        let stage = deployment(12);
        let mut records: Vec<_> = (1..=12).map(record).collect();
        change(&mut records);
        swap_journal(&stage, &journal_of(&mut records));
        stage.fails("", &format!("{expected} of the journal are not those"));
    }
    // What is in no digest yet may still be anything that has a chain.
    let stage = deployment(12);
    let mut records: Vec<_> = (1..=12).map(record).collect();
    records[10].operation = "Encrypt".into();
    swap_journal(&stage, &journal_of(&mut records));
    stage.holds("");
}

#[test]
fn copies_of_digests_that_were_removed_swapped_or_changed_are_found() {
    let named = |hour| format!("digests/111122223333_us-east-1_main_20261130T{hour}0000Z.json");
    let stage = deployment(12);
    fs::remove_file(stage.path(&named("08"))).unwrap();
    stage.fails("", "the digest before it is missing");

    let stage = deployment(12);
    fs::rename(stage.path(&named("08")), stage.path("spare")).unwrap();
    fs::rename(stage.path(&named("07")), stage.path(&named("08"))).unwrap();
    fs::rename(stage.path("spare"), stage.path(&named("07"))).unwrap();
    stage.fails("", "the digest before it is missing");

    let stage = deployment(12);
    let text = fs::read_to_string(stage.path(&named("07"))).unwrap();
    fs::write(stage.path(&named("07")), text.replace("firstSequence\\\":1", "firstSequence\\\":2")).unwrap();
    stage.fails("", "its signature does not hold");
    fs::write(stage.path(&named("07")), &text.as_bytes()[..text.len() / 2]).unwrap();
    stage.fails("", "it is no copy of a digest");

    let stage = deployment(12);
    fs::remove_file(stage.path(&named("07"))).unwrap();
    assert!(stage.holds("").contains("the oldest digest that is here"));
    fs::remove_dir_all(stage.path("digests")).unwrap();
    stage.fails("", "there is no digest");
}

#[test]
fn digests_from_elsewhere_are_compared_and_the_directorys_own_are_not_needed() {
    let (stage, cut) = (deployment(12), deployment(7));
    fs::remove_dir_all(cut.path("digests")).unwrap();
    let (_, ended) = cut.verify_with("", Some(&stage.path("digests")));
    assert!(ended.unwrap_err().contains("it ends at record 7"));
    let (_, ended) = stage.verify_with("keys.json", Some(&stage.path("digests")));
    assert!(ended.unwrap_err().contains("no data directory"));
}

#[test]
fn digests_of_another_journal_vouch_for_nothing() {
    let stage = deployment(12);
    fs::remove_dir_all(stage.path("digests")).unwrap();
    let whole = records_of(&stage.root);
    let mut other = digested(&whole, 1, 5);
    other.node = "00".repeat(16);
    let mut signer = KEYS.lock().unwrap();
    signer.begin_anew();
    let (_, signed, end) = signer.next(Vec::new(), Some(other));
    drop(signer);
    keep(&stage, &signed, &SignedDigest::file_name(ACCOUNT, REGION, TRAIL, end));
    stage.fails("", "no digest that could be verified tells of this journal");
}
