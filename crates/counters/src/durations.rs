//! How long something took, counted in buckets.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::text::line;

/// Upper bounds of the buckets in microseconds: 100 µs (memory only) to 5 s (RSA keys, stalled disks).
const BUCKETS_MICROS: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// A histogram.
#[derive(Debug, Default)]
pub struct Durations {
    /// By bucket; the last one is for what is slower than all bounds.
    counts: [AtomicU64; BUCKETS_MICROS.len() + 1],
    micros: AtomicU64,
}

impl Durations {
    /// Counts one, that took so many microseconds.
    pub fn add(&self, micros: u64) {
        let bucket = BUCKETS_MICROS.partition_point(|bound| *bound < micros);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        self.micros.fetch_add(micros, Relaxed);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// Writes several of them as one histogram, without its head.
    pub fn render(out: &mut String, name: &str, labels: &str, same: &[&Self]) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut below = 0_u64;
        for bucket in 0..=BUCKETS_MICROS.len() {
            let here = |one: &&Self| one.counts.get(bucket).map_or(0, |count| count.load(Relaxed));
            below = below.saturating_add(same.iter().map(here).sum());
            let bound =
                BUCKETS_MICROS.get(bucket).map_or_else(|| "+Inf".to_owned(), |micros| seconds(*micros));
            line(out, &format!("{name}_bucket"), &format!("{labels}{comma}le=\"{bound}\""), below);
        }
        let micros = same.iter().map(|one| one.micros.load(Relaxed)).sum();
        line(out, &format!("{name}_sum"), labels, seconds(micros));
        line(out, &format!("{name}_count"), labels, below);
    }
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
