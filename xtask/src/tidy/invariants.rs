//! Invariants that cannot lie: each names what enforces it, and what it names is there.
//!
//! A bullet ends with a sentence such as "Enforced by the type `kms::gate::Usable`, the tests `sim::walk::it_is_refused`
//! and `audit::chain::it_breaks` and the tidy rule `strongroom`." A path begins with a crate; `blackbox` is the folder of
//! the tests in Python. The path of a test may leave out modules.

use super::{
    finding::Finding,
    modules::Crate,
    sources::{Source, Sources},
    tokens::{self, Token, tokens},
};

/// Whether each bullet has to name what enforces it. Otherwise only those are checked that do.
const STRICT: bool = true;
/// The headings whose bullets are invariants, with the documents: a file, or all documents of a folder.
const HEADINGS: &[(&str, &str)] = &[("ARCHITECTURE.md", "Invariants"), ("docs/", "Promises")];
/// How the sentence begins that names what enforces a bullet.
const BEGINNING: &str = "Enforced by ";

/// An item of a list, with the line on which it begins.
struct Bullet {
    line: usize,
    text: String,
}

/// What may enforce a bullet.
#[derive(Clone, Copy)]
enum Enforcer {
    Type,
    Function,
    Constant,
    Test,
    Rule,
    Lint,
}

const KINDS: &[(&str, Enforcer)] = &[
    ("type", Enforcer::Type),
    ("function", Enforcer::Function),
    ("constant", Enforcer::Constant),
    ("test", Enforcer::Test),
    ("tidy rule", Enforcer::Rule),
    ("lint", Enforcer::Lint),
];

/// What enforces an invariant is there.
pub(super) fn enforced(sources: &Sources, crates: &[Crate<'_>], rules: &[&str]) -> Vec<Finding> {
    found(&Evidence { sources, crates, rules }, STRICT)
}

fn found(evidence: &Evidence<'_>, strict: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, heading) in HEADINGS {
        for file in evidence.sources.ending(".md").filter(|file| file.path.starts_with(path)) {
            for bullet in bullets(file, heading) {
                let wrong = match bullet.text.rsplit_once(BEGINNING) {
                    Some((_, enforcers)) => evidence.wrong(enforcers),
                    None if strict => {
                        vec![format!("says not what enforces it: end it with \"{BEGINNING}the test `…`.\"")]
                    }
                    None => Vec::new(),
                };
                findings.extend(wrong.into_iter().map(|what| Finding::new(&file.path, bullet.line, what)));
            }
        }
    }
    findings
}

/// The bullets below a heading, up to the next heading.
fn bullets(file: &Source, heading: &str) -> Vec<Bullet> {
    let mut bullets: Vec<Bullet> = Vec::new();
    let mut inside = false;
    let mut open = false;
    for (line, text) in file.lines() {
        if let Some(title) = text.strip_prefix('#') {
            (inside, open) = (title.trim_start_matches('#').trim() == heading, false);
        } else if let Some(text) = text.strip_prefix("- ").filter(|_| inside) {
            bullets.push(Bullet { line, text: text.to_owned() });
            open = true;
        } else if open && text.starts_with(' ') {
            if let Some(bullet) = bullets.last_mut() {
                bullet.text.push(' ');
                bullet.text.push_str(text.trim());
            }
        } else {
            open = false;
        }
    }
    bullets
}

/// What enforcers are looked up in.
struct Evidence<'a> {
    sources: &'a Sources,
    crates: &'a [Crate<'a>],
    rules: &'a [&'a str],
}

impl Evidence<'_> {
    /// What is wrong with a list of enforcers.
    fn wrong(&self, enforcers: &str) -> Vec<String> {
        let mut kind = None;
        let mut wrong = Vec::new();
        let list = enforcers.trim().strip_suffix('.').unwrap_or(enforcers).replace(" and ", ", ");
        for item in list.split(", ") {
            let Some((word, name)) = item.strip_suffix('`').and_then(|item| item.split_once('`')) else {
                wrong.push(format!("`{item}` is no enforcer: write \"the test `…`\", with nothing after it"));
                continue;
            };
            let word = word.trim().trim_start_matches("the ").trim_end_matches('s');
            let named = KINDS.iter().find(|(kind, _)| *kind == word).map(|(_, kind)| *kind);
            kind = if word.is_empty() { kind } else { named };
            match kind {
                Some(kind) if self.has(kind, name) => {}
                Some(_) => wrong.push(format!("{BEGINNING}`{name}`, which is not there")),
                None => {
                    let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
                    wrong.push(format!("`{name}` is of no kind that can be looked up: {}", kinds.join(", ")));
                }
            }
        }
        wrong
    }

    fn has(&self, kind: Enforcer, name: &str) -> bool {
        match kind {
            Enforcer::Type => self.defines(name, &["struct", "enum", "trait", "type"]),
            Enforcer::Function => self.defines(name, &["fn"]) || self.has_method(name),
            Enforcer::Constant => self.defines(name, &["const", "static"]),
            Enforcer::Test => self.has_test(name),
            Enforcer::Rule => self.rules.contains(&name),
            Enforcer::Lint => self.has_lint(name),
        }
    }

    /// Whether the module to which a path leads has such a definition outside of tests.
    fn defines(&self, path: &str, words: &[&str]) -> bool {
        let Some((of, parts)) = self.of(path) else { return false };
        let Some(name) = parts.last() else { return false };
        let definer = of.definer(&parts);
        let module = definer.and_then(|definer| of.modules().find(|(path, _)| *path == definer));
        module.is_some_and(|(_, module)| defines(&module.tokens, words, name))
    }

    /// Whether a type has a function, in whatever file of its crate.
    fn has_method(&self, path: &str) -> bool {
        let Some((owner, name)) = path.rsplit_once("::") else { return false };
        let Some((of, parts)) = self.of(owner) else { return false };
        let Some(owner) = parts.last() else { return false };
        let is_type = self.has(Enforcer::Type, &path_of(&of.name, &parts));
        is_type && of.modules().any(|(_, module)| has_method(&module.tokens, owner, name))
    }

    /// Whether there is a test of that name below the modules that are named.
    fn has_test(&self, path: &str) -> bool {
        let mut parts: Vec<&str> = path.split("::").collect();
        let (Some(name), false) = (parts.pop(), parts.is_empty()) else { return false };
        let of = parts.remove(0).replace('_', "-");
        let folders = [format!("crates/{of}/"), format!("{of}/"), format!("tests/{of}/")];
        let mut files = self.sources.all().filter(|file| {
            folders.iter().any(|folder| file.path.starts_with(folder)) && file.text.contains(name)
        });
        files.any(|file| {
            let (path, ending) = file.path.rsplit_once('.').unwrap_or_default();
            let tokens = if ending == "rs" { tokens(&file.text) } else { Vec::new() };
            let mut folders = path.split('/');
            let mut stands_in =
                |part: &&str| folders.any(|folder| folder == *part) || defines(&tokens, &["mod"], part);
            let in_python = ending == "py" && file.text.contains(&format!("def {name}("));
            parts.iter().all(&mut stands_in) && (in_python || has_test(&tokens, name))
        })
    }

    /// Whether the workspace denies or forbids what a lint finds, or makes it a warning, which its tests deny.
    fn has_lint(&self, name: &str) -> bool {
        let manifests = self.sources.ending("Cargo.toml").filter(|file| file.path == "Cargo.toml");
        let lint = format!("{} = ", name.trim_start_matches("clippy::"));
        manifests.flat_map(Source::lines).any(|(_, line)| line.starts_with(&lint) && !line.contains("allow"))
    }

    /// The crate of a path, and the parts after it.
    fn of<'p>(&self, path: &'p str) -> Option<(&Crate<'_>, Vec<&'p str>)> {
        let (name, rest) = path.split_once("::")?;
        let of = self.crates.iter().find(|of| of.name == name)?;
        Some((of, rest.split("::").collect()))
    }
}

fn path_of(of: &str, parts: &[&str]) -> String {
    format!("{of}::{}", parts.join("::"))
}

fn defines(tokens: &[Token<'_>], words: &[&str], name: &str) -> bool {
    tokens.windows(2).any(|pair| match pair {
        [word, defined] => words.contains(&word.text) && defined.text == name,
        _ => false,
    })
}

/// Whether an `impl` for a type, or the definition of a trait, has a function.
fn has_method(tokens: &[Token<'_>], owner: &str, name: &str) -> bool {
    (0..tokens.len()).any(|at| {
        let (_, rest) = tokens.split_at(at);
        let begins = rest.first().is_some_and(|token| matches!(token.text, "impl" | "trait"));
        let opens = rest.iter().position(|token| token.text == "{").filter(|_| begins);
        opens.is_some_and(|opens| {
            let (head, body) = rest.split_at(opens);
            let body = body.get(..tokens::group(body)).unwrap_or_default();
            head.iter().any(|token| token.text == owner) && defines(body, &["fn"], name)
        })
    })
}

/// Whether there is a function with an attribute that makes it a test.
fn has_test(tokens: &[Token<'_>], name: &str) -> bool {
    (0..tokens.len()).any(|at| {
        let (_, mut rest) = tokens.split_at(at);
        let mut is_test = false;
        while let Some((attribute, after)) = tokens::attribute(rest) {
            is_test |= attribute.iter().any(|token| token.text == "test");
            rest = after;
        }
        let head = rest.iter().take_while(|token| token.text != "(");
        is_test && defines(&head.copied().collect::<Vec<_>>(), &["fn"], name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &[(&str, &str)] = &[
        ("tests/blackbox/test_clients.py", "def test_it(server):\n    pass\n"),
        ("Cargo.toml", "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n"),
        ("crates/kms/src/lib.rs", "mod gate;\n"),
        (
            "crates/kms/src/gate/mod.rs",
            "mod usable;\npub use usable::Usable;\nfn key() {}\nconst MOST: u8 = 1;\n",
        ),
        ("crates/kms/src/gate/usable.rs", "pub struct Usable;\nimpl Usable { fn open(&self) {} }\n"),
        (
            "crates/sim/tests/world/walk.rs",
            "/// Doc.\n#[tokio::test]\n#[x]\nasync fn it_holds() {}\nfn helper() {}\n",
        ),
    ];

    fn text(document: (&str, &str), strict: bool) -> Vec<String> {
        let files: Vec<(&str, &str)> = CODE.iter().copied().chain([document]).collect();
        let sources = Sources::of(&files);
        let evidence = Evidence { sources: &sources, crates: &Crate::all(&sources), rules: &["ambient"] };
        found(&evidence, strict).iter().map(ToString::to_string).collect()
    }

    fn said(enforcers: &str) -> Vec<String> {
        let document = format!("## Invariants\n\n- It holds. Enforced by {enforcers}\n");
        text(("ARCHITECTURE.md", &document), true)
    }

    #[test]
    fn what_is_there_enforces() {
        for enforcers in [
            "the type `kms::gate::Usable`.",
            "the test `blackbox::test_clients::test_it`.",
            "the type `kms::gate::usable::Usable` and the function `kms::gate::Usable::open`.",
            "the function `kms::gate::key`, the constant `kms::gate::MOST` and the tidy rule `ambient`.",
            "the test `sim::world::walk::it_holds`.",
            "the tests `sim::it_holds` and `sim::walk::it_holds` and the lint `unsafe_code`.",
        ] {
            assert_eq!(said(enforcers), Vec::<String>::new(), "{enforcers}");
        }
    }

    #[test]
    fn what_is_gone_is_found() {
        for (enforcers, name) in [
            ("the type `kms::gate::Gone`.", "kms::gate::Gone"),
            ("the type `kms::gate::key`.", "kms::gate::key"),
            ("the type `gone::gate::Usable`.", "gone::gate::Usable"),
            ("the function `kms::gate::Usable::gone`.", "kms::gate::Usable::gone"),
            ("the test `sim::walk::helper`.", "sim::walk::helper"),
            ("the test `sim::other::it_holds`.", "sim::other::it_holds"),
            ("the tidy rule `ambient` and the tidy rule `gone`.", "gone"),
            ("the lint `gone`.", "gone"),
        ] {
            let expected = format!("ARCHITECTURE.md:3: Enforced by `{name}`, which is not there");
            assert_eq!(said(enforcers), [expected]);
        }
        assert_eq!(said("the hope `kms::gate::key`.").len(), 1);
        assert_eq!(said("`kms::gate::key`.").len(), 1);
        assert_eq!(said("care.").len(), 1);
        assert_eq!(said("the tidy rule `ambient`, mostly.").len(), 1);
    }

    #[test]
    fn a_bullet_that_names_nothing_is_found() {
        let document = "- no\n## Invariants\n- one\n  Enforced by the tidy rule `ambient`.\n- two\n\nText.\n## Next\n- no\n";
        let expected =
            "ARCHITECTURE.md:5: says not what enforces it: end it with \"Enforced by the test `…`.\"";
        assert_eq!(text(("ARCHITECTURE.md", document), true), [expected]);
        assert_eq!(text(("ARCHITECTURE.md", document), false), Vec::<String>::new());
        let promises = "# Audit\n### Promises\n- one\n";
        assert_eq!(text(("docs/audit.md", promises), true).len(), 1);
        assert_eq!(
            text(("docs/audit.md", &promises.replace("Promises", "Hopes")), true),
            Vec::<String>::new()
        );
    }
}
