//! The server's counters, and their form for Prometheus.

use counters::{CallCounts, CallLabels, CallNames, gauge, head, line};
use edge::Connections;
use export::ExportFigures;
use server::{Figure, FigureKind};

/// The registry of calls.
pub(crate) struct Metrics(CallCounts);

impl Default for Metrics {
    fn default() -> Self {
        Self(CallCounts::new(CallNames {
            total: ("keywright_requests_total", "Calls answered."),
            duration: ("keywright_request_duration_seconds", "Time from the whole request to its answer."),
        }))
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
        self.0.record(CallLabels { service, operation, outcome }, micros);
    }

    /// Writes the calls in the text format of Prometheus, ordered by labels.
    pub(crate) fn render(&self, out: &mut String) {
        self.0.render(out);
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
