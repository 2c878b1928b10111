//! What became of the targets of a plan so far. Each line is on the disk before the next target is touched, so that a kill at any
//! moment loses nothing, and repeats at most one target.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::lines::{json_line, unusable};
use crate::{ending::ClientFailure, new_file::sync_folder};

/// The journal of a plan. It is held by one program at a time.
pub(crate) struct CampaignJournal {
    file: File,
    name: PathBuf,
    last: HashMap<String, TargetFate>,
}

/// What became of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetFate {
    pub(crate) became: FateKind,
    pub(crate) why: Option<String>,
}

/// What can become of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FateKind {
    /// It is under the key that was wished for.
    Done,
    /// It was so before.
    Already,
    /// It cannot be.
    Cannot,
    /// Something went wrong, and the next run tries again.
    Failed,
}

/// The first line: whose journal it is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalHead {
    journal: u32,
    campaign: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalLine {
    #[serde(rename = "where")]
    place: String,
    became: FateKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

const JOURNAL_VERSION: u32 = 1;

impl CampaignJournal {
    /// Opens the journal beside a plan, or begins one. `campaign` is the plan's id.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says; that another program has it. [`ClientFailure::Record`] for what is no journal of
    /// the plan.
    pub(crate) fn open(plan: &Path, campaign: &str) -> Result<Self, ClientFailure> {
        let mut name = OsString::from(plan);
        name.push(".journal");
        let name = PathBuf::from(name);
        let failed = |error| unusable(&name, error);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&name)
            .map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                ClientFailure::Use(format!("`{}`: the plan is being run already", name.display()))
            }
            TryLockError::Error(error) => failed(error),
        })?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let replayed = replay(&text, campaign);
        let (last, whole) =
            replayed.map_err(|why| ClientFailure::Record(format!("`{}`: {why}", name.display())))?;
        // What a kill has cut off is written again.
        file.set_len(whole as u64).map_err(failed)?;
        let mut journal = Self { file, name, last };
        if whole == 0 {
            journal.write(&JournalHead { journal: JOURNAL_VERSION, campaign: campaign.to_owned() })?;
            sync_folder(&journal.name).map_err(|error| unusable(&journal.name, error))?;
        }
        Ok(journal)
    }

    /// What became of a target, if something did.
    pub(crate) fn fate(&self, place: &str) -> Option<&TargetFate> {
        self.last.get(place)
    }

    /// Whether nothing is left to do with a target.
    pub(crate) fn is_settled(&self, place: &str) -> bool {
        self.fate(place).is_some_and(|fate| fate.became != FateKind::Failed)
    }

    /// Notes what became of a target. It is on the disk then.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn note(&mut self, place: &str, fate: TargetFate) -> Result<(), ClientFailure> {
        let TargetFate { became, why } = fate.clone();
        self.write(&JournalLine { place: place.to_owned(), became, why })?;
        self.last.insert(place.to_owned(), fate);
        Ok(())
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), ClientFailure> {
        let line = json_line(line)?;
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|error| unusable(&self.name, error))
    }
}

/// What a journal says of each target last, and how many of its bytes are whole lines.
fn replay(text: &[u8], campaign: &str) -> Result<(HashMap<String, TargetFate>, usize), String> {
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut lines = text.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n').zip(1..);
    let wrong = |number: i32, why: &dyn std::fmt::Display| format!("line {number}: {why}");
    let Some((head, _)) = lines.next() else { return Ok((HashMap::new(), 0)) };
    let head: JournalHead = serde_json::from_slice(head).map_err(|error| wrong(1, &error))?;
    if head.journal != JOURNAL_VERSION || head.campaign != campaign {
        return Err("it is the journal of another plan".to_owned());
    }
    let mut last = HashMap::new();
    for (line, number) in lines {
        let line: JournalLine = serde_json::from_slice(line).map_err(|error| wrong(number, &error))?;
        last.insert(line.place, TargetFate { became: line.became, why: line.why });
    }
    Ok((last, whole))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn fate(became: FateKind) -> TargetFate {
        TargetFate { became, why: (became == FateKind::Failed).then(|| "denied".to_owned()) }
    }

    #[test]
    fn a_journal_cut_anywhere_has_all_whole_lines_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join("plan.jsonl");
        let file = folder.path().join("plan.jsonl.journal");
        let mut journal = CampaignJournal::open(&plan, "c1").unwrap();
        journal.note("/a", fate(FateKind::Failed)).unwrap();
        journal.note("/b\n", fate(FateKind::Done)).unwrap();
        journal.note("/a", fate(FateKind::Already)).unwrap();
        drop(journal);
        let text = fs::read(&file).unwrap();
        for end in 0..=text.len() {
            fs::write(&file, &text[..end]).unwrap();
            let lines = text[..end].iter().filter(|byte| **byte == b'\n').count();
            let mut journal = CampaignJournal::open(&plan, "c1").unwrap();
            let a = match lines {
                0 | 1 => None,
                2 | 3 => Some(fate(FateKind::Failed)),
                _ => Some(fate(FateKind::Already)),
            };
            assert_eq!(journal.fate("/a").cloned(), a, "{end}");
            assert_eq!(journal.is_settled("/a"), lines == 4);
            assert_eq!(journal.is_settled("/b\n"), lines > 2);
            journal.note("/c", fate(FateKind::Cannot)).unwrap();
            drop(journal);
            let journal = CampaignJournal::open(&plan, "c1").unwrap();
            assert!(journal.is_settled("/c") && journal.is_settled("/b\n") == (lines > 2), "{end}");
        }
    }

    #[test]
    fn a_journal_is_of_one_plan_and_held_by_one_program() {
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join("plan.jsonl");
        let held = CampaignJournal::open(&plan, "c1").unwrap();
        let failure = CampaignJournal::open(&plan, "c1").map(drop).unwrap_err();
        assert!(failure.code() == 1 && failure.to_string().contains("being run"), "{failure}");
        drop(held);
        assert_eq!(CampaignJournal::open(&plan, "c2").map(drop).unwrap_err().code(), 65);
        let file = folder.path().join("plan.jsonl.journal");
        let head = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{head}{{}}\n{head}")).unwrap();
        let failure = CampaignJournal::open(&plan, "c1").map(drop).unwrap_err();
        assert!(failure.to_string().contains("line 2"), "{failure}");
    }
}
