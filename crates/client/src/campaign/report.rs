//! What became of a plan, for people and programs.

use std::path::Path;

use serde::Serialize;

use super::{
    goal::CampaignGoal,
    journal::{CampaignJournal, FateKind},
    lines::{PlanHead, PlanLine, unusable},
    target::{CampaignTarget, TargetKind},
};
use crate::{
    ending::{ClientFailure, say},
    new_file::NewFile,
    record::write_new,
};

/// What became of all targets of a plan.
#[derive(Serialize)]
pub(crate) struct CampaignReport<'a> {
    campaign: &'a str,
    goal: &'a CampaignGoal,
    /// When the report was made.
    made: String,
    counts: FateCounts,
    targets: Vec<ReportLine<'a>>,
}

/// How many targets became what.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct FateCounts {
    done: usize,
    already: usize,
    cannot: usize,
    failed: usize,
    /// Not tried yet.
    left: usize,
}

#[derive(Serialize)]
struct ReportLine<'a> {
    kind: TargetKind,
    #[serde(rename = "where")]
    place: &'a str,
    /// None if it is left.
    became: Option<FateKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

impl<'a> CampaignReport<'a> {
    /// The report as the journal is now.
    pub(crate) fn of(
        head: &'a PlanHead,
        targets: &'a [(CampaignTarget, PlanLine)],
        journal: &'a CampaignJournal,
        made: String,
    ) -> Self {
        let mut counts = FateCounts::default();
        let line = |(_, line): &'a (CampaignTarget, PlanLine)| {
            let fate = journal.fate(&line.place);
            let count = match fate.map(|fate| fate.became) {
                Some(FateKind::Done) => &mut counts.done,
                Some(FateKind::Already) => &mut counts.already,
                Some(FateKind::Cannot) => &mut counts.cannot,
                Some(FateKind::Failed) => &mut counts.failed,
                None => &mut counts.left,
            };
            *count += 1;
            let why = fate.and_then(|fate| fate.why.as_deref());
            ReportLine { kind: line.kind, place: &line.place, became: fate.map(|fate| fate.became), why }
        };
        let targets = targets.iter().map(line).collect();
        Self { campaign: &head.id, goal: &head.goal, made, counts, targets }
    }

    /// Whether nothing is left, and nothing failed.
    pub(crate) fn is_all_done(&self) -> bool {
        let FateCounts { cannot, failed, left, .. } = self.counts;
        cannot == 0 && failed == 0 && left == 0
    }

    /// Tells what was not done, and the counts.
    pub(crate) fn tell(&self) {
        for line in &self.targets {
            if let (Some(FateKind::Failed | FateKind::Cannot), Some(why)) = (line.became, line.why) {
                say(&format_args!("`{}`: {why}", line.place));
            }
        }
        let FateCounts { done, already, cannot, failed, left } = self.counts;
        say(&format_args!(
            "{done} done, {already} were there already, {cannot} cannot be, {failed} failed, {left} left"
        ));
    }

    /// Writes it into a file, also in the place of an earlier one.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn write(&self, file: &Path, unique: &str) -> Result<(), ClientFailure> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| ClientFailure::Use(error.to_string()))?;
        let text = [text.as_slice(), b"\n"].concat();
        if file.exists() {
            NewFile::replace(file, &text, unique).map_err(|error| unusable(file, error))
        } else {
            write_new(file, &text, 0o600)
        }
    }
}
