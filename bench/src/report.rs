//! The table.

use std::time::Duration;

use crate::{decisions::Cost, journal::RecordCost, load::Round};

/// The best of several rounds of one target.
#[derive(Default)]
pub(crate) struct Measured {
    /// CPU time per answer in microseconds, least of the rounds.
    micros: Option<f64>,
    /// Answers per second, most of the rounds.
    rate: f64,
    p50: Duration,
    p99: Duration,
    resident: u64,
}

/// All rows, and what decisions cost.
pub(crate) struct Report {
    decisions: Vec<Cost>,
    record: RecordCost,
    rows: Vec<Row>,
}

struct Row {
    operation: String,
    tls: bool,
    target: &'static str,
    micros: f64,
    ratio: f64,
    rate: f64,
    p50: Duration,
    p99: Duration,
    resident: u64,
}

impl Measured {
    pub(crate) fn add(&mut self, round: &Round) {
        #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
        let answers = round.answers as f64;
        let micros = round.cpu.as_secs_f64() * 1e6 / answers;
        self.rate = self.rate.max(answers / round.wall.as_secs_f64());
        self.resident = self.resident.max(round.resident);
        if self.micros.is_none_or(|least| micros < least) {
            self.micros = Some(micros);
            let at =
                |per_mille: usize| round.latencies.get(round.latencies.len() * per_mille / 1000).copied();
            self.p50 = at(500).unwrap_or_default();
            self.p99 = at(990).unwrap_or_default();
        }
    }
}

impl Report {
    /// What decisions and records cost, and no rows yet.
    pub(crate) fn with(decisions: Vec<Cost>, record: RecordCost) -> Self {
        Self { decisions, record, rows: Vec::new() }
    }

    /// Adds the targets of an operation: the bare server, records handed over, durable, and handed over with delivery.
    pub(crate) fn row(&mut self, operation: &str, tls: bool, measured: &[Measured; 4]) {
        let yardstick = measured[0].micros.unwrap_or(f64::NAN);
        for (target, measured) in
            ["bare hyper", "handed over", "durable", "delivering"].into_iter().zip(measured)
        {
            let micros = measured.micros.unwrap_or(f64::NAN);
            self.rows.push(Row {
                operation: operation.to_owned(),
                tls,
                target,
                micros,
                ratio: micros / yardstick,
                rate: measured.rate,
                p50: measured.p50,
                p99: measured.p99,
                resident: measured.resident,
            });
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "operation                        server        CPU µs  ÷ bare    req/s   p50 µs   p99 µs  RSS MiB"
        );
        for row in &self.rows {
            println!(
                "{:<32} {:<12} {:>7.2} {:>7.2} {:>8.0} {:>8} {:>8} {:>8.1}",
                format!("{}{}", row.operation, if row.tls { " (TLS)" } else { "" }),
                row.target,
                row.micros,
                row.ratio,
                row.rate,
                row.p50.as_micros(),
                row.p99.as_micros(),
                f64::from(u32::try_from(row.resident).unwrap_or(u32::MAX)) / 1024.0,
            );
        }
        for Cost { statements, others, nanos } in &self.decisions {
            println!("decision, {statements:>5} statements, the others about {others:<14} {nanos:>8.0} ns");
        }
        self.record.print();
    }

    pub(crate) fn print_json(&self) {
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                serde_json::json!({
                    "operation": row.operation, "tls": row.tls, "server": row.target,
                    "cpu_micros": row.micros, "ratio": row.ratio, "requests_per_second": row.rate,
                    "p50_micros": row.p50.as_micros(), "p99_micros": row.p99.as_micros(),
                    "resident_kib": row.resident,
                })
            })
            .collect();
        rows.extend(self.decisions.iter().map(|Cost { statements, others, nanos }| {
            serde_json::json!({ "decision": { "statements": statements, "others": others }, "nanos": nanos })
        }));
        rows.push(self.record.json());
        println!("{}", serde_json::Value::Array(rows));
    }
}
