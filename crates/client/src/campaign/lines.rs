//! Files of one line of JSON for each target, behind a line that says what the file is: plans.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    goal::CampaignGoal,
    target::{CampaignTarget, EnvelopeDigest, TargetKind},
};
use crate::{ending::ClientFailure, new_file::NewFile};

/// The version of what is written.
pub(crate) const PLAN_VERSION: u32 = 1;

/// The first line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanHead {
    /// The version.
    pub(crate) campaign: u32,
    /// By which the journal knows its plan.
    pub(crate) id: String,
    pub(crate) goal: CampaignGoal,
    /// When the plan was made.
    pub(crate) made: String,
}

/// A target in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanLine {
    pub(crate) kind: TargetKind,
    #[serde(rename = "where")]
    pub(crate) place: String,
    /// Under which key it was when the plan was made.
    pub(crate) key: String,
    /// And under which material, if that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) material: Option<String>,
    /// What will be done, for people.
    pub(crate) will: String,
}

/// The first line of a plan to shred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShredHead {
    /// The version.
    pub(crate) shred: u32,
    /// The ARN of the key that is to be deleted.
    pub(crate) key: String,
    /// When the plan was made.
    pub(crate) made: String,
}

/// A target in a plan to shred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShredLine {
    pub(crate) kind: TargetKind,
    #[serde(rename = "where")]
    pub(crate) place: String,
    /// Which envelope it had, if that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) envelope: Option<EnvelopeDigest>,
    /// The keys by which it opens besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<String>,
}

/// What names a target.
pub(crate) trait TargetLine {
    /// The target; none if the line is of no form.
    fn target(&self) -> Option<CampaignTarget>;
}

impl TargetLine for PlanLine {
    fn target(&self) -> Option<CampaignTarget> {
        CampaignTarget::parse(self.kind, &self.place)
    }
}

impl TargetLine for ShredLine {
    fn target(&self) -> Option<CampaignTarget> {
        CampaignTarget::parse(self.kind, &self.place)
    }
}

/// A file of lines that is being written. It gets its name when it is whole.
pub(crate) struct LineWriter {
    file: NewFile,
    name: PathBuf,
}

impl LineWriter {
    /// Begins a file, for its owner alone, with what it is.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says; that there is such a file already.
    pub(crate) fn begin(name: &Path, unique: &str, head: &impl Serialize) -> Result<Self, ClientFailure> {
        let file = NewFile::create(name, 0o600, unique).map_err(|error| unusable(name, error))?;
        let mut writer = Self { file, name: name.to_owned() };
        writer.add(head)?;
        Ok(writer)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn add(&mut self, line: &impl Serialize) -> Result<(), ClientFailure> {
        self.file.write_all(&json_line(line)?).map_err(|error| unusable(&self.name, error))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn finish(self) -> Result<(), ClientFailure> {
        self.file.finish().map_err(|error| unusable(&self.name, error))
    }
}

/// Reads a file of lines. All of it is read before anything is done.
///
/// # Errors
/// [`ClientFailure::Use`] for a file that cannot be read, [`ClientFailure::Record`] for the first line that is not of the form.
pub(crate) fn read_plan<H: DeserializeOwned, L: DeserializeOwned + TargetLine>(
    file: &Path,
) -> Result<(H, Vec<(CampaignTarget, L)>), ClientFailure> {
    let text = fs::read_to_string(file).map_err(|error| unusable(file, error))?;
    parse(&text).map_err(|why| ClientFailure::Record(format!("`{}`: {why}", file.display())))
}

fn parse<H: DeserializeOwned, L: DeserializeOwned + TargetLine>(
    text: &str,
) -> Result<(H, Vec<(CampaignTarget, L)>), String> {
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let wrong = |number: i32, why: &dyn std::fmt::Display| format!("line {number}: {why}");
    let (head, number) = lines.next().ok_or("it is empty")?;
    let head = serde_json::from_str(head).map_err(|error| wrong(number, &error))?;
    let targets = lines.map(|(line, number)| {
        let line: L = serde_json::from_str(line).map_err(|error| wrong(number, &error))?;
        let target = line.target().ok_or_else(|| wrong(number, &"no such target can be"))?;
        Ok((target, line))
    });
    Ok((head, targets.collect::<Result<_, String>>()?))
}

/// A value on a line of its own.
///
/// # Errors
/// [`ClientFailure::Use`] for what is no JSON.
pub(crate) fn json_line(line: &impl Serialize) -> Result<Vec<u8>, ClientFailure> {
    let mut text = serde_json::to_vec(line).map_err(|error| ClientFailure::Use(error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

/// What the system says of a file.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
pub(crate) fn unusable(file: &Path, error: std::io::Error) -> ClientFailure {
    ClientFailure::Use(format!("`{}`: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        r#"{"campaign":1,"id":"c1","goal":{"from":"a","to":"b"},"made":"2026-11-30T00:00:00Z"}"#;

    fn read(text: &str) -> Result<Vec<(CampaignTarget, PlanLine)>, String> {
        parse::<PlanHead, PlanLine>(text).map(|(_, lines)| lines)
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.jsonl");
        let head: PlanHead = serde_json::from_str(HEAD).unwrap();
        let line = |kind, place: &str| PlanLine {
            kind,
            place: place.to_owned(),
            key: "a".to_owned(),
            material: None,
            will: "re-wrap".to_owned(),
        };
        let lines = [line(TargetKind::Record, "/r\n\"ü"), line(TargetKind::Object, "s3://b/n")];
        let mut writer = LineWriter::begin(&file, "1", &head).unwrap();
        lines.iter().for_each(|line| writer.add(line).unwrap());
        writer.finish().unwrap();
        let (read_head, read): (PlanHead, Vec<(CampaignTarget, PlanLine)>) = read_plan(&file).unwrap();
        assert_eq!(read_head, head);
        assert_eq!(read.into_iter().map(|(_, line)| line).collect::<Vec<_>>(), lines);
    }

    #[test]
    fn an_edited_plan_may_lack_lines_and_may_not_be_of_another_form() {
        let line = r#"{"kind":"record","where":"/r","key":"a","will":"re-wrap"}"#;
        assert_eq!(read(&format!("{HEAD}\n\n{line}\n")).unwrap().len(), 1);
        assert_eq!(read(HEAD).unwrap().len(), 0);
        for (text, told) in [
            (String::new(), "empty"),
            (line.to_owned(), "line 1"),
            (format!("{HEAD}\n{line}\n{line}x\n"), "line 3"),
            (format!("{HEAD}\n{}", line.replace("record", "tape")), "line 2"),
            (format!("{HEAD}\n{}", line.replace("/r", "r")), "line 2: no such target"),
            (format!("{HEAD}\n{}", line.replace("will", "shall")), "line 2"),
            (format!("{HEAD}\n{}", line.replace("/r", "s3://b/n")), "line 2"),
        ] {
            let why = read(&text).unwrap_err();
            assert!(why.contains(told), "{text}: {why}");
        }
    }
}
