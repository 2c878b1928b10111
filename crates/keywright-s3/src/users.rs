//! The list of users, for a gateway whose KMS does not know them.
//!
//! ```toml
//! [[users]]
//! name = "alice"
//! account = "111122223333"
//! access_key_id = "AKIAEXAMPLEALICE0000"
//! secret_file = "alice.secret"
//! role = "arn:aws:iam::111122223333:role/alice"
//! policy_file = "alice.json"
//! ```
//! The list is read once, at the start. No error shows a line of it: there may be a secret in the line.

use std::{
    error::Error,
    fmt,
    fs::{self, File},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use forward::Sts;
use model::arn::{AccountId, Partition};
use policy::{Policy, PolicyKind};
use rustix::process::geteuid;
use s3::ListedUser;
use secret::Plaintext;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// Why a list is not taken.
#[derive(Debug)]
pub(crate) struct ListError {
    file: PathBuf,
    /// From 1; none for what is wrong with the file itself.
    line: Option<usize>,
    why: String,
}

/// Reads a list. Relative paths in it are relative to its directory.
///
/// # Errors
/// [`ListError`], with the line and the field that are wrong.
pub(crate) fn read(file: &Path, sts: &Arc<Sts>) -> Result<Vec<ListedUser>, ListError> {
    let of_file = |why| ListError { file: file.to_owned(), line: None, why };
    let bytes = private(file).map_err(of_file)?;
    let text = std::str::from_utf8(bytes.reveal()).map_err(|_| of_file("it is not text".to_owned()))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    parse(text, folder, sts).map_err(|Misplaced { at, why }| {
        let line = at.map(|at| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count());
        ListError { file: file.to_owned(), line, why }
    })
}

/// What is wrong, and where in the text, in bytes.
struct Misplaced {
    at: Option<usize>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenList {
    users: Vec<Spanned<WrittenUser>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUser {
    name: Spanned<String>,
    account: Spanned<String>,
    access_key_id: Spanned<String>,
    #[serde(default, deserialize_with = "secret_text")]
    secret: Option<Spanned<Plaintext>>,
    secret_file: Option<Spanned<PathBuf>>,
    role: Spanned<String>,
    policy: Option<Spanned<String>>,
    policy_file: Option<Spanned<PathBuf>>,
}

fn parse(text: &str, folder: &Path, sts: &Arc<Sts>) -> Result<Vec<ListedUser>, Misplaced> {
    let list: WrittenList = toml::from_str(text).map_err(|error| Misplaced {
        at: error.span().map(|span| span.start),
        why: harmless(error.message()).to_owned(),
    })?;
    let mut users: Vec<ListedUser> = Vec::new();
    for entry in &list.users {
        let written = entry.get_ref();
        let user = user(entry, folder, sts)?;
        if let Some(first) = users.iter().find(|known| known.access_key_id == user.access_key_id) {
            let why = format!("the access key `{}` is that of `{}` already", user.access_key_id, first.name);
            return Err(wrong(&written.access_key_id, "access_key_id", &why));
        }
        if users.iter().any(|known| known.arn == user.arn) {
            return Err(wrong(&written.name, "name", &format!("`{}` is in the list already", user.name)));
        }
        users.push(user);
    }
    Ok(users)
}

fn user(entry: &Spanned<WrittenUser>, folder: &Path, sts: &Arc<Sts>) -> Result<ListedUser, Misplaced> {
    let WrittenUser { name, account, access_key_id, role, .. } = entry.get_ref();
    check(name, "name", is_name, "expected 2 to 64 letters, digits and any of `+=,.@_-`")?;
    check(account, "account", |text| AccountId::parse(text).is_ok(), "expected twelve digits")?;
    let is_id = |text: &str| {
        (16..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    check(access_key_id, "access_key_id", is_id, "expected 16 to 128 capital letters and digits")?;
    let partition = of_role(role.get_ref()).ok_or_else(|| {
        wrong(role, "role", "expected a role's ARN, such as `arn:aws:iam::111122223333:role/alice`")
    })?;
    let (name, account) = (name.get_ref().clone(), account.get_ref().clone());
    let session = sts.role(role.get_ref().clone(), name.clone());
    Ok(ListedUser {
        arn: format!("arn:{partition}:iam::{account}:user/{name}"),
        name,
        account,
        access_key_id: access_key_id.get_ref().clone(),
        secret: secret(entry, folder)?,
        policies: policies(entry.get_ref(), folder)?,
        role: Arc::new(session),
    })
}

/// The secret, wherever it is.
fn secret(entry: &Spanned<WrittenUser>, folder: &Path) -> Result<Plaintext, Misplaced> {
    let WrittenUser { secret, secret_file, .. } = entry.get_ref();
    let of_file;
    let (place, bytes) = match (secret, secret_file) {
        (Some(_), Some(file)) => {
            return Err(wrong(file, "secret_file", "there is a `secret` too"));
        }
        (None, None) => {
            return Err(wrong(entry, "secret", "it is missing, and so is `secret_file`"));
        }
        (Some(secret), None) => (secret.span().start, secret.get_ref().reveal()),
        (None, Some(file)) => {
            of_file =
                private(&folder.join(file.get_ref())).map_err(|why| wrong(file, "secret_file", &why))?;
            (file.span().start, of_file.reveal().trim_ascii())
        }
    };
    let is_secret = (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes.len());
    if !is_secret || !bytes.iter().all(u8::is_ascii_graphic) {
        let why = format!(
            "secret: expected {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} letters, digits and signs, without spaces"
        );
        return Err(Misplaced { at: Some(place), why });
    }
    Ok(Plaintext::new(bytes.to_vec()))
}

/// Whoever sees one signature can try secrets: AWS's have forty letters.
const SECRET_BYTES_MIN: usize = 32;
const SECRET_BYTES_MAX: usize = 128;

/// What the user may do.
fn policies(written: &WrittenUser, folder: &Path) -> Result<Vec<Policy>, Misplaced> {
    let parsed =
        |text: &str| Policy::parse(text, PolicyKind::IdentityPolicy).map_err(|error| error.to_string());
    match (&written.policy, &written.policy_file) {
        (None, None) => Ok(Vec::new()),
        (Some(policy), None) => {
            Ok(vec![parsed(policy.get_ref()).map_err(|why| wrong(policy, "policy", &why))?])
        }
        (None, Some(file)) => {
            let path = folder.join(file.get_ref());
            let policy = own(&path)
                .and_then(|text| parsed(&text).map_err(|why| format!("`{}`: {why}", path.display())));
            Ok(vec![policy.map_err(|why| wrong(file, "policy_file", &why))?])
        }
        (Some(_), Some(file)) => Err(wrong(file, "policy_file", "there is a `policy` too")),
    }
}

/// What nobody but the process's user reads.
fn private(path: &Path) -> Result<Plaintext, String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", path.display());
    let mut file = opened(path, OTHERS)?;
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    let bytes = Plaintext::new(bytes);
    read.map_err(failed)?;
    Ok(bytes)
}

/// What nobody but the process's user writes.
fn own(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = opened(path, OTHERS_WRITE)?.read_to_string(&mut text);
    read.map_err(|error| format!("`{}`: {error}", path.display()))?;
    Ok(text)
}

/// A file of the process's user that others have none of these rights to.
fn opened(path: &Path, rights: u32) -> Result<File, String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    // That of the file that is open, and not of whatever has its name now.
    let found: fs::Metadata = file.metadata().map_err(failed)?;
    let (mode, owner, own) = (found.mode() & 0o777, found.uid(), geteuid().as_raw());
    if !found.is_file() {
        return Err(format!("`{}` is no file", path.display()));
    }
    if mode & rights != 0 {
        return Err(format!(
            "others on this machine can reach `{}` (mode {mode:03o}): take it away from them with `chmod go=`",
            path.display()
        ));
    }
    if owner != own {
        return Err(format!(
            "`{}` belongs to user {owner}, and this process runs as user {own}",
            path.display()
        ));
    }
    Ok(file)
}

const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;

fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    (2..=64).contains(&text.len()) && text.bytes().all(is_letter)
}

/// The partition of a role, if an ARN is one of a role.
fn of_role(arn: &str) -> Option<Partition> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return None };
    let name = resource.strip_prefix("role/")?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'*' && byte != b'?';
    let is_role = AccountId::parse(account).is_ok() && !name.is_empty() && name.bytes().all(is_plain);
    Partition::parse(partition).ok().filter(|_| is_role)
}

fn check(
    field: &Spanned<String>,
    name: &str,
    is_good: impl Fn(&str) -> bool,
    expected: &str,
) -> Result<(), Misplaced> {
    if is_good(field.get_ref()) { Ok(()) } else { Err(wrong(field, name, expected)) }
}

fn wrong<T>(field: &Spanned<T>, name: &str, why: &str) -> Misplaced {
    Misplaced { at: Some(field.span().start), why: format!("{name}: {why}") }
}

/// What a parser says, without values: it may have taken a secret for something else.
fn harmless(message: &str) -> &str {
    let has_value = ["invalid type", "invalid value"].iter().any(|kind| message.starts_with(kind));
    if has_value { "this is not of the type that is expected here" } else { message }
}

fn secret_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Spanned<Plaintext>>, D::Error> {
    let text = Spanned::<String>::deserialize(deserializer)?;
    let span = text.span();
    Ok(Some(Spanned::new(span, Plaintext::new(text.into_inner().into_bytes()))))
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, why } = self;
        match line {
            Some(line) => write!(f, "the list of users, {}:{line}: {why}", file.display()),
            None => write!(f, "the list of users, {}: {why}", file.display()),
        }
    }
}

impl Error for ListError {}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use forward::{Settings, ThisMachine};

    use super::*;

    const ALICE: &str = "[[users]]\nname = \"alice\"\naccount = \"111122223333\"\naccess_key_id = \"AKIAEXAMPLEALICE0000\"\n\
                         secret = \"marker-d41d8cd98f00b204e9800998ecf8427e\"\nrole = \"arn:aws:iam::111122223333:role/alice\"\n";

    /// A list on disk.
    struct Place(tempfile::TempDir);

    impl Place {
        fn of(text: &str) -> Self {
            let place = Self(tempfile::tempdir().unwrap());
            place.put("users.toml", text, 0o600);
            place
        }

        fn put(&self, name: &str, text: &str, mode: u32) {
            let path = self.0.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }

        fn read(&self) -> Result<Vec<ListedUser>, ListError> {
            let settings =
                Settings::read(&|name| (name == "AWS_REGION").then(|| "eu-west-1".into())).unwrap();
            let sts = Arc::new(Sts::new(&settings, Arc::new(ThisMachine::start())).unwrap());
            read(&self.0.path().join("users.toml"), &sts)
        }

        fn refused(&self) -> String {
            let error = self.read().map(|users| users.len()).unwrap_err().to_string();
            assert!(!error.contains("marker"), "{error}");
            error.split_once("users.toml").unwrap().1.to_owned()
        }
    }

    #[test]
    fn a_list_is_read_with_its_files() {
        let allow =
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        let bob = ALICE
            .replace("alice", "bob@example.com")
            .replace("ALICE", "BOB00")
            .replace("secret = \"marker-d41d8cd98f00b204e9800998ecf8427e\"", "secret_file = \"b.secret\"");
        let place = Place::of(&format!("{ALICE}policy = '{allow}'\n{bob}policy_file = \"b.json\"\n"));
        place.put("b.secret", "marker-900150983cd24fb0d6963f7d28e17f72\n", 0o400);
        place.put("b.json", allow, 0o644);
        let users = place.read().unwrap();
        let [alice, bob] = &users[..] else { panic!("{}", users.len()) };
        assert_eq!(alice.arn, "arn:aws:iam::111122223333:user/alice");
        assert_eq!(bob.arn, "arn:aws:iam::111122223333:user/bob@example.com");
        assert_eq!(bob.secret.reveal(), b"marker-900150983cd24fb0d6963f7d28e17f72");
        assert_eq!((alice.policies.len(), bob.policies.len()), (1, 1));
        assert_eq!(
            (bob.role.arn(), bob.role.session_name()),
            ("arn:aws:iam::111122223333:role/bob@example.com", "bob@example.com")
        );
        assert!(Place::of(ALICE).read().unwrap()[0].policies.is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_field() {
        let with = |from: &str, to: &str| Place::of(&ALICE.replace(from, to)).refused();
        assert!(
            with("secret =", "secrt =").starts_with(":5: unknown field `secrt`"),
            "{}",
            with("secret =", "secrt =")
        );
        assert!(with("\"alice\"", "\"a\"").starts_with(":2: name: expected 2 to 64"));
        assert!(with("\"111122223333\"", "\"1111\"").starts_with(":3: account: expected twelve digits"));
        assert!(with("\"111122223333\"", "111122223333").starts_with(":3: this is not of the type"));
        assert!(with("AKIAEXAMPLEALICE0000", "akia").starts_with(":4: access_key_id: expected 16"));
        assert!(
            with("marker-d41d8cd98f00b204e9800998ecf8427e", "marker").starts_with(":5: secret: expected 32")
        );
        assert!(with("\"marker-d41d8cd98f00b204e9800998ecf8427e\"", "[\"marker\"]").starts_with(":5: "));
        assert!(with(":role/", ":user/").starts_with(":6: role: expected a role's ARN"));
        assert!(with("name = \"alice\"\n", "").contains("missing field `name`"));
        let half = with("secret = \"marker-d41d8cd98f00b204e9800998ecf8427e\"\n", "");
        assert_eq!(half, ":1: secret: it is missing, and so is `secret_file`");
        let place = Place::of(&format!("{ALICE}policy = '{{\"Statement\":[]}}'\n"));
        assert!(place.refused().starts_with(":7: policy: "), "{}", place.refused());
    }

    #[test]
    fn nobody_is_there_twice() {
        let other = ALICE.replace("name = \"alice\"", "name = \"bob\"");
        let told = Place::of(&format!("{ALICE}{other}")).refused();
        assert_eq!(
            told,
            ":10: access_key_id: the access key `AKIAEXAMPLEALICE0000` is that of `alice` already"
        );
        let other = ALICE.replace("AKIAEXAMPLEALICE0000", "AKIAEXAMPLEALICE0001");
        assert_eq!(
            Place::of(&format!("{ALICE}{other}")).refused(),
            ":8: name: `alice` is in the list already"
        );
    }

    #[test]
    fn what_others_read_is_not_taken() {
        let place = Place::of(ALICE);
        place.put("users.toml", ALICE, 0o640);
        assert!(place.refused().contains("(mode 640): take it away from them"));
        let place = Place::of(
            &ALICE.replace("secret = \"marker-d41d8cd98f00b204e9800998ecf8427e\"", "secret_file = \"s\""),
        );
        assert!(place.refused().contains(":5: secret_file: `"));
        place.put("s", "marker-d41d8cd98f00b204e9800998ecf8427e", 0o604);
        assert!(place.refused().contains("(mode 604)"));
        let place = Place::of(&format!("{ALICE}policy_file = \"p\"\n"));
        place.put("p", "{}", 0o622);
        assert!(place.refused().contains("(mode 622)"));
    }
}
