//! A folder of delivered files: a bucket, a part of it, or a copy. docs/audit-format.md §8 says what lies where.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use trail::{Digest, DigestPublicKeys, DigestedFile};

use super::{
    chains::{Chains, FoundDigest, chain_and_time, verify_chains},
    files::{bad, read_whole},
    gzip,
    verified::VerifiedTotals,
};

/// What all names have in common, behind the trail's prefix.
const TOP: &str = "AWSLogs/";
/// Folders within folders that are looked into; nobody delivers into more.
const DEPTH_MAX: usize = 32;

/// What was found in the folder.
#[derive(Default)]
pub(super) struct DeliveredFolder {
    /// Digests, by where their files are and what their names begin with.
    pub(super) chains: Chains,
    /// Files of events by their names from the folder on.
    files: BTreeMap<String, EventsFile>,
    /// The names of digests from the folder on.
    names: BTreeMap<PathBuf, String>,
    links: usize,
}

struct EventsFile {
    path: PathBuf,
    is_listed: Cell<bool>,
}

/// From when to when digests vouch for an account and Region, as times without separators.
type Vouched = BTreeMap<String, (String, String)>;

#[derive(Deserialize)]
struct Metadata {
    signature: String,
}

impl DeliveredFolder {
    /// Looks for delivered files in a folder, which need not exist. None is read yet. Links are not followed.
    ///
    /// # Errors
    /// What the system says of reading folders.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let mut found = Self::default();
        if folder.is_dir() {
            found.look_into(folder, "", 0)?;
        }
        Ok(found)
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.chains.is_empty() && self.files.is_empty()
    }

    /// Verifies all digests and all files that they list, and looks for files that none lists.
    ///
    /// # Errors
    /// The first bad place.
    pub(super) fn verify(&self, keys: &DigestPublicKeys, verified: &mut VerifiedTotals) -> io::Result<()> {
        let mut vouched = Vouched::new();
        verify_chains(
            &self.chains,
            &|path| self.digest(path),
            keys,
            verified,
            &mut |path, digest, verified| {
                let name = self.names.get(path).map(String::as_str).unwrap_or_default();
                self.verify_listed(name, digest, verified)?;
                vouch(&mut vouched, name, digest);
                Ok(())
            },
        )?;
        self.look_for_unlisted(&vouched, verified)?;
        if self.links > 0 {
            verified.remark(format!("links that were not followed: {}", self.links));
        }
        Ok(())
    }

    /// Reads one digest, with its metadata if they are there.
    ///
    /// # Errors
    /// What the system says; that the digest is no gzip, is not in its place, or its metadata are none.
    pub(super) fn digest(&self, path: &Path) -> io::Result<FoundDigest> {
        let contents = gzip::contents(path).map_err(|error| bad(path.display(), error))?;
        let said: Digest = serde_json::from_slice(&contents)
            .map_err(|error| bad(path.display(), format!("it is no digest: {error}")))?;
        let name = self.names.get(path).map(String::as_str).unwrap_or_default();
        if split(&said.digest_s3_object)
            .is_none_or(|(_, stated)| split(name).is_none_or(|(_, is)| is != stated))
        {
            return Err(bad(path.display(), format!("its place is {:?}", said.digest_s3_object)));
        }
        Ok(FoundDigest { path: path.to_owned(), contents, signature: metadata(path)? })
    }

    /// Verifies the files that a digest lists.
    fn verify_listed(&self, name: &str, digest: &Digest, verified: &mut VerifiedTotals) -> io::Result<()> {
        let above = split(name).map(|(above, _)| above).unwrap_or_default();
        for DigestedFile { s3_object, hash_value, .. } in &digest.log_files {
            // The bucket may lie here with or without the trail's prefix.
            let named = split(s3_object).map(|(_, name)| format!("{above}{name}"));
            let Some(file) = named.and_then(|named| self.files.get(&named)) else {
                return Err(bad(s3_object, format!("it is missing: the digest {name} lists it")));
            };
            let place = file.path.display();
            let hash = gzip::hash(&file.path).map_err(|error| bad(&place, error))?;
            if !hash.eq_ignore_ascii_case(hash_value) {
                return Err(bad(&place, format!("it was changed: the digest {name} lists other contents")));
            }
            if !file.is_listed.replace(true) {
                verified.note_file(gzip::count_events(&file.path).map_err(|error| bad(&place, error))?);
            }
        }
        Ok(())
    }

    /// A file that no digest lists was put there, if digests vouch for its time.
    fn look_for_unlisted(&self, vouched: &Vouched, verified: &mut VerifiedTotals) -> io::Result<()> {
        let (mut later, mut earlier) = (0_u64, 0_u64);
        for (name, file) in self.files.iter().filter(|(_, file)| !file.is_listed.get()) {
            let (from, to) =
                place_of(name).and_then(|place| vouched.get(&place)).cloned().unwrap_or_default();
            // The name has the minute of the delivery, and a digest may end within a minute.
            let minute = minute_of(name);
            if to.get(..13).is_none_or(|to| minute >= to) {
                later += 1;
            } else if from.get(..13).is_some_and(|from| minute < from) {
                earlier += 1;
            } else {
                return Err(bad(file.path.display(), "no digest lists it, and digests tell of its time"));
            }
        }
        if later > 0 {
            verified.remark(format!("files that are in no digest yet, and were not verified: {later}"));
        }
        if earlier > 0 {
            verified
                .remark(format!("files from before the first digest, which were not verified: {earlier}"));
        }
        Ok(())
    }

    fn look_into(&mut self, folder: &Path, above: &str, depth: usize) -> io::Result<()> {
        let at = |error: io::Error| bad(folder.display(), error);
        for entry in folder.read_dir().map_err(at)? {
            let entry = entry.map_err(at)?;
            let (kind, path) = (entry.file_type().map_err(at)?, entry.path());
            // No name of ours is anything but ASCII.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let name = format!("{above}{name}");
            if kind.is_symlink() {
                self.links += 1;
            } else if kind.is_dir() && depth < DEPTH_MAX {
                self.look_into(&path, &format!("{name}/"), depth + 1)?;
            } else if kind.is_file() {
                self.note(name, path);
            }
        }
        Ok(())
    }

    fn note(&mut self, name: String, path: PathBuf) {
        let Some(mut parts) = split(&name).map(|(_, name)| name.split('/')) else { return };
        match parts.nth(2) {
            Some("CloudTrail-Digest") => {
                if let Some((chain, time)) = chain_and_time(parts.next_back().unwrap_or_default(), ".json.gz")
                {
                    let above = split(&name).map(|(above, _)| above).unwrap_or_default();
                    let chain = self.chains.entry(format!("{above}{chain}")).or_default();
                    // A second one of the same name, in another folder, is looked at too: it is not in its place.
                    chain.insert(format!("{time} {name}"), path.clone());
                    self.names.insert(path, name);
                }
            }
            Some("CloudTrail") if name.ends_with(".json.gz") => {
                self.files.insert(name, EventsFile { path, is_listed: Cell::new(false) });
            }
            _ => {}
        }
    }
}

/// The signature in the metadata beside a digest; `None` if there are no metadata, as after `aws s3 cp`.
fn metadata(path: &Path) -> io::Result<Option<String>> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".metadata");
    let beside = PathBuf::from(beside);
    // A link is not followed here either.
    if !beside.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return Ok(None);
    }
    let metadata: Metadata = serde_json::from_slice(&read_whole(&beside)?)
        .map_err(|error| bad(beside.display(), format!("there is no signature in it: {error}")))?;
    Ok(Some(metadata.signature))
}

fn vouch(vouched: &mut Vouched, name: &str, digest: &Digest) {
    let compact = |time: &str| time.replace(['-', ':'], "");
    let (from, to) = (compact(&digest.digest_start_time), compact(&digest.digest_end_time));
    let Some(place) = place_of(name) else { return };
    let (first, last) = vouched.remove(&place).unwrap_or_else(|| (from.clone(), to.clone()));
    vouched.insert(place, (first.min(from), last.max(to)));
}

/// A name in what stands before `AWSLogs/`, and the rest.
fn split(name: &str) -> Option<(&str, &str)> {
    let at = name.rfind(TOP).filter(|at| *at == 0 || name.get(at - 1..*at) == Some("/"))?;
    name.split_at_checked(at)
}

/// The account and Region of a file or digest, with what stands before `AWSLogs/`.
fn place_of(name: &str) -> Option<String> {
    let (above, name) = split(name)?;
    let mut parts = name.split('/').skip(1);
    let (account, _, region) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{above}{account}/{region}"))
}

/// The minute in the name of a file of events, without separators.
fn minute_of(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or_default();
    file.rsplit('_').nth(1).and_then(|time| time.strip_suffix('Z')).unwrap_or_default()
}
