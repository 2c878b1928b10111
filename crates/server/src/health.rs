//! How the parts of the server are, for the health page.

use std::sync::Arc;

use audit::Journal;
use dispatch::Backstage;
use state::Mirror;
use strongroom::Strongroom;

use crate::admin::{Gauge, Health, Part};

/// The parts that must be well for calls to be answered.
pub struct Vitals {
    mirror: Arc<Mirror>,
    journal: Arc<Journal>,
    strongroom: Arc<Strongroom>,
}

impl Vitals {
    /// Of these parts.
    #[must_use]
    pub fn new(backstage: &Backstage, strongroom: &Arc<Strongroom>) -> Self {
        Self {
            mirror: Arc::clone(&backstage.mirror),
            journal: Arc::clone(&backstage.journal),
            strongroom: Arc::clone(strongroom),
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
        vec![
            part("seal", self.strongroom.is_unsealed(), "unsealed", "sealed".to_owned()),
            part("store", self.mirror.is_following(), "following", "does not answer".to_owned()),
            part("journal", journal == audit::Health::Good, "writing", format!("{journal:?}")),
        ]
    }

    fn gauges(&self) -> Vec<Gauge> {
        self.parts()
            .into_iter()
            .map(|part| Gauge {
                name: match part.name {
                    "seal" => "keywright_unsealed",
                    "store" => "keywright_store_following",
                    _ => "keywright_journal_writing",
                },
                help: "1 if this part is well, 0 if calls are refused because of it",
                value: u64::from(part.ready),
            })
            .collect()
    }
}
