//! What AWS's own answers pin down, by number: one finding, one test.
//!
//! Each was recorded from AWS or asserted against it. The test's name says what was found; its body checks it. Findings
//! about operations that are not offered yet stand in [`WAITING`], and move when the operation is there.

/// Makes each finding a test on a stage of its own, and lists the numbers.
macro_rules! findings {
    ($($number:literal $name:ident($stage:ident) $body:block)*) => {
        $(#[test] fn $name() { let $stage = $crate::stage::Stage::new(); $body })*
        pub(super) const NUMBERS: &[u8] = &[$($number),*];
    };
}

mod cryptography;
mod finding;
mod making;
mod material;
mod metadata;
mod order;
mod wire;

/// How many findings there are.
const FINDINGS: u8 = 67;

/// Findings that wait for an operation.
const WAITING: &[(u8, &str)] = &[(67, "AssumeRole")];

#[test]
fn every_finding_is_checked_or_waits_once() {
    let checked = [
        wire::NUMBERS,
        finding::NUMBERS,
        metadata::NUMBERS,
        making::NUMBERS,
        order::NUMBERS,
        cryptography::NUMBERS,
        material::NUMBERS,
    ];
    let mut numbers: Vec<u8> = checked.concat();
    numbers.extend(WAITING.iter().map(|(number, _)| number));
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=FINDINGS).collect::<Vec<_>>());
}

#[test]
fn what_waits_is_not_offered_yet() {
    let offered: Vec<_> = sim::World::new().operations().into_iter().map(|(_, facts)| facts.name).collect();
    for (number, operation) in WAITING {
        assert!(!offered.contains(operation), "{operation} is there: check finding {number}");
    }
}
