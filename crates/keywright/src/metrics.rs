//! Counters, and their form for Prometheus.
//!
//! Recording a call is a look-up by address in a table that never moves, and two relaxed additions. Labels are
//! static strings and the table has an end, so that no client can make the number of series grow.

use std::{
    fmt::Write,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use edge::Connections;
use export::ExportFigures;
use server::{Figure, FigureKind};

/// Series that are kept; with more combinations than this, what is new is counted as `other`.
const SERIES_MAX: usize = 2048;
/// Slots looked at before a combination is taken to have no place.
const PROBES: usize = 64;

/// Upper bounds of the latency buckets in microseconds: 100 µs (memory only) to 5 s (RSA keys, stalled disks).
const BUCKETS_MICROS: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// The registry of calls.
pub(crate) struct Metrics {
    slots: Box<[OnceLock<Box<Series>>]>,
    other: Series,
}

struct Series {
    labels: Labels,
    /// Calls by bucket; the last one is for what is slower than all bounds.
    calls: [AtomicU64; BUCKETS_MICROS.len() + 1],
    micros: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    service: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            slots: (0..SERIES_MAX).map(|_| OnceLock::new()).collect(),
            other: Series::new(Labels { service: "other", operation: "other", outcome: "other" }),
        }
    }
}

impl Metrics {
    /// Counts one answered call. `outcome` is `ok` or an error code. About 10 ns.
    pub(crate) fn record(
        &self,
        service: &'static str,
        operation: &'static str,
        outcome: &'static str,
        micros: u64,
    ) {
        self.series(Labels { service, operation, outcome }).add(micros);
    }

    /// The series of these labels. The same text at two addresses makes two series, which the rendering adds up.
    fn series(&self, labels: Labels) -> &Series {
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
    pub(crate) fn render(&self, out: &mut String) {
        let mut all: Vec<&Series> =
            self.slots.iter().filter_map(|slot| slot.get().map(|boxed| &**boxed)).collect();
        all.push(&self.other);
        all.retain(|series| series.count() > 0);
        all.sort_by_key(|series| series.labels);
        head(out, "keywright_requests_total", "counter", "Calls answered.");
        for same in all.chunk_by(|a, b| a.labels == b.labels) {
            let Some(Series { labels: Labels { service, operation, outcome }, .. }) = same.first() else {
                continue;
            };
            let calls: u64 = same.iter().map(|series| series.count()).sum();
            let labels = format!("service=\"{service}\",operation=\"{operation}\",code=\"{outcome}\"");
            line(out, "keywright_requests_total", &labels, calls);
        }
        head(
            out,
            "keywright_request_duration_seconds",
            "histogram",
            "Time from the whole request to its answer.",
        );
        for same in all.chunk_by(|a, b| a.labels.call() == b.labels.call()) {
            histogram(out, same);
        }
    }
}

fn histogram(out: &mut String, same: &[&Series]) {
    const NAME: &str = "keywright_request_duration_seconds";
    let Some((service, operation)) = same.first().map(|series| series.labels.call()) else { return };
    let labels = format!("service=\"{service}\",operation=\"{operation}\"");
    let mut calls = 0_u64;
    for bucket in 0..=BUCKETS_MICROS.len() {
        let here = |series: &&Series| series.calls.get(bucket).map_or(0, |calls| calls.load(Relaxed));
        calls = calls.saturating_add(same.iter().map(here).sum());
        let bound = BUCKETS_MICROS.get(bucket).map_or_else(|| "+Inf".to_owned(), |micros| seconds(*micros));
        line(out, &format!("{NAME}_bucket"), &format!("{labels},le=\"{bound}\""), calls);
    }
    let micros = same.iter().map(|series| series.micros.load(Relaxed)).sum();
    line(out, &format!("{NAME}_sum"), &labels, seconds(micros));
    line(out, &format!("{NAME}_count"), &labels, calls);
}

impl Series {
    fn new(labels: Labels) -> Self {
        Self { labels, calls: Default::default(), micros: AtomicU64::new(0) }
    }

    fn add(&self, micros: u64) {
        let bucket = BUCKETS_MICROS.partition_point(|bound| *bound < micros);
        if let Some(calls) = self.calls.get(bucket) {
            calls.fetch_add(1, Relaxed);
        }
        self.micros.fetch_add(micros, Relaxed);
    }

    fn count(&self) -> u64 {
        self.calls.iter().map(|calls| calls.load(Relaxed)).sum()
    }
}

impl Labels {
    fn parts(&self) -> [&'static str; 3] {
        [self.service, self.operation, self.outcome]
    }

    fn call(&self) -> (&'static str, &'static str) {
        (self.service, self.operation)
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

/// Writes how exports get on in the text format of Prometheus.
pub(crate) fn exports(out: &mut String, exports: &[ExportFigures]) {
    type Value = fn(&ExportFigures) -> u64;
    let figures: [(&str, &str, &str, Value); 3] = [
        ("keywright_export_events_total", "counter", "Events handed on.", |export| export.events),
        ("keywright_export_failures_total", "counter", "Attempts to hand events on that failed.", |export| {
            export.failures
        }),
        ("keywright_export_behind_records", "gauge", "Records that were not handed on yet.", |export| {
            export.behind
        }),
    ];
    for (name, kind, help, value) in figures.iter().filter(|_| !exports.is_empty()) {
        head(out, name, kind, help);
        for export in exports {
            line(out, name, &format!("export=\"{}\"", export.name), value(export));
        }
    }
}

/// Writes the connections of a listener in the text format of Prometheus.
pub(crate) fn connections(out: &mut String, connections: &Connections) {
    gauge(out, "keywright_connections_open", "Connections that are open.", connections.open());
    let name = "keywright_connections_known";
    gauge(out, name, "Open connections on which somebody known has called.", connections.open_known());
    head(out, "keywright_connections_total", "counter", "Connections accepted.");
    line(out, "keywright_connections_total", "", connections.accepted());
    let name = "keywright_connections_ended_total";
    head(out, name, "counter", "Connections that this server refused or ended, by reason.");
    for (reason, count) in connections.ended() {
        line(out, name, &format!("reason=\"{reason}\""), count);
    }
}

/// Writes a figure of the server.
pub(crate) fn figure(out: &mut String, figure: &Figure) {
    let kind = match figure.kind {
        FigureKind::Gauge => "gauge",
        FigureKind::Counter => "counter",
    };
    head(out, figure.name, kind, figure.help);
    line(out, figure.name, "", figure.value);
}

/// Writes one figure that goes up and down.
pub(crate) fn gauge(out: &mut String, name: &str, help: &str, value: u64) {
    head(out, name, "gauge", help);
    line(out, name, "", value);
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = if labels.is_empty() {
        writeln!(out, "{name} {value}")
    } else {
        writeln!(out, "{name}{{{labels}}} {value}")
    };
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(metrics: &Metrics) -> String {
        let mut out = String::new();
        metrics.render(&mut out);
        out
    }

    #[test]
    fn calls_are_counted_by_their_labels() {
        let metrics = Metrics::default();
        metrics.record("kms", "Encrypt", "ok", 90);
        metrics.record("kms", "Encrypt", "ok", 100);
        metrics.record("kms", "Encrypt", "AccessDeniedException", 101);
        metrics.record("kms", "Decrypt", "ok", 9_000_000);
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
        let metrics = Metrics::default();
        let elsewhere: &'static str = String::from("Encrypt").leak();
        metrics.record("kms", "Encrypt", "ok", 1);
        metrics.record("kms", elsewhere, "ok", 1);
        let text = rendered(&metrics);
        assert!(text.contains("operation=\"Encrypt\",code=\"ok\"} 2\n"), "{text}");
        assert_eq!(text.matches("_count{").count(), 1);
    }

    #[test]
    fn the_number_of_series_has_an_end() {
        let metrics = Metrics::default();
        let calls = SERIES_MAX + 1000;
        for call in 0..calls {
            metrics.record("kms", format!("Operation{call}").leak(), "ok", 1);
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
}
