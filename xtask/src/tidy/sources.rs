//! The files that rules look at.

use std::{collections::BTreeSet, fs, path::Path};

use crate::Result;

/// What is not the project's own text: build output, dependencies, what fuzzing finds, data of a server run here.
const SKIPPED: &[&str] = &["target", "node_modules", "corpus", "artifacts", "keywright-data", "__pycache__"];
/// The endings of files that are read.
const READ: &[&str] = &["rs", "py", "md", "toml", "sh", "html", "ts", "js", "css"];

/// The text files of the repository.
pub(super) struct Sources {
    files: Vec<Source>,
    /// All paths, directories and files of any kind included: what links may point to.
    paths: BTreeSet<String>,
}

/// A text file.
pub(super) struct Source {
    /// From the repository's root, with slashes.
    pub(super) path: String,
    pub(super) text: String,
}

impl Sources {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut sources = Self { files: Vec::new(), paths: BTreeSet::new() };
        sources.walk(root, "")?;
        Ok(sources)
    }

    fn walk(&mut self, directory: &Path, prefix: &str) -> Result<()> {
        let mut entries = fs::read_dir(directory)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if SKIPPED.contains(&name.as_str()) || name == ".git" || name == ".venv" {
                continue;
            }
            self.paths.insert(path.clone());
            if entry.file_type()?.is_dir() {
                self.walk(&entry.path(), &format!("{path}/"))?;
            } else if name.rsplit_once('.').is_some_and(|(_, ending)| READ.contains(&ending)) {
                self.files.push(Source { path, text: fs::read_to_string(entry.path())? });
            }
        }
        Ok(())
    }

    /// All files whose names have this ending.
    pub(super) fn ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a Source> {
        self.files.iter().filter(move |file| file.path.ends_with(ending))
    }

    /// All files.
    pub(super) fn all(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// The Rust files of `crates/`, tests apart.
    pub(super) fn shipped(&self) -> impl Iterator<Item = &Source> {
        self.ending(".rs").filter(|file| file.path.starts_with("crates/") && !file.is_test())
    }

    /// Whether there is such a file or directory.
    pub(super) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        let paths = files.iter().map(|file| file.path.clone()).collect();
        Self { files, paths }
    }
}

impl Source {
    /// All lines, with their numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The lines of code that is shipped: without comments, and without the tests, which stand last.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let all: Vec<(usize, &str)> = self.lines().collect();
        let tests = all.windows(2).position(|pair| {
            matches!(pair, [(_, first), (_, second)] if *first == "#[cfg(test)]" && second.starts_with("mod tests"))
        });
        let shipped = tests.unwrap_or(all.len());
        all.into_iter().take(shipped).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether the whole file is a test, or a tool of tests.
    pub(super) fn is_test(&self) -> bool {
        ["crates/sim/", "/tests/", "/tests.rs", "/testing/", "/testing.rs", "/examples/"]
            .iter()
            .any(|name| self.path.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_what_is_shipped() {
        let text = "//! use a;\nuse b;\n// c\n#[cfg(test)]\nmod tests {\n    use d;\n}\n";
        let sources = Sources::of(&[("crates/x/src/a.rs", text), ("crates/x/tests/b.rs", "use e;")]);
        let lines: Vec<_> = sources.shipped().flat_map(Source::code).collect();
        assert_eq!(lines, [(2, "use b;")]);
    }
}
