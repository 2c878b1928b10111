//! What AWS's own answers pin down, by number: one finding, one test.
//!
//! Each was recorded from AWS or asserted against it. The test's name says what was found; its body checks it.

/// Makes each finding a test on a stage of its own, and lists the numbers.
macro_rules! findings {
    ($($number:literal $name:ident($stage:ident) $body:block)*) => {
        $(#[test] fn $name() { let $stage = sim::Stage::new(); $body })*
        pub(super) const NUMBERS: &[u8] = &[$($number),*];
    };
}

mod cryptography;
mod finding;
mod making;
mod material;
mod metadata;
mod order;
mod sessions;
mod wire;

/// How many findings there are.
const FINDINGS: u8 = 67;

#[test]
fn every_finding_is_checked_once() {
    let checked = [
        wire::NUMBERS,
        finding::NUMBERS,
        metadata::NUMBERS,
        making::NUMBERS,
        order::NUMBERS,
        cryptography::NUMBERS,
        material::NUMBERS,
        sessions::NUMBERS,
    ];
    let mut numbers: Vec<u8> = checked.concat();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=FINDINGS).collect::<Vec<_>>());
}
