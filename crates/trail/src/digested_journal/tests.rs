use super::*;
use crate::testing::{digested, placed};

type Records = Vec<(u64, Vec<u8>, [u8; 32])>;

/// Ten records whose chain values bind all before them.
fn journal() -> Records {
    (1..=10_u8).map(|number| (u64::from(number), vec![number; 5], [number; 32])).collect()
}

/// Digests of records 1 to 3, of none, and of 4 to 8.
fn compared(records: &Records) -> Result<DigestedReach, JournalFault> {
    let whole = journal();
    let mut check = DigestedJournal::default();
    for (name, first, end) in [("a", 1, 4), ("b", 4, 4), ("c", 4, 9), ("other account's", 1, 9)] {
        check.expect(name, &digested(&whole, first, end))?;
    }
    records.iter().try_for_each(|record| check.add(placed(record)))?;
    check.finish()
}

#[test]
fn a_journal_has_what_its_digests_tell() {
    assert_eq!(compared(&journal()), Ok(DigestedReach { covered: Some((1, 8)), last: 10, moved_away: 0 }));
}

#[test]
fn changed_removed_and_inserted_records_are_found() {
    let by =
        |digest: &str, first, last| Err(JournalFault::Records { digest: digest.to_owned(), first, last });
    let mut changed = journal();
    changed[6].1.push(0);
    assert_eq!(compared(&changed), by("other account's", 1, 8));
    let mut swapped = journal();
    let (one, two) = (swapped[0].1.clone(), swapped[1].1.clone());
    (swapped[0].1, swapped[1].1) = (two, one);
    assert_eq!(compared(&swapped), by("a", 1, 3));
    let renumbered = |mut records: Records| {
        records.iter_mut().zip(1..).for_each(|(record, number)| record.0 = number);
        records
    };
    let mut removed = journal();
    removed.remove(1);
    assert_eq!(compared(&renumbered(removed)), by("a", 1, 3));
    let mut inserted = journal();
    inserted.insert(3, (0, vec![9], [9; 32]));
    assert!(compared(&renumbered(inserted)).is_err());
}

#[test]
fn a_chain_that_was_computed_anew_is_found() {
    for (at, digest, after) in [(2, "a", 3), (7, "other account's", 8)] {
        let mut anew = journal();
        anew[at].2 = [0xff; 32];
        assert_eq!(compared(&anew), Err(JournalFault::Chain { digest: digest.to_owned(), after }));
    }
}

#[test]
fn an_end_that_was_cut_off_is_found() {
    for len in 0..8_u64 {
        let fault = compared(&journal()[..usize::try_from(len).unwrap()].to_vec()).unwrap_err();
        assert!(matches!(fault, JournalFault::Cut { ends_at, .. } if ends_at == len), "{fault}");
    }
    assert_eq!(compared(&journal()[..8].to_vec()).unwrap().last, 8);
}

#[test]
fn what_was_moved_away_is_said_and_the_rest_compared() {
    let moved = compared(&journal()[3..].to_vec());
    assert_eq!(moved, Ok(DigestedReach { covered: Some((4, 8)), last: 10, moved_away: 2 }));
    let mut changed = journal();
    changed[5].1.push(0);
    assert!(compared(&changed[3..].to_vec()).is_err());
}

#[test]
fn what_no_server_says_is_refused() {
    let good = digested(&journal(), 1, 4);
    let mut bad = vec![DigestedRecords { first_sequence: 0, ..good.clone() }];
    bad.push(DigestedRecords { records: u64::MAX, ..good.clone() });
    bad.push(DigestedRecords { merkle_root: "00".to_owned(), ..good.clone() });
    bad.push(DigestedRecords { chain_value: "x".repeat(64), ..good });
    for records in bad {
        let fault = DigestedJournal::default().expect("bad", &records).unwrap_err();
        assert_eq!(fault, JournalFault::Shape { digest: "bad".to_owned() });
    }
}
