//! The keys of a configuration file, each asked for once.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use server::nearest;
use toml::Value;

use super::{ConfigError, Expected, Wrong};

/// The keys of a file that nobody has asked for yet.
pub(super) struct Keys<'f> {
    file: &'f Path,
    values: BTreeMap<String, Value>,
}

impl<'f> Keys<'f> {
    /// The values of a file by their keys with their tables.
    pub(super) fn new(file: &'f Path, values: BTreeMap<String, Value>) -> Self {
        Self { file, values }
    }

    /// A key that nobody has asked for.
    pub(super) fn left(&self) -> Option<&str> {
        self.values.keys().next().map(String::as_str)
    }

    /// The value of a key, as it is.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key)
    }

    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Expected>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.values.remove(key) else { return Ok(None) };
        // What the value should have been is what an impossible text is told.
        let text = value.as_str().unwrap_or("\0");
        parse(text).map(Some).map_err(|expected| self.wrong(key, Wrong::Value(expected)))
    }

    pub(super) fn path(&mut self, key: &'static str) -> Result<Option<PathBuf>, ConfigError> {
        let folder = self.beside("");
        self.text(key, |text| {
            let given = !text.is_empty() && !text.contains('\0');
            if given { Ok(folder.join(text)) } else { Err(Expected("a path in quotes")) }
        })
    }

    /// A path that stands in the file, from the file's directory.
    pub(super) fn beside(&self, path: impl AsRef<Path>) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }

    /// All values in a table, by what follows its name.
    pub(super) fn under(&mut self, table: &str) -> Vec<(String, Value)> {
        let inside = |key: &String| key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'));
        let keys: Vec<String> = self.values.keys().filter(|key| inside(key)).cloned().collect();
        let taken = keys.into_iter().filter_map(|key| self.values.remove_entry(&key));
        taken.map(|(key, value)| (key.split_at(table.len() + 1).1.to_owned(), value)).collect()
    }

    /// The tables of a list such as `[[trails]]`, each as keys of its own with the list's name: `trails.bucket`. They
    /// are among `known`.
    pub(super) fn list(
        &mut self,
        list: &'static str,
        tables: Expected,
        known: &'static [&'static str],
    ) -> Result<Option<Vec<Keys<'f>>>, ConfigError> {
        let no_tables = |keys: &Self| keys.wrong(list, Wrong::Value(tables));
        let entries = match self.take(list) {
            Some(Value::Array(entries)) => entries,
            None if self.under(list).is_empty() => return Ok(None),
            _ => return Err(no_tables(self)),
        };
        let mut each = Vec::new();
        for entry in entries {
            let Value::Table(table) = entry else { return Err(no_tables(self)) };
            let values = table.into_iter().map(|(key, value)| (format!("{list}.{key}"), value)).collect();
            let keys = Keys::new(self.file, values);
            if let Some(key) = keys.values.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(self.wrong(key, Wrong::Unknown { nearest: nearest(key, known.iter().copied()) }));
            }
            each.push(keys);
        }
        Ok(Some(each))
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, ConfigError> {
        let Some(value) = self.values.remove(key) else { return Ok(None) };
        let wrong = || self.wrong(key, Wrong::Value(Expected("`true` or `false`")));
        value.as_bool().ok_or_else(wrong).map(Some)
    }

    pub(super) fn number<T: TryFrom<u64>>(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.values.remove(key) else { return Ok(None) };
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        let number =
            number.filter(|number| bounds.contains(number)).and_then(|number| T::try_from(number).ok());
        let wrong = || self.wrong(key, Wrong::Number(*bounds.start(), *bounds.end()));
        number.ok_or_else(wrong).map(Some)
    }

    pub(super) fn seconds(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<Duration>, ConfigError> {
        Ok(self.number(key, bounds)?.map(Duration::from_secs))
    }

    pub(super) fn wrong(&self, key: &str, wrong: Wrong) -> ConfigError {
        ConfigError::Key { file: self.file.to_owned(), key: key.to_owned(), wrong }
    }
}
