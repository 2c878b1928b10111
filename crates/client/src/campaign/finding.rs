//! Finds targets in files, folders and buckets. Envelopes are read, and nothing is opened.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::{
    access::TargetAccess,
    options::SearchedPlaces,
    target::{CampaignTarget, TargetEnvelope},
};
use crate::{
    ending::{ClientFailure, say},
    new_file::UNFINISHED,
};

/// What was looked at besides targets.
#[derive(Debug, Default)]
pub(crate) struct PassedOver {
    /// Files and objects that are no targets.
    pub(crate) others: u64,
    /// What could not be read.
    pub(crate) unreadable: u64,
}

/// What is done with each target that is found.
type HandOn<'a> = &'a mut dyn FnMut(CampaignTarget, TargetEnvelope) -> Result<(), ClientFailure>;

/// Hands on each target in these places. What cannot be read is told, and counted.
///
/// # Errors
/// What `hand_on` says; [`ClientFailure::Use`] for a place that is not there; [`ClientFailure::Objects`] for a bucket that cannot
/// be listed.
pub(crate) fn find(
    access: &TargetAccess<'_>,
    places: &SearchedPlaces,
    hand_on: HandOn<'_>,
) -> Result<PassedOver, ClientFailure> {
    let mut passed = PassedOver::default();
    let real = |path: &PathBuf| {
        fs::canonicalize(path).map_err(|error| ClientFailure::Use(format!("`{}`: {error}", path.display())))
    };
    let roots = places.paths.iter().map(real).collect::<Result<Vec<_>, _>>()?;
    for root in roots {
        in_path(access, &root, hand_on, &mut passed)?;
    }
    for bucket in &places.buckets {
        access.reached()?.each(bucket, &mut |place| {
            let target = CampaignTarget::Object(place);
            hand_over(access, target, hand_on, &mut passed)
        })?;
    }
    Ok(passed)
}

/// A file, or a folder with all that is below it. Links are not followed, and devices are looked at if they are named.
fn in_path(
    access: &TargetAccess<'_>,
    root: &Path,
    hand_on: HandOn<'_>,
    passed: &mut PassedOver,
) -> Result<(), ClientFailure> {
    let mut ahead = vec![root.to_owned()];
    while let Some(path) = ahead.pop() {
        let kind = match fs::symlink_metadata(&path) {
            Ok(data) => data.file_type(),
            Err(error) => {
                passed.tell(&path.display(), &error);
                continue;
            }
        };
        if kind.is_dir() {
            match entries(&path) {
                Ok(entries) => ahead.extend(entries),
                Err(error) => passed.tell(&path.display(), &error),
            }
        } else if kind.is_file() || (kind.is_block_device() && path == root) {
            match sniffed(&path) {
                Ok(Some(target)) => hand_over(access, target, hand_on, passed)?,
                Ok(None) => passed.others += 1,
                Err(error) => passed.tell(&path.display(), &error),
            }
        }
    }
    Ok(())
}

fn hand_over(
    access: &TargetAccess<'_>,
    target: CampaignTarget,
    hand_on: HandOn<'_>,
    passed: &mut PassedOver,
) -> Result<(), ClientFailure> {
    match access.inspect(&target) {
        Ok(Some(envelope)) => hand_on(target, envelope),
        // What begins like a record or a sealed file, and is none.
        Ok(None) | Err(ClientFailure::Record(_)) => {
            passed.others += 1;
            Ok(())
        }
        Err(failure) if failure.is_of_all() => Err(failure),
        Err(failure) => {
            passed.tell(&target, &failure);
            Ok(())
        }
    }
}

/// What is in a folder, in an order that stays the same; the last one first.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    entries.retain(|path| !is_unfinished(path));
    entries.sort_unstable_by(|a, b| b.cmp(a));
    Ok(entries)
}

/// Whether a file is what a killed program has left.
fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && name.ends_with(UNFINISHED)
}

/// How LUKS begins.
const LUKS: [u8; 6] = *b"LUKS\xba\xbe";

/// What a file may be, by its first bytes.
fn sniffed(path: &Path) -> io::Result<Option<CampaignTarget>> {
    // Something else may have the name by now: a link, or a pipe on which a reader waits for ever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let mut first = Vec::new();
    file.take(LUKS.len() as u64).read_to_end(&mut first)?;
    let kind = match first.as_slice() {
        first if first == LUKS => CampaignTarget::Volume,
        [b'{' | b' ' | b'\n' | b'\t' | b'\r', ..] => CampaignTarget::Record,
        [2, ..] => CampaignTarget::SealedFile,
        _ => return Ok(None),
    };
    if path.to_str().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidFilename, "its name is no text"));
    }
    Ok(Some(kind(path.to_owned())))
}

impl PassedOver {
    fn tell(&mut self, place: &dyn fmt::Display, why: &dyn fmt::Display) {
        self.unreadable += 1;
        say(&format_args!("`{place}`: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_beginning_and_links_and_leftovers_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (name, content) in [
            ("r.json", b"{}".as_slice()),
            ("sealed", b"\x02\x04"),
            ("text", b"x"),
            ("empty", b""),
            ("disk", b"LUKS\xba\xbe\0\x02"),
        ] {
            fs::write(path(name), content).unwrap();
        }
        fs::write(path(".r.json.c1.unfinished"), "{}").unwrap();
        std::os::unix::fs::symlink(path("r.json"), path("link")).unwrap();
        assert_eq!(sniffed(&path("r.json")).unwrap(), Some(CampaignTarget::Record(path("r.json"))));
        assert_eq!(sniffed(&path("sealed")).unwrap(), Some(CampaignTarget::SealedFile(path("sealed"))));
        assert_eq!((sniffed(&path("text")).unwrap(), sniffed(&path("empty")).unwrap()), (None, None));
        assert_eq!(sniffed(&path("disk")).unwrap(), Some(CampaignTarget::Volume(path("disk"))));
        assert!(sniffed(&path("link")).is_err());
        let names: Vec<PathBuf> = entries(folder.path()).unwrap();
        assert_eq!(names, ["text", "sealed", "r.json", "link", "empty", "disk"].map(path));
    }
}
