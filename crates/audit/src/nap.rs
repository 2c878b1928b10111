//! How long the writer waits for more records before it writes, so that more records share a sync.

use std::time::Duration;

/// Handed-over records wait at most this long.
const LONG: Duration = Duration::from_millis(2);
/// Records that someone waits for wait until the batch is as large as the last one: the callers who were
/// answered after the last sync are about to call again, and two syncs cost twice as much as one. Each
/// expected record makes a nap longer by this much, about as long as a call takes …
const SHORT_PER_RECORD: Duration = Duration::from_micros(16);
/// … but a nap is no longer than this. A nap that brings no record is the last …
const SHORT_MAX: Duration = Duration::from_micros(500);
/// … and a batch has no more naps than this.
const SHORT_NAPS_MAX: usize = 4;

/// What the writer knows when it decides whether to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outlook {
    /// Records in the queue, and whether someone waits for one of them.
    pub(crate) records: usize,
    pub(crate) awaited: bool,
    /// Records of the last batch that someone waited for.
    pub(crate) company: usize,
    /// Naps taken for this batch so far, and how many records were queued when the last one began.
    pub(crate) naps: usize,
    pub(crate) seen: usize,
}

/// A nap that is worth its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nap {
    /// How long at most.
    pub(crate) longest: Duration,
    /// The nap ends early when this many records are queued and someone waits for the newest.
    pub(crate) records: usize,
}

impl Outlook {
    /// Whether to wait for more records, and for how many.
    pub(crate) fn nap(self) -> Option<Nap> {
        let Self { records, awaited, company, naps, seen } = self;
        if records > 0 && !awaited {
            return (naps == 0).then_some(Nap { longest: LONG, records: 0 });
        }
        let is_hopeful = naps == 0 || naps < SHORT_NAPS_MAX && seen < records;
        let expected = u32::try_from(company).unwrap_or(u32::MAX);
        let longest = SHORT_PER_RECORD.saturating_mul(expected).min(SHORT_MAX);
        (is_hopeful && company > 1 && records < company).then_some(Nap { longest, records: company })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Outlook = Outlook { records: 0, awaited: false, company: 0, naps: 0, seen: 0 };

    fn awaited(records: usize, company: usize) -> Outlook {
        Outlook { records, awaited: true, company, ..FIRST }
    }

    #[test]
    fn who_calls_alone_does_not_wait() {
        assert_eq!(awaited(1, 0).nap(), None);
        assert_eq!(awaited(1, 1).nap(), None);
        assert_eq!(Outlook { company: 1, ..FIRST }.nap(), None);
    }

    #[test]
    fn company_is_expected_in_proportion_and_within_bounds() {
        let micros = |company| awaited(1, company).nap().unwrap().longest.as_micros();
        assert_eq!((micros(2), micros(10), micros(1000), micros(usize::MAX)), (32, 160, 500, 500));
        assert_eq!(Outlook { company: 8, ..FIRST }.nap().unwrap().records, 8, "also before anybody has come");
        assert_eq!(awaited(8, 8).nap(), None, "all are there");
    }

    #[test]
    fn a_nap_that_brings_nobody_is_the_last() {
        let after = |naps, seen, records| Outlook { naps, seen, ..awaited(records, 8) }.nap();
        assert!(after(1, 2, 3).is_some());
        assert_eq!(after(1, 3, 3), None);
        assert_eq!(after(SHORT_NAPS_MAX, 3, 4), None, "nor do they go on for ever");
    }

    #[test]
    fn what_nobody_waits_for_naps_once_until_somebody_does() {
        let handed_over = Outlook { records: 3, company: 8, ..FIRST };
        assert_eq!(handed_over.nap(), Some(Nap { longest: LONG, records: 0 }));
        assert_eq!(Outlook { naps: 1, ..handed_over }.nap(), None);
    }
}
