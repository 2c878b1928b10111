use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;

const KIND: &str = "MissingAuthenticationTokenException";
const OTHER_KIND: &str = "InvalidSignatureException";

fn network(number: u32) -> Network {
    IpAddr::from(Ipv4Addr::from(number)).into()
}

fn at(secs: u64) -> Moment {
    let elapsed = Duration::from_secs(secs);
    Moment { time: Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap()), elapsed }
}

fn tally(records_per_minute: u32, journal_bytes_per_day: u64) -> Tally {
    Tally::new(StrangersShare { records_per_minute, journal_bytes_per_day, ..StrangersShare::default() })
}

#[test]
fn beyond_the_rate_refusals_are_counted_by_network_and_kind() {
    let mut tally = tally(3, 1 << 30);
    let admitted = (0..10).filter(|_| tally.admits(network(1), KIND, at(0))).count();
    assert_eq!(admitted, 3);
    assert!(!tally.admits(network(1), OTHER_KIND, at(7)), "another kind is no other stranger");
    assert!(tally.admits(network(2), KIND, at(7)), "another network is");
    assert_eq!(tally.sum_up(at(59), false), [], "not yet");
    let summary = |kind, count, first, last| Summary {
        network: Some(network(1)),
        kind,
        count,
        first: at(first).time,
        last: at(last).time,
    };
    assert_eq!(tally.sum_up(at(60), false), [summary(OTHER_KIND, 1, 7, 7), summary(KIND, 7, 0, 0)]);
    assert_eq!(tally.sum_up(at(120), true), [], "told once");
    assert!(tally.networks.is_empty(), "what came to nothing is forgotten");
}

#[test]
fn there_are_no_more_rows_than_there_may_be() {
    let mut tally = tally(1, 1 << 40);
    let count = u32::try_from(NETWORKS_MAX).unwrap() + 100;
    for number in 0..count {
        tally.admits(network(number), KIND, at(0));
        tally.count(network(number), KIND, at(1));
    }
    assert_eq!(tally.networks.len(), NETWORKS_MAX);
    let summaries = tally.sum_up(at(100), false);
    let others = summaries.last().unwrap();
    // Of the hundred beyond, one had a record.
    assert_eq!((others.network, others.count), (None, 199));
    assert_eq!(summaries.len(), NETWORKS_MAX + 1);
}

#[test]
fn without_a_share_left_there_is_one_summary_for_all() {
    let mut tally = tally(1000, 24 * 1000);
    assert!(tally.admits(network(1), KIND, at(0)));
    tally.spend(1000, at(0));
    for number in 0..500 {
        assert!(!tally.admits(network(number), KIND, at(0)), "the hour's part is spent");
    }
    let summaries = tally.sum_up(at(61), false);
    assert_eq!(summaries.iter().map(|summary| summary.count).sum::<u64>(), 500);
    assert_eq!(summaries.last().unwrap().network, None);
    assert!(summaries.len() < 3, "{}", summaries.len());
}

#[test]
fn a_rate_of_nothing_records_nothing_apart() {
    let mut tally = tally(0, 1 << 30);
    assert!(!tally.admits(network(1), KIND, at(0)));
    assert_eq!(tally.sum_up(at(0), true).len(), 1);
}

#[test]
fn a_summary_that_is_not_recorded_is_not_lost() {
    let mut tally = tally(0, 1 << 30);
    for secs in 0..5 {
        tally.count(network(1), KIND, at(secs));
    }
    let summaries = tally.sum_up(at(90), false);
    summaries.iter().for_each(|summary| tally.put_back(summary, at(90)));
    tally.count(network(1), KIND, at(91));
    let [summary] = &tally.sum_up(at(200), false)[..] else { panic!("one") };
    assert_eq!((summary.count, summary.first, summary.last), (6, at(0).time, at(91).time));
}

proptest! {
    /// Whatever comes: each refusal is recorded or counted, and the journal grows by no more than the share.
    #[test]
    fn no_refusal_is_lost_and_the_share_holds(
        visits in proptest::collection::vec((0_u32..6000, 0_u64..40, any::<bool>()), 1..2000),
    ) {
        let bytes_per_day = 24 * 60_000;
        let mut tally = tally(5, bytes_per_day);
        let (mut now, mut apart, mut summed, mut written) = (0, 0_usize, 0_u64, 0_u64);
        for (number, passes, sums) in &visits {
            now += passes / 20;
            if tally.admits(network(*number), if *sums { KIND } else { OTHER_KIND }, at(now)) {
                tally.spend(500, at(now));
                written += 500;
                apart += 1;
            }
            if *sums {
                let summaries = tally.sum_up(at(now), false);
                written += SUMMARY_BYTES * summaries.len() as u64;
                summed += summaries.iter().map(|summary| summary.count).sum::<u64>();
            }
        }
        let brought = bytes_per_day / 24 + bytes_per_day * now / DAY.as_secs();
        let minutes = now / 60 + 1;
        prop_assert!(written <= brought + 500 + 2 * SUMMARY_BYTES * minutes, "{written} of {brought}");
        summed += tally.sum_up(at(now), true).iter().map(|summary| summary.count).sum::<u64>();
        prop_assert_eq!(apart as u64 + summed, visits.len() as u64);
    }
}
