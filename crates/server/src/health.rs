//! How the parts of the server are, for the health page.

use std::sync::Arc;

use audit::Journal;
use cloudtrail::CloudTrail;
use dispatch::{Backstage, Strangers};
use state::Mirror;
use strongroom::Strongroom;

use crate::{keeper::SealedBecause, retention::Retainer};

/// Tells how the server is.
pub trait Health: Send + Sync + 'static {
    /// The parts that must all be well for the server to answer calls: seal, store, journal.
    fn parts(&self) -> Vec<Part>;

    /// Figures for `/metrics`.
    fn figures(&self) -> Vec<Figure>;
}

/// One part of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `seal`, `store`, `journal`.
    pub name: &'static str,
    /// Its state in a few words: `unsealed`, `following`, `not writing: its disk is full`. Never a secret.
    pub state: String,
    /// Whether the server can answer calls in this state.
    pub ready: bool,
}

/// A figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Such as `keywright_journal_queue_records`; the name of what counts ends in `_total`.
    pub name: &'static str,
    /// Whether it is of now, or only goes up.
    pub kind: FigureKind,
    /// What it counts, and in what unit.
    pub help: &'static str,
    /// The figure.
    pub value: u64,
}

/// How a figure changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// Up and down.
    Gauge,
    /// Up, from 0 at each start.
    Counter,
}

/// The parts that must be well for calls to be answered.
pub struct Vitals {
    mirror: Arc<Mirror>,
    journal: Arc<Journal>,
    strongroom: Arc<Strongroom>,
    because: Arc<SealedBecause>,
    strangers: Arc<Strangers>,
    retainer: Arc<Retainer>,
    cloudtrail: Arc<CloudTrail>,
    backstage: Backstage,
}

impl Vitals {
    /// Of these parts.
    pub(crate) fn new(
        backstage: &Backstage,
        strongroom: &Arc<Strongroom>,
        because: &Arc<SealedBecause>,
        retainer: &Arc<Retainer>,
        cloudtrail: &Arc<CloudTrail>,
    ) -> Self {
        Self {
            mirror: Arc::clone(&backstage.mirror),
            journal: Arc::clone(&backstage.journal),
            strongroom: Arc::clone(strongroom),
            because: Arc::clone(because),
            strangers: Arc::clone(&backstage.strangers),
            retainer: Arc::clone(retainer),
            cloudtrail: Arc::clone(cloudtrail),
            backstage: backstage.clone(),
        }
    }
}

impl Health for Vitals {
    fn parts(&self) -> Vec<Part> {
        let part = |name, ready, good: &str, bad: String| Part {
            name,
            ready,
            state: if ready { good.to_owned() } else { bad },
        };
        let journal = self.journal.health();
        let writing = if self.strangers.is_short() {
            "writing; it or its disk is nearly full, and refusals of strangers are only counted"
        } else {
            "writing"
        };
        vec![
            part(
                "seal",
                self.strongroom.is_unsealed(),
                "unsealed",
                format!("sealed: {}", self.because.text()),
            ),
            part("store", self.mirror.is_following(), "following", "does not answer".to_owned()),
            part("journal", journal == audit::JournalHealth::Good, writing, journal.to_string()),
        ]
    }

    fn figures(&self) -> Vec<Figure> {
        let parts = self.parts().into_iter().map(|part| Figure {
            kind: FigureKind::Gauge,
            name: match part.name {
                "seal" => "keywright_unsealed",
                "store" => "keywright_store_following",
                _ => "keywright_journal_writing",
            },
            help: "1 if this part is well, 0 if calls are refused because of it",
            value: u64::from(part.ready),
        });
        let free = self.journal.free_bytes().map(|value| Figure {
            kind: FigureKind::Gauge,
            name: "keywright_journal_disk_free_bytes",
            help: "Free bytes on the journal's disk.",
            value,
        });
        let strangers = [
            Figure {
                kind: FigureKind::Counter,
                name: "keywright_strangers_recorded_total",
                help: "Refusals of strangers that have a record of their own.",
                value: self.strangers.recorded(),
            },
            Figure {
                kind: FigureKind::Counter,
                name: "keywright_strangers_counted_total",
                help: "Refusals of strangers that are only counted and summed up.",
                value: self.strangers.counted(),
            },
        ];
        let (journal, trails) = (self.journal_figures(), self.delivery());
        parts.chain(free).chain(journal).chain(strangers).chain(trails).collect()
    }
}

impl Vitals {
    /// How trails are delivered to.
    fn delivery(&self) -> [Figure; 4] {
        let states = self.cloudtrail.trail_states(&self.backstage);
        let gauge = |name, help, value| Figure { kind: FigureKind::Gauge, name, help, value };
        let oldest = states.iter().filter(|state| state.behind > 0).filter_map(|state| state.delivered).min();
        let waited = oldest.map_or(0, |oldest| self.backstage.clock.now().as_seconds() - oldest.as_seconds());
        [
            gauge("keywright_trails_delivering", "Trails that deliver from this node.", states.len() as u64),
            gauge(
                "keywright_trails_behind_records",
                "Records of the journal that the trail that is furthest behind has not delivered.",
                states.iter().map(|state| state.behind).max().unwrap_or(0),
            ),
            gauge(
                "keywright_trails_delivered_seconds_ago",
                "Seconds since the trail that is furthest behind last delivered; 0 if there is nothing to deliver.",
                u64::try_from(waited).unwrap_or(0),
            ),
            Figure {
                kind: FigureKind::Counter,
                name: "keywright_trails_failures_total",
                help: "Deliveries of files or digests that failed and are tried again.",
                value: states.iter().map(|state| state.failures).sum(),
            },
        ]
    }

    /// How large the journal is, and how far it goes back.
    fn journal_figures(&self) -> impl Iterator<Item = Figure> {
        let gauge = |name, help, value| Figure { name, kind: FigureKind::Gauge, help, value };
        let inventory = self.retainer.inventory();
        let sizes = inventory.map(|inventory| {
            [
                gauge("keywright_journal_segments", "Segments of the journal.", inventory.segments),
                gauge(
                    "keywright_journal_compressed_segments",
                    "Segments of the journal that are compressed.",
                    inventory.compressed_segments,
                ),
                gauge("keywright_journal_bytes", "Bytes of the journal's files.", inventory.bytes),
                gauge(
                    "keywright_journal_uncompressed_bytes",
                    "Bytes that the journal's files would have without compression.",
                    inventory.uncompressed_bytes,
                ),
            ]
        });
        let oldest =
            inventory.and_then(|inventory| u64::try_from(inventory.oldest_ms?.div_euclid(1000)).ok());
        let oldest = oldest.map(|seconds| {
            let name = "keywright_journal_oldest_record_timestamp_seconds";
            gauge(name, "When the oldest record of the journal was, in seconds since 1970.", seconds)
        });
        sizes.into_iter().flatten().chain(oldest)
    }
}
