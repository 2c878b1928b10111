//! Records: a secret as it is kept, with all that is needed to open it but the right to.
//!
//! ```json
//! {"version": 1, "key": "arn:aws:kms:…", "context": {"app": "shop"}, "wrapped": "<base64>", "material": "<id>"}
//! ```

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use forward::Context;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value};

use crate::{
    context::demand,
    ending::ClientFailure,
    new_file::{FileMark, NewFile},
    streams::OutputBytes,
};

/// The version of what is written.
const VERSION: u32 = 1;

/// The largest record that is read. A blob of 4096 bytes with a context of 8 KiB is far smaller.
const BYTES_MAX: u64 = 64 * 1024;

/// A secret as it is kept.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrapRecord {
    version: u32,
    /// The ARN of the KMS key.
    pub(crate) key: String,
    /// The encryption context.
    #[serde(default)]
    pub(crate) context: Context,
    /// What KMS made.
    pub(crate) wrapped: Wrapped,
    /// Which material of the key, if KMS told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) material: Option<String>,
}

/// What KMS made, in base64.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrapped(pub(crate) Vec<u8>);

impl WrapRecord {
    /// A record of what KMS made.
    pub(crate) fn new(key: String, context: Context, blob: Vec<u8>, material: Option<String>) -> Self {
        Self { version: VERSION, key, context, wrapped: Wrapped(blob), material }
    }

    /// Reads a record, whose context must have all that is expected.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] for a file that cannot be read, [`ClientFailure::Record`] for what is no record or not the expected one.
    pub(crate) fn read(file: &Path, expected: &[(String, String)]) -> Result<Self, ClientFailure> {
        Ok(Self::read_with_text(file, expected)?.0)
    }

    /// The same, with the bytes that it was read from.
    ///
    /// # Errors
    /// As [`WrapRecord::read`].
    pub(crate) fn read_with_text(
        file: &Path,
        expected: &[(String, String)],
    ) -> Result<(Self, Vec<u8>), ClientFailure> {
        let unreadable = |error| ClientFailure::Use(format!("`{}`: {error}", file.display()));
        let no_record = |why: String| ClientFailure::Record(format!("`{}`: {why}", file.display()));
        let mut text = Vec::new();
        let opened = File::open(file).map_err(unreadable)?;
        // One byte more than there may be, so that what is too long shows.
        opened.take(BYTES_MAX + 1).read_to_end(&mut text).map_err(unreadable)?;
        if text.len() as u64 > BYTES_MAX {
            return Err(no_record("it is too long for a record".to_owned()));
        }
        let record: Self = serde_json::from_slice(&text).map_err(|error| no_record(error.to_string()))?;
        let record = record.known().map_err(no_record)?;
        demand(&record.context, expected).map_err(no_record)?;
        Ok((record, text))
    }

    /// A record that stands among something else, such as in the header of a volume.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn of_members(members: Map<String, Value>) -> Result<Self, String> {
        let record: Self =
            serde_json::from_value(Value::Object(members)).map_err(|error| error.to_string())?;
        record.known()
    }

    /// Its members, to stand among something else.
    ///
    /// # Errors
    /// [`ClientFailure::Use`].
    pub(crate) fn to_members(&self) -> Result<Map<String, Value>, ClientFailure> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(ClientFailure::Use("a record has members".to_owned())),
            Err(error) => Err(ClientFailure::Use(error.to_string())),
        }
    }

    fn known(self) -> Result<Self, String> {
        if self.version == VERSION {
            Ok(self)
        } else {
            Err(format!("version {} is not known here", self.version))
        }
    }

    /// As it is written.
    pub(crate) fn to_text(&self) -> Result<Vec<u8>, ClientFailure> {
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|error| ClientFailure::Use(error.to_string()))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Puts it into the place of another: after a crash there is the one or the other. `unique` is for [`NewFile::replace`].
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn replace(&self, file: &Path, unique: &str) -> Result<(), ClientFailure> {
        let text = self.to_text()?;
        let replaced = fs::canonicalize(file).and_then(|file| NewFile::replace(&file, &text, unique));
        replaced.map_err(|error| ClientFailure::Use(format!("`{}` is as it was: {error}", file.display())))
    }

    /// The same for a record that was read when the file had this mark.
    ///
    /// # Errors
    /// What the system says; that somebody else has changed the file.
    pub(crate) fn replace_seen(
        &self,
        file: &Path,
        seen: FileMark,
        unique: &str,
    ) -> Result<(), ClientFailure> {
        let mut out = OutputBytes::replace(file, seen, unique)?;
        out.write(&[&self.to_text()?])?;
        out.finish()
    }
}

/// Writes a file that is not there yet. After a crash it is there as a whole, or not at all.
///
/// # Errors
/// What the system says; that there is a file already.
pub(crate) fn write_new(file: &Path, bytes: &[u8], mode: u32) -> Result<(), ClientFailure> {
    let written = NewFile::create(file, mode, &std::process::id().to_string()).and_then(|mut new| {
        new.write_all(bytes)?;
        new.finish()
    });
    written.map_err(|error| ClientFailure::Use(format!("`{}`: {error}", file.display())))
}

impl Serialize for Wrapped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64_simd::STANDARD.encode_to_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Wrapped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let blob = base64_simd::STANDARD.decode_to_vec(text).map_err(|_| D::Error::custom("no base64"))?;
        if blob.is_empty() { Err(D::Error::custom("nothing is wrapped")) } else { Ok(Self(blob)) }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    use super::*;

    fn record() -> WrapRecord {
        let context = Context::from([("app".to_owned(), "shop".to_owned())]);
        WrapRecord::new("arn:k".to_owned(), context, b"blob".to_vec(), Some("m1".to_owned()))
    }

    fn expected(name: &str, value: &str) -> [(String, String); 1] {
        [(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_with_its_context_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.json");
        write_new(&file, &record().to_text().unwrap(), 0o644).unwrap();
        assert_eq!(WrapRecord::read(&file, &expected("app", "shop")).unwrap(), record());
        for (name, value) in [("app", "db"), ("other", "shop")] {
            let failure = WrapRecord::read(&file, &expected(name, value)).unwrap_err();
            assert_eq!(failure.code(), 65, "{failure}");
        }
        assert_eq!(write_new(&file, b"", 0o644).unwrap_err().code(), 1, "nothing is overwritten");
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.json");
        let long = " ".repeat(70_000);
        for text in [
            "",
            "[]",
            r#"{"version":2,"key":"k","wrapped":"YQ=="}"#,
            r#"{"version":1,"key":"k","wrapped":"YQ"}"#,
            r#"{"version":1,"key":"k","wrapped":""}"#,
            r#"{"version":1,"key":"k"}"#,
            r#"{"version":1,"key":"k","wrapped":"YQ==","contxt":{}}"#,
            &long,
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(WrapRecord::read(&file, &[]).unwrap_err().code(), 65, "{text}");
        }
        fs::write(&file, &long).unwrap();
        assert!(WrapRecord::read(&file, &[]).unwrap_err().to_string().contains("too long"));
        let endless = WrapRecord::read(Path::new("/dev/zero"), &[]).unwrap_err();
        assert!(endless.to_string().contains("too long"));
        assert_eq!(WrapRecord::read(&folder.path().join("none"), &[]).unwrap_err().code(), 1);
    }

    #[test]
    fn a_record_is_replaced_with_its_mode_and_owner_and_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("r.json"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        // Only root can give it away.
        let _ = chown(&file, Some(65_534), Some(65_534));
        let owner = |file: &Path| fs::metadata(file).map(|data| (data.uid(), data.gid())).unwrap();
        let before = owner(&file);
        std::os::unix::fs::symlink(&file, &link).unwrap();
        record().replace(&link, "1-2").unwrap();
        assert_eq!(WrapRecord::read(&file, &[]).unwrap(), record());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(owner(&file), before);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
