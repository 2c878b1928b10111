//! Where bytes of any number come from and go to: files and pipes.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::Path,
};

use serde::Serialize;

use crate::{
    ending::ClientFailure,
    new_file::{FileMark, NewFile, Replacement},
};

/// Bytes that come in.
pub(crate) struct InputBytes {
    /// For messages.
    pub(crate) name: String,
    from: Box<dyn Read>,
}

impl InputBytes {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says; that somebody would have to type.
    pub(crate) fn open(file: &Path) -> Result<Self, ClientFailure> {
        if !is_standard(file) {
            let name = format!("`{}`", file.display());
            let from = File::open(file).map_err(|error| ClientFailure::Use(format!("{name}: {error}")))?;
            return Ok(Self { name, from: Box::new(from) });
        }
        if io::stdin().is_terminal() {
            return Err(ClientFailure::Use("nothing comes in: pipe it in, or name a file".to_owned()));
        }
        Ok(Self { name: "standard input".to_owned(), from: Box::new(io::stdin().lock()) })
    }

    /// Reads until a buffer has so many bytes, and says whether there were as many.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn read_until(&mut self, buffer: &mut Vec<u8>, bytes: usize) -> Result<bool, ClientFailure> {
        let missing = bytes.saturating_sub(buffer.len());
        let read = self.from.by_ref().take(missing as u64).read_to_end(buffer);
        let read = read.map_err(|error| ClientFailure::Use(format!("{}: {error}", self.name)))?;
        Ok(read == missing)
    }
}

/// Bytes that go out.
pub(crate) struct OutputBytes {
    name: String,
    to: OutputPlace,
}

enum OutputPlace {
    Standard,
    File(NewFile),
    Replacement(Replacement),
}

impl OutputBytes {
    /// Begins a file with a mode, or writes to standard output for `-`. `unique` is for [`NewFile::create`].
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says; that there is such a file already.
    pub(crate) fn create(file: &Path, mode: u32, unique: &str) -> Result<Self, ClientFailure> {
        if is_standard(file) {
            return Ok(Self { name: "standard output".to_owned(), to: OutputPlace::Standard });
        }
        let name = format!("`{}`", file.display());
        match NewFile::create(file, mode, unique) {
            Ok(file) => Ok(Self { name, to: OutputPlace::File(file) }),
            Err(error) => Err(ClientFailure::Use(format!("{name}: {error}"))),
        }
    }

    /// Begins a file for the place of the one that was seen there. `unique` is for [`Replacement::begin`].
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn replace(file: &Path, seen: FileMark, unique: &str) -> Result<Self, ClientFailure> {
        let name = format!("`{}` is as it was", file.display());
        match Replacement::begin(file, seen, unique) {
            Ok(file) => Ok(Self { name, to: OutputPlace::Replacement(file) }),
            Err(error) => Err(ClientFailure::Use(format!("{name}: {error}"))),
        }
    }

    /// Whether it is a screen, which shows nothing that is sealed.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.to, OutputPlace::Standard) && io::stdout().is_terminal()
    }

    /// Puts pieces behind what is there.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn write(&mut self, pieces: &[&[u8]]) -> Result<(), ClientFailure> {
        let written = pieces.iter().try_for_each(|piece| match &mut self.to {
            OutputPlace::Standard => io::stdout().write_all(piece),
            OutputPlace::File(file) => file.write_all(piece),
            OutputPlace::Replacement(file) => file.write_all(piece),
        });
        written.map_err(|error| ClientFailure::Use(format!("{}: {error}", self.name)))
    }

    /// Ends it: a file has its name, or the place of the other one, from now on.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says.
    pub(crate) fn finish(self) -> Result<(), ClientFailure> {
        let finished = match self.to {
            OutputPlace::Standard => io::stdout().flush(),
            OutputPlace::File(file) => file.finish(),
            OutputPlace::Replacement(file) => file.take_place(),
        };
        finished.map_err(|error| ClientFailure::Use(format!("{}: {error}", self.name)))
    }
}

/// Writes to standard output.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system says.
pub(crate) fn print(bytes: &[u8]) -> Result<(), ClientFailure> {
    let mut out = io::stdout().lock();
    let printed = out.write_all(bytes).and_then(|()| out.flush());
    printed.map_err(|error| ClientFailure::Use(format!("standard output: {error}")))
}

/// Writes JSON to standard output, for people and programs.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system says.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), ClientFailure> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| ClientFailure::Use(error.to_string()))?;
    text.push(b'\n');
    print(&text)
}

fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}
