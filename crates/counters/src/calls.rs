//! The registry of calls.

use std::sync::OnceLock;

use crate::{
    durations::Durations,
    text::{head, line},
};

/// Series that are kept; with more combinations than this, what is new is counted as `other`.
const SERIES_MAX: usize = 2048;
/// Slots looked at before a combination is taken to have no place.
const PROBES: usize = 64;

/// Calls by their labels: how many, and how long they took.
pub struct CallCounts {
    names: CallNames,
    slots: Box<[OnceLock<Box<Series>>]>,
    other: Series,
}

/// What two metrics of calls are named, and what they are.
#[derive(Debug, Clone, Copy)]
pub struct CallNames {
    /// The counter.
    pub total: (&'static str, &'static str),
    /// The histogram.
    pub duration: (&'static str, &'static str),
}

/// What a call is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallLabels {
    /// The service; left out where there is one only, and `""`.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// `ok` or an error code.
    pub outcome: &'static str,
}

struct Series {
    labels: CallLabels,
    durations: Durations,
}

impl CallCounts {
    /// None yet.
    #[must_use]
    pub fn new(names: CallNames) -> Self {
        let other = CallLabels { service: "other", operation: "other", outcome: "other" };
        Self { names, slots: (0..SERIES_MAX).map(|_| OnceLock::new()).collect(), other: Series::new(other) }
    }

    /// Counts one answered call. About 10 ns.
    pub fn record(&self, labels: CallLabels, micros: u64) {
        self.series(labels).durations.add(micros);
    }

    /// The series of these labels. The same text at two addresses makes two series, which the rendering adds up.
    fn series(&self, labels: CallLabels) -> &Series {
        let start = labels.spread();
        for probe in 0..PROBES {
            let Some(slot) = self.slots.get(start.wrapping_add(probe) % SERIES_MAX) else { break };
            let series = slot.get_or_init(|| Box::new(Series::new(labels)));
            if series.labels.is_same(&labels) {
                return series;
            }
        }
        &self.other
    }

    /// Writes the calls in the text format of Prometheus, ordered by labels.
    pub fn render(&self, out: &mut String) {
        let mut all: Vec<&Series> =
            self.slots.iter().filter_map(|slot| slot.get().map(|boxed| &**boxed)).collect();
        all.push(&self.other);
        all.retain(|series| series.durations.count() > 0);
        all.sort_by_key(|series| series.labels);
        let CallNames { total: (total, what), duration: (duration, how_long) } = self.names;
        head(out, total, "counter", what);
        for same in all.chunk_by(|a, b| a.labels == b.labels) {
            let Some(first) = same.first() else { continue };
            let calls: u64 = same.iter().map(|series| series.durations.count()).sum();
            line(out, total, &format!("{},code=\"{}\"", first.labels.of_call(), first.labels.outcome), calls);
        }
        head(out, duration, "histogram", how_long);
        for same in all.chunk_by(|a, b| a.labels.call() == b.labels.call()) {
            let Some(first) = same.first() else { continue };
            let durations: Vec<&Durations> = same.iter().map(|series| &series.durations).collect();
            Durations::render(out, duration, &first.labels.of_call(), &durations);
        }
    }
}

impl Series {
    fn new(labels: CallLabels) -> Self {
        Self { labels, durations: Durations::default() }
    }
}

impl CallLabels {
    fn parts(&self) -> [&'static str; 3] {
        [self.service, self.operation, self.outcome]
    }

    fn call(&self) -> (&'static str, &'static str) {
        (self.service, self.operation)
    }

    /// The labels without the outcome, as text.
    fn of_call(&self) -> String {
        let Self { service, operation, .. } = self;
        if service.is_empty() {
            format!("operation=\"{operation}\"")
        } else {
            format!("service=\"{service}\",operation=\"{operation}\"")
        }
    }

    /// By address: comparing texts would cost more than the rest of recording.
    fn is_same(&self, other: &Self) -> bool {
        self.parts().into_iter().zip(other.parts()).all(|(a, b)| std::ptr::eq(a, b))
    }

    fn spread(&self) -> usize {
        // Fibonacci hashing, once per address.
        let mix = |hash: usize, part: &'static str| {
            (hash ^ part.as_ptr().addr()).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as usize).rotate_left(29)
        };
        self.parts().into_iter().fold(0, mix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> CallCounts {
        CallCounts::new(CallNames {
            total: ("keywright_requests_total", "Calls answered."),
            duration: ("keywright_request_duration_seconds", "Time."),
        })
    }

    fn kms(operation: &'static str, outcome: &'static str) -> CallLabels {
        CallLabels { service: "kms", operation, outcome }
    }

    fn rendered(metrics: &CallCounts) -> String {
        let mut out = String::new();
        metrics.render(&mut out);
        out
    }

    #[test]
    fn calls_are_counted_by_their_labels() {
        let metrics = metrics();
        metrics.record(kms("Encrypt", "ok"), 90);
        metrics.record(kms("Encrypt", "ok"), 100);
        metrics.record(kms("Encrypt", "AccessDeniedException"), 101);
        metrics.record(kms("Decrypt", "ok"), 9_000_000);
        let text = rendered(&metrics);
        for expected in [
            "keywright_requests_total{service=\"kms\",operation=\"Encrypt\",code=\"ok\"} 2\n",
            "keywright_requests_total{service=\"kms\",operation=\"Encrypt\",code=\"AccessDeniedException\"} 1\n",
            "_bucket{service=\"kms\",operation=\"Encrypt\",le=\"0.000100\"} 2\n",
            "_bucket{service=\"kms\",operation=\"Encrypt\",le=\"0.000250\"} 3\n",
            "_bucket{service=\"kms\",operation=\"Encrypt\",le=\"+Inf\"} 3\n",
            "_bucket{service=\"kms\",operation=\"Decrypt\",le=\"5.000000\"} 0\n",
            "_bucket{service=\"kms\",operation=\"Decrypt\",le=\"+Inf\"} 1\n",
            "_sum{service=\"kms\",operation=\"Encrypt\"} 0.000291\n",
            "_count{service=\"kms\",operation=\"Encrypt\"} 3\n",
        ] {
            assert!(text.contains(expected), "{expected} is not in\n{text}");
        }
    }

    #[test]
    fn one_text_at_two_addresses_is_one_series() {
        let metrics = metrics();
        let elsewhere: &'static str = String::from("Encrypt").leak();
        metrics.record(kms("Encrypt", "ok"), 1);
        metrics.record(kms(elsewhere, "ok"), 1);
        let text = rendered(&metrics);
        assert!(text.contains("operation=\"Encrypt\",code=\"ok\"} 2\n"), "{text}");
        assert_eq!(text.matches("_count{").count(), 1);
    }

    #[test]
    fn the_number_of_series_has_an_end() {
        let metrics = metrics();
        let calls = SERIES_MAX + 1000;
        for call in 0..calls {
            metrics.record(kms(format!("Operation{call}").leak(), "ok"), 1);
        }
        let text = rendered(&metrics);
        assert!(text.matches("keywright_requests_total{").count() <= SERIES_MAX + 1);
        assert!(
            text.contains("keywright_requests_total{service=\"other\",operation=\"other\",code=\"other\"}")
        );
        let counts = text.lines().filter(|line| line.starts_with("keywright_requests_total{"));
        let total: usize = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum();
        assert_eq!(total, calls, "none is lost");
    }

    #[test]
    fn one_service_needs_no_label() {
        let metrics = metrics();
        metrics.record(CallLabels { service: "", operation: "GetObject", outcome: "ok" }, 1);
        let text = rendered(&metrics);
        assert!(text.contains("_total{operation=\"GetObject\",code=\"ok\"} 1\n"), "{text}");
        assert!(text.contains("_count{operation=\"GetObject\"} 1\n"), "{text}");
    }
}
