//! Volumes where they are, and their tokens.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    ending::ClientFailure,
    record::{WrapRecord, write_new},
    volume::{id::VolumeId, luks, token::VolumeToken},
};

/// A volume, and what it says of how it is opened.
#[derive(Debug)]
pub(crate) struct Volume {
    pub(super) place: VolumePath,
    pub(super) id: VolumeId,
    /// At least one.
    pub(super) tokens: Vec<VolumeToken>,
}

/// Where a volume is. A directory's tokens are in a folder beside it, since they are needed while it is closed:
/// `/srv/data` has `/srv/data.keywright/0.json`. They are records, which `wrap` could have made.
#[derive(Debug, Clone)]
pub(super) enum VolumePath {
    /// A device, or a file with its image.
    Luks(PathBuf),
    /// A directory.
    Directory(PathBuf),
}

/// Where copies of headers of devices are kept while they are written.
const HEADERS: &str = "/var/lib/keywright-client";

impl Volume {
    /// Reads the tokens of a volume.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] for what cannot be read, [`ClientFailure::Record`] for what is no volume.
    pub(crate) fn at(path: &Path) -> Result<Self, ClientFailure> {
        let place = VolumePath::at(path)?;
        let tokens = place.tokens()?;
        let of_this = |why: String| ClientFailure::Record(format!("`{}`: {why}", path.display()));
        let ids = tokens.iter().map(|token| VolumeId::in_context(&token.record.context));
        let ids = ids.collect::<Result<Vec<_>, _>>().map_err(of_this)?;
        match ids.split_first() {
            None => Err(of_this("it has no token of Keywright".to_owned())),
            Some((id, others)) if others.iter().any(|other| other != id) => {
                Err(of_this("it has tokens of several volumes".to_owned()))
            }
            Some((id, _)) => Ok(Self { place, id: id.clone(), tokens }),
        }
    }

    /// The records of its tokens.
    pub(crate) fn records(&self) -> impl Iterator<Item = &WrapRecord> {
        self.tokens.iter().map(|token| &token.record)
    }

    /// The numbers of the key slots that none of its tokens opens: those of passphrases.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn slots_of_passphrases(&self) -> Result<Vec<String>, ClientFailure> {
        let VolumePath::Luks(device) = &self.place else { return Ok(Vec::new()) };
        let mut slots = luks::header(device)?.keyslots;
        slots.retain(|slot| !self.tokens.iter().any(|token| token.keyslots.contains(slot)));
        Ok(slots)
    }

    /// The ARNs of the KMS keys under which it is, each once.
    pub(super) fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for token in &self.tokens {
            if !keys.contains(&token.record.key.as_str()) {
                keys.push(&token.record.key);
            }
        }
        keys
    }
}

impl VolumePath {
    /// What is at a path, whether it has tokens or not.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(super) fn at(path: &Path) -> Result<Self, ClientFailure> {
        let found = fs::canonicalize(path).and_then(|path| Ok((fs::metadata(&path)?.is_dir(), path)));
        match found {
            Ok((true, path)) => Ok(Self::Directory(path)),
            Ok((false, path)) => Ok(Self::Luks(path)),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// The name of its kind, as on the command line.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Luks(_) => "luks",
            Self::Directory(_) => "directory",
        }
    }

    fn tokens(&self) -> Result<Vec<VolumeToken>, ClientFailure> {
        match self {
            Self::Luks(device) => Ok(luks::header(device)?.tokens),
            Self::Directory(directory) => {
                let folder = folder_of_tokens(directory)?;
                let numbers = (0..luks::SLOTS).filter(|number| file_of_token(&folder, *number).exists());
                let token = |number| {
                    let record = WrapRecord::read(&file_of_token(&folder, number), &[])?;
                    Ok(VolumeToken { number, keyslots: Vec::new(), record })
                };
                numbers.map(token).collect()
            }
        }
    }

    /// A number that no token has.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] if there is room for no more.
    pub(super) fn free_number(&self) -> Result<u32, ClientFailure> {
        let taken = match self {
            Self::Luks(device) => luks::header(device)?.taken,
            Self::Directory(_) => self.tokens()?.into_iter().map(|token| token.number).collect(),
        };
        let free = (0..luks::SLOTS).find(|number| !taken.contains(number));
        free.ok_or_else(|| ClientFailure::Use(format!("it has {} tokens, and takes no more", luks::SLOTS)))
    }

    /// Adds a token.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(super) fn add(&self, token: &VolumeToken) -> Result<(), ClientFailure> {
        match self {
            Self::Luks(device) => luks::put_token(device, token, false),
            Self::Directory(directory) => {
                let folder = folder_of_tokens(directory)?;
                match fs::create_dir(&folder) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(unreadable(&folder, &error));
                    }
                    _ => {}
                }
                write_new(&file_of_token(&folder, token.number), &token.record.to_text()?, 0o644)
            }
        }
    }

    /// Puts a token into the place of the one with its number, in one step. `unique` is for a name for the time being.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(super) fn replace(&self, token: &VolumeToken, unique: &str) -> Result<(), ClientFailure> {
        match self {
            Self::Luks(device) => luks::put_token(device, token, true),
            Self::Directory(directory) => {
                token.record.replace(&file_of_token(&folder_of_tokens(directory)?, token.number), unique)
            }
        }
    }

    /// Keeps a copy of the header until the returned value is told to give it up. A copy that an interrupted command left is
    /// replaced. A directory needs none.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(super) fn keep_header(&self, id: &VolumeId) -> Result<HeaderCopy, ClientFailure> {
        let Self::Luks(device) = self else { return Ok(HeaderCopy(None)) };
        let copy = file_of_header(device, id)?;
        match fs::remove_file(&copy) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unreadable(&copy, &error)),
            _ => {}
        }
        luks::back_up_header(device, &copy)?;
        Ok(HeaderCopy(Some(copy)))
    }
}

/// A copy of a header, which stays if the header may have been damaged.
#[must_use]
pub(super) struct HeaderCopy(Option<PathBuf>);

impl HeaderCopy {
    /// Removes it: the header is as it should be, and the copy has the data key as it was wrapped before.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(super) fn give_up(self) -> Result<(), ClientFailure> {
        let Some(copy) = self.0 else { return Ok(()) };
        fs::remove_file(&copy).map_err(|error| unreadable(&copy, &error))
    }
}

/// Beside an image; a device has nothing beside it.
fn file_of_header(device: &Path, id: &VolumeId) -> Result<PathBuf, ClientFailure> {
    if device.is_file() {
        return beside(device, ".keywright-header");
    }
    let folder = Path::new(HEADERS);
    fs::create_dir_all(folder).map_err(|error| unreadable(folder, &error))?;
    Ok(folder.join(format!("{id}.keywright-header")))
}

/// Where the tokens of a directory are.
///
/// # Errors
/// [`ClientFailure::Use`] if nothing can be beside the directory.
pub(super) fn folder_of_tokens(directory: &Path) -> Result<PathBuf, ClientFailure> {
    beside(directory, ".keywright")
}

/// Where the token with a number is, in the folder of the tokens.
pub(super) fn file_of_token(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number}.json"))
}

fn beside(path: &Path, ending: &str) -> Result<PathBuf, ClientFailure> {
    let name = path.file_name().map(|name| {
        let mut name = name.to_owned();
        name.push(ending);
        name
    });
    let name =
        name.ok_or_else(|| ClientFailure::Use(format!("nothing can be beside `{}`", path.display())))?;
    Ok(path.with_file_name(name))
}

fn unreadable(path: &Path, error: &io::Error) -> ClientFailure {
    ClientFailure::Use(format!("`{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> WrapRecord {
        let context = [("aws:ebs:id".to_owned(), id.to_owned())].into();
        WrapRecord::new("arn:k".to_owned(), context, b"blob".to_vec(), None)
    }

    fn token(number: u32, id: &str) -> VolumeToken {
        VolumeToken { number, keyslots: Vec::new(), record: record(id) }
    }

    #[test]
    fn the_tokens_of_a_directory_are_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("data");
        fs::create_dir(&directory).unwrap();
        assert_eq!(Volume::at(&directory).unwrap_err().code(), 65, "it is no volume yet");
        let place = VolumePath::at(&directory).unwrap();
        for number in [0, 2] {
            place.add(&token(number, "vol-1")).unwrap();
        }
        assert_eq!(place.add(&token(2, "vol-1")).unwrap_err().code(), 1, "nothing is written over");
        let volume = Volume::at(&directory).unwrap();
        assert_eq!(volume.tokens, [token(0, "vol-1"), token(2, "vol-1")]);
        assert_eq!((volume.id.to_string().as_str(), volume.keys()), ("vol-1", vec!["arn:k"]));
        assert!(folder.path().join("data.keywright/0.json").is_file());
        place.replace(&token(2, "vol-2"), "1-2").unwrap();
        let failure = Volume::at(&directory).unwrap_err();
        assert!(failure.to_string().contains("several"), "{failure}");
    }

    #[test]
    fn nothing_is_beside_the_root() {
        assert!(folder_of_tokens(Path::new("/")).is_err());
        assert_eq!(Volume::at(Path::new("/nowhere/at/all")).unwrap_err().code(), 1);
    }
}
