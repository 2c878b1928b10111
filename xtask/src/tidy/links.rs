//! Links between documents.

use super::{Finding, Source, Sources};

/// Every relative link in a document leads to a file or directory.
pub(super) fn dead(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.ending(".md") {
        for (number, link) in links(file) {
            let target = link.split('#').next().unwrap_or_default();
            if !sources.has(&resolved(&file.path, target)) {
                findings.push(Finding::new(&file.path, number, format!("`{link}` leads nowhere")));
            }
        }
    }
    findings
}

/// The relative links, with their lines. Code has none.
fn links(file: &Source) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    let prose = file.lines().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    prose.flat_map(|(number, line)| {
        let targets = line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        let relative = targets.filter(|target| !target.contains(':') && !target.starts_with('#'));
        relative.map(move |target| (number, target))
    })
}

/// A target as a path from the root.
fn resolved(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found() {
        let text = "[a](../README.md) [b](b.md#part)\n[c](https://example.net/) [d](#here)\n```\n[e](e.md)\n```\n[f](f.md)\n";
        let sources = Sources::of(&[("README.md", ""), ("docs/b.md", ""), ("docs/a.md", text)]);
        let found: Vec<String> = dead(&sources).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["docs/a.md:6: `f.md` leads nowhere"]);
    }
}
