//! The modules of a crate: what each defines, what it imports, what it names. Tests are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Sources,
    tokens::{self, Token, is_name},
};

/// Most re-exports of re-exports that are followed.
const DEPTH_MAX: usize = 16;
/// What begins a definition that has a name. Modules are files, and known by these.
const DEFINING: &[&str] = &["const", "enum", "fn", "static", "struct", "trait", "type", "union"];

/// A crate of the workspace.
pub(super) struct Crate<'a> {
    /// As paths in code begin: with underscores.
    pub(super) name: String,
    /// By their paths inside the crate: `gate::usable`. The root's is empty.
    modules: BTreeMap<String, Module<'a>>,
}

/// A file of a crate.
pub(super) struct Module<'a> {
    /// Where its file is, from the root of the repository.
    pub(super) file: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    /// What is defined outside of braces.
    defined: BTreeSet<&'a str>,
    imports: Vec<Import<'a>>,
}

/// A name that a `use` makes, or all names of a module.
struct Import<'a> {
    path: Vec<&'a str>,
    /// The name it makes; `*` for all names of a module.
    name: &'a str,
    line: usize,
    is_public: bool,
}

/// A path that code names, from the crate's root.
type Path = Vec<String>;

impl<'a> Crate<'a> {
    /// All crates that have modules.
    pub(super) fn all(sources: &'a Sources) -> Vec<Self> {
        let mut crates: BTreeMap<&str, Self> = BTreeMap::new();
        for source in sources.ending(".rs").filter(|source| !source.is_test()) {
            let Some((folder, path)) = source.path.split_once("/src/") else { continue };
            let name = folder.rsplit('/').next().unwrap_or(folder).replace('-', "_");
            let found = crates.entry(folder).or_insert_with(|| Self { name, modules: BTreeMap::new() });
            let is_program =
                path.starts_with("bin/") || path == "main.rs" && sources.has(&format!("{folder}/src/lib.rs"));
            if !is_program {
                found.modules.insert(module_of(path), Module::of(&source.path, &source.text));
            }
        }
        crates.into_values().collect()
    }

    /// All modules, with their paths.
    pub(super) fn modules(&self) -> impl Iterator<Item = (&str, &Module<'a>)> {
        self.modules.iter().map(|(path, module)| (path.as_str(), module))
    }

    /// The module in which a path of the crate is defined: re-exports are followed. `None` for a path to a module, and
    /// for what other crates define.
    pub(super) fn definer(&self, path: &[&str]) -> Option<&str> {
        self.followed(path.iter().map(|part| (*part).to_owned()).collect(), DEPTH_MAX)
    }

    /// The modules whose definitions a module uses, each with the line and the name of one use. Its own `mod` and
    /// `pub use` lines are no uses.
    pub(super) fn used_by(&self, user: &str) -> BTreeMap<&str, (usize, String)> {
        let mut used = BTreeMap::new();
        let Some(module) = self.modules.get(user) else { return used };
        let imported = module.imports.iter().filter(|import| !import.is_public || module.says(import.name));
        let imported = imported.map(|import| (import.line, import.path.clone()));
        for (line, path) in imported.chain(module.paths()) {
            let Some(absolute) = self.absolute(user, &path, DEPTH_MAX) else { continue };
            let name = absolute.join("::");
            if let Some(definer) = self.followed(absolute, DEPTH_MAX).filter(|definer| *definer != user) {
                used.entry(definer).or_insert((line, name));
            }
        }
        used
    }

    fn followed(&self, path: Path, depth: usize) -> Option<&str> {
        let deeper = depth.checked_sub(1)?;
        let mut at = String::new();
        for (index, part) in path.iter().enumerate() {
            let is_last = index + 1 == path.len();
            let inner = joined(&at, part);
            if self.modules.contains_key(&inner) && !(is_last && self.imported(&at, part, deeper).is_some()) {
                at = inner;
                continue;
            }
            if part == "*" {
                break;
            }
            if let Some(mut target) = self.imported(&at, part, deeper) {
                target.extend(path.into_iter().skip(index + 1));
                return self.followed(target, deeper);
            }
            let module = self.modules.get(&at)?;
            let is_foreign = !module.defined.contains(part.as_str()) && module.imports(part).is_some();
            return self.modules.get_key_value(&at).filter(|_| !is_foreign).map(|(path, _)| path.as_str());
        }
        let globbed = path.last().is_some_and(|part| part == "*");
        self.modules.get_key_value(&at).filter(|_| globbed).map(|(path, _)| path.as_str())
    }

    /// What a name of a module is imported from, from the crate's root.
    fn imported(&self, module: &str, name: &str, depth: usize) -> Option<Path> {
        let found = self.modules.get(module)?;
        if found.defined.contains(name) {
            return None;
        }
        if let Some(import) = found.imports(name) {
            return self.absolute(module, &import.path, depth);
        }
        let globs = found.imports.iter().filter(|import| import.name == "*");
        globs.filter_map(|import| self.absolute(module, &import.path, depth)).find_map(|mut target| {
            target.pop();
            let globbed = self.modules.get(&target.join("::"))?;
            let has_it = globbed.defined.contains(name) || globbed.imports(name).is_some();
            target.push(name.to_owned());
            has_it.then_some(target)
        })
    }

    /// A path as it stands in a module, from the crate's root. `None` if it leads out of the crate.
    fn absolute(&self, module: &str, path: &[&str], depth: usize) -> Option<Path> {
        let deeper = depth.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        let mut at: Path = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        match *first {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()?),
            name if self.modules.contains_key(&joined(module, name)) => at.push(name.to_owned()),
            name => {
                let import = self.modules.get(module)?.imports(name).filter(|import| import.path != path)?;
                at = self.absolute(module, &import.path, deeper)?;
            }
        }
        for part in rest {
            match *part {
                "super" => drop(at.pop()?),
                "self" => {}
                name => at.push(name.to_owned()),
            }
        }
        Some(at)
    }
}

impl<'a> Module<'a> {
    fn of(file: &'a str, text: &'a str) -> Self {
        let tokens = tokens::shipped(&tokens::tokens(text));
        Self { file, defined: defined(&tokens), imports: imports(&tokens), tokens }
    }

    fn imports(&self, name: &str) -> Option<&Import<'a>> {
        self.imports.iter().find(|import| import.name == name)
    }

    /// Whether a name stands outside of `use`.
    fn says(&self, name: &str) -> bool {
        outside_imports(&self.tokens).any(|(_, rest)| rest.first().is_some_and(|token| token.text == name))
    }

    /// The paths of more than one part outside of `use`, with their lines.
    fn paths(&self) -> impl Iterator<Item = (usize, Vec<&'a str>)> {
        outside_imports(&self.tokens).filter_map(|(before, rest)| {
            let [first, ..] = rest else { return None };
            let begins = is_name(first) && before.is_none_or(|before| !matches!(before.text, "::" | "."));
            let path = path(rest);
            (begins && path.len() > 1).then_some((first.line, path))
        })
    }
}

/// Each place outside of `use`: the token before it, and the tokens from there.
fn outside_imports<'t, 'a>(
    tokens: &'t [Token<'a>],
) -> impl Iterator<Item = (Option<&'t Token<'a>>, &'t [Token<'a>])> {
    let mut in_use = false;
    (0..tokens.len()).filter_map(move |at| {
        let (before, rest) = tokens.split_at(at);
        match rest.first().map(|token| token.text) {
            // Not of `impl Trait + use<T>`.
            Some("use") => in_use = rest.get(1).is_some_and(is_name),
            Some(";") => in_use = false,
            _ => {}
        }
        (!in_use).then_some((before.last(), rest))
    })
}

/// The path at the beginning of tokens.
fn path<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let [name, after @ ..] = rest
        && is_name(name)
    {
        path.push(name.text);
        match after {
            [colons, further @ ..] if colons.text == "::" => rest = further,
            _ => break,
        }
    }
    path
}

/// What is defined outside of braces.
fn defined<'a>(tokens: &[Token<'a>]) -> BTreeSet<&'a str> {
    let mut depth = 0_usize;
    let mut defined = BTreeSet::new();
    for pair in tokens.windows(2) {
        let [first, second] = pair else { continue };
        match first.text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && DEFINING.contains(&first.text) && is_name(second) {
            defined.insert(second.text);
        }
    }
    let macros = tokens.windows(3).filter_map(|three| match three {
        [first, sign, name] if first.text == "macro_rules" && sign.text == "!" => Some(name.text),
        _ => None,
    });
    defined.extend(macros);
    defined
}

fn imports<'a>(tokens: &[Token<'a>]) -> Vec<Import<'a>> {
    let mut imports = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.text == "use") {
        let (before, rest) = tokens.split_at(at);
        // `pub use`, `pub(crate) use`
        let is_public = before.last().is_some_and(|last| matches!(last.text, "pub" | ")"));
        let tree = rest.get(1..).unwrap_or_default();
        let end = tree.iter().position(|token| token.text == ";").unwrap_or(tree.len());
        let mut paths = Vec::new();
        branch(&[], tree.get(..end).unwrap_or_default(), &mut paths);
        imports.extend(paths.into_iter().map(|(path, name)| Import {
            path,
            name,
            line: token.line,
            is_public,
        }));
    }
    imports
}

/// The paths of a tree of `use`, with the names that they make.
fn branch<'a>(prefix: &[&'a str], tree: &[Token<'a>], paths: &mut Vec<(Vec<&'a str>, &'a str)>) {
    let mut path = prefix.to_vec();
    let mut rest = tree;
    while let [first, after @ ..] = rest {
        match first.text {
            "{" => {
                let inside = after.get(..tokens::group(rest).saturating_sub(2)).unwrap_or_default();
                parts(inside).into_iter().for_each(|part| branch(&path, part, paths));
                return;
            }
            "as" => {
                paths.extend(after.first().map(|alias| (path, alias.text)));
                return;
            }
            "::" => {}
            name => path.push(name),
        }
        rest = after;
    }
    if path.len() > prefix.len() {
        // `gate::{self}` makes the name `gate`.
        let names = path.iter().rev().filter(|part| **part != "self");
        let name = names.copied().next().unwrap_or("self");
        paths.push((path, name));
    }
}

/// What commas part, outside of braces.
fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut depth = 0_usize;
    tokens
        .split(|token| {
            match token.text {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && token.text == ","
        })
        .collect()
}

/// The module that a file holds, by its path below `src`.
fn module_of(path: &str) -> String {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if matches!(path, "lib" | "main") { String::new() } else { path.replace('/', "::") }
}

fn joined(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}
