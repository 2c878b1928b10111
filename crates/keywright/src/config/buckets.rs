//! Where trails may deliver to: the tables `[buckets.NAME]`, and the trails that there are from the start: `[[trails]]`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use buckets::S3Place;
use cloudtrail::{WantedTrail, is_prefix, is_trail_name};
use http::Uri;
use model::arn::{AccountId, Region};
use toml::{Table, Value};

use super::{ConfigError, Expected, Wrong, keys::Keys, values::absolute};

/// A bucket, and who may deliver to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketSettings {
    pub(crate) place: BucketPlace,
    /// `None` for every account.
    pub(crate) accounts: Option<BTreeSet<AccountId>>,
}

/// Where a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BucketPlace {
    /// On this machine.
    Directory(PathBuf),
    /// Where S3 is spoken; with a file of CAs to trust.
    S3(S3Place, Option<PathBuf>),
}

/// The buckets by the names that trails have for them.
pub(crate) type BucketsSettings = BTreeMap<String, BucketSettings>;

/// The table with a table for each bucket.
pub(super) const TABLE: &str = "buckets";

const PLACE: Expected = Expected("either `directory`, or `endpoint` and `credentials_file`");
const NAME: Expected = Expected("the name of a bucket: 3 to 63 small letters, digits, dots and hyphens");
const PATH: Expected = Expected("a path in quotes");
const TEXT: Expected = Expected("a text in quotes");
const ENDPOINT: Expected = Expected(
    "the URL of an S3 endpoint such as `https://s3.example.com`; `http` only for a loopback address",
);
const ACCOUNTS: Expected = Expected("a list of accounts such as `[\"111122223333\"]`");
const TABLES: Expected = Expected("tables under `[[trails]]`, in double brackets");
const TRAIL_NAME: Expected =
    Expected("the name of a trail: 3 to 128 letters, digits, dots, hyphens and underscores");
const OTHER_NAME: Expected = Expected("a name that no other trail of the account has");
const PREFIX: Expected = Expected("what stands before all names in the bucket, such as `logs`");
const ACCOUNT: Expected = Expected("an account such as `111122223333`");
const REGION: Expected = Expected("a Region such as `us-east-1`");

const TRAIL_KEYS: [&str; 5] =
    ["trails.account", "trails.bucket", "trails.name", "trails.prefix", "trails.region"];

/// The buckets, from the keys of a file.
pub(super) fn read(keys: &mut Keys<'_>) -> Result<Option<BucketsSettings>, ConfigError> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for (key, value) in keys.under(TABLE) {
        let Some((name, member)) = key.rsplit_once('.') else {
            return Err(keys.wrong(&format!("{TABLE}.{key}"), Wrong::Value(PLACE)));
        };
        tables.entry(name.to_owned()).or_default().insert(member.to_owned(), value);
    }
    let mut buckets = BucketsSettings::new();
    for (name, mut table) in tables {
        let key = |member: &str| format!("{TABLE}.{name}.{member}");
        let wrong = |member: &str, expected| keys.wrong(&key(member), Wrong::Value(expected));
        if !is_bucket_name(&name) {
            return Err(keys.wrong(&format!("{TABLE}.{name}"), Wrong::Value(NAME)));
        }
        let bucket = bucket(&name, &mut table, keys).map_err(|(member, expected)| wrong(member, expected))?;
        if let Some(member) = table.keys().next() {
            return Err(keys.wrong(&key(member), Wrong::Unknown { nearest: None }));
        }
        buckets.insert(name, bucket);
    }
    Ok((!buckets.is_empty()).then_some(buckets))
}

fn bucket(
    name: &str,
    table: &mut Table,
    keys: &Keys<'_>,
) -> Result<BucketSettings, (&'static str, Expected)> {
    let mut text = |member: &'static str, expected| match table.remove(member) {
        Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text)),
        Some(_) => Err((member, expected)),
        None => Ok(None),
    };
    let directory = text("directory", PATH)?;
    let endpoint = text("endpoint", ENDPOINT)?;
    let file = text("credentials_file", PATH)?;
    let (bucket, region) = (text("bucket", TEXT)?, text("region", REGION)?);
    let (profile, ca_file) = (text("profile", TEXT)?, text("ca_file", PATH)?);
    let accounts = table.remove("accounts").map(|value| accounts(&value).ok_or(("accounts", ACCOUNTS)));
    let place = match (directory, endpoint, file) {
        (Some(directory), None, None) if bucket.is_none() && region.is_none() && profile.is_none() => {
            BucketPlace::Directory(keys.beside(directory))
        }
        (None, Some(endpoint), Some(file)) => {
            let place = S3Place {
                endpoint: parse_endpoint(&endpoint).ok_or(("endpoint", ENDPOINT))?,
                region: region.unwrap_or_else(|| super::DEFAULT_REGION.to_owned()),
                bucket: bucket.unwrap_or_else(|| name.to_owned()),
                credentials_file: keys.beside(file),
                profile: profile.unwrap_or_else(|| "default".to_owned()),
            };
            BucketPlace::S3(place, ca_file.map(|file| keys.beside(file)))
        }
        _ => return Err(("directory", PLACE)),
    };
    Ok(BucketSettings { place, accounts: accounts.transpose()? })
}

/// The trails, from the keys of a file.
pub(super) fn trails(keys: &mut Keys<'_>) -> Result<Option<Vec<WantedTrail>>, ConfigError> {
    let Some(tables) = keys.list("trails", TABLES, &TRAIL_KEYS)? else { return Ok(None) };
    let mut trails: Vec<WantedTrail> = Vec::new();
    for table in tables {
        let trail = trail(table)?;
        if trails.iter().any(|other| is_same(other, &trail)) {
            return Err(keys.wrong("trails.name", Wrong::Value(OTHER_NAME)));
        }
        trails.push(trail);
    }
    Ok(Some(trails))
}

fn trail(mut keys: Keys<'_>) -> Result<WantedTrail, ConfigError> {
    let name = keys.text("trails.name", |text| held(text, is_trail_name, TRAIL_NAME))?;
    let bucket = keys.text("trails.bucket", |text| held(text, is_bucket_name, NAME))?;
    let prefix = keys.text("trails.prefix", |text| held(text, is_prefix, PREFIX))?;
    let account = keys.text("trails.account", |text| AccountId::parse(text).map_err(|_| ACCOUNT))?;
    let region = |text: &str| Region::parse(text).map_err(|_| REGION);
    let home = keys.text("trails.region", region)?;
    let home = home.map_or_else(|| region(super::DEFAULT_REGION), Ok);
    let missing = |key| keys.wrong("trails", Wrong::Alone(key));
    Ok(WantedTrail {
        name: name.ok_or_else(|| missing("trails.name"))?,
        account,
        home: home.map_err(|expected| keys.wrong("trails.region", Wrong::Value(expected)))?,
        bucket: bucket.ok_or_else(|| missing("trails.bucket"))?,
        prefix,
    })
}

fn held(text: &str, holds: fn(&str) -> bool, expected: Expected) -> Result<String, Expected> {
    if holds(text) { Ok(text.to_owned()) } else { Err(expected) }
}

/// Whether an account would have two trails of one name in a Region.
fn is_same(one: &WantedTrail, other: &WantedTrail) -> bool {
    let in_one_account = match (&one.account, &other.account) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    in_one_account && one.name == other.name && one.home == other.home
}

/// The same with full paths.
pub(super) fn with_full_paths(mut buckets: BucketsSettings) -> BucketsSettings {
    for bucket in buckets.values_mut() {
        match &mut bucket.place {
            BucketPlace::Directory(path) => *path = absolute(std::mem::take(path)),
            BucketPlace::S3(place, ca_file) => {
                place.credentials_file = absolute(std::mem::take(&mut place.credentials_file));
                *ca_file = ca_file.take().map(absolute);
            }
        }
    }
    buckets
}

/// Buckets and trails as a part of a file.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    buckets: &BucketsSettings,
    trails: &[WantedTrail],
) -> fmt::Result {
    let text = |text: &str| Value::from(text).to_string();
    let path = |path: &Path| text(&path.to_string_lossy());
    for (name, BucketSettings { place, accounts }) in buckets {
        writeln!(f, "\n[{TABLE}.{}]", text(name))?;
        match place {
            BucketPlace::Directory(directory) => writeln!(f, "directory = {}", path(directory))?,
            BucketPlace::S3(S3Place { endpoint, region, bucket, credentials_file, profile }, ca_file) => {
                writeln!(f, "endpoint = {}\nregion = {}", text(&endpoint.to_string()), text(region))?;
                writeln!(f, "bucket = {}\ncredentials_file = {}", text(bucket), path(credentials_file))?;
                writeln!(f, "profile = {}", text(profile))?;
                if let Some(file) = ca_file {
                    writeln!(f, "ca_file = {}", path(file))?;
                }
            }
        }
        if let Some(accounts) = accounts {
            let accounts: Vec<String> = accounts.iter().map(|account| text(account.as_str())).collect();
            writeln!(f, "accounts = [{}]", accounts.join(", "))?;
        }
    }
    for WantedTrail { name, account, home, bucket, prefix } in trails {
        writeln!(f, "\n[[trails]]\nname = {}\nbucket = {}", text(name), text(bucket))?;
        writeln!(f, "region = {}", text(home.as_str()))?;
        if let Some(account) = account {
            writeln!(f, "account = {}", text(account.as_str()))?;
        }
        if let Some(prefix) = prefix {
            writeln!(f, "prefix = {}", text(prefix))?;
        }
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_bucket_name(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| inside(*byte))
        && ends(bytes.first())
        && ends(bytes.last())
        && !name.contains("..")
}

fn parse_endpoint(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let reached = match uri.scheme_str()? {
        "https" => uri.host().is_some_and(|host| !host.is_empty()),
        "http" => outbound::is_local(&uri),
        _ => false,
    };
    (reached && !text.contains(['?', '#', '@'])).then_some(uri)
}

fn accounts(value: &Value) -> Option<BTreeSet<AccountId>> {
    let accounts: Option<BTreeSet<_>> =
        value.as_array()?.iter().map(|item| AccountId::parse(item.as_str()?).ok()).collect();
    accounts.filter(|accounts| !accounts.is_empty())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::file;

    fn message(text: &str) -> String {
        file::parse(Path::new("k.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn wrong_buckets_are_told_what_was_expected() {
        let table = |rest: &str| format!("[buckets.audit]\n{rest}");
        let s3 = |endpoint: &str| table(&format!("endpoint = \"{endpoint}\"\ncredentials_file = \"a.ini\""));
        for (text, expected) in [
            ("[buckets]\naudit = \"a\"".to_owned(), "buckets.audit`: expected either `directory`"),
            ("[buckets.\"Au\"]\ndirectory = \"a\"".to_owned(), "buckets.Au`: expected the name of a bucket"),
            (table("region = \"us-east-1\""), "buckets.audit.directory`: expected either `directory`"),
            (table("directory = 7"), "buckets.audit.directory`: expected a path in quotes"),
            (
                table("directory = \"a\"\nprofile = \"b\""),
                "buckets.audit.directory`: expected either `directory`",
            ),
            (
                table("endpoint = \"https://s3.example.com\""),
                "buckets.audit.directory`: expected either `directory`",
            ),
            (s3("ftp://s3.example.com"), "buckets.audit.endpoint`: expected the URL of an S3 endpoint"),
            (s3("http://s3.example.com"), "buckets.audit.endpoint`: expected the URL of an S3 endpoint"),
            (s3("https://a@s3.example.com"), "buckets.audit.endpoint`: expected the URL of an S3 endpoint"),
            (
                table("directory = \"a\"\naccounts = []"),
                "buckets.audit.accounts`: expected a list of accounts such as",
            ),
            (table("directory = \"a\"\ndirectroy = \"a\""), "buckets.audit.directroy`: unknown key"),
        ] {
            assert!(message(&text).contains(expected), "{text}: {}", message(&text));
        }
    }

    #[test]
    fn wrong_trails_are_told_what_was_expected() {
        let main = "[[trails]]\nname = \"main\"\nbucket = \"audit\"\n";
        let with = |rest: &str| format!("{main}{rest}");
        let also = |rest: &str| format!("{main}{main}{rest}");
        let other_name = "trails.name`: expected a name that no other trail of the account has";
        for (text, expected) in [
            ("[trails]\nname = \"main\"".to_owned(), "trails`: expected tables under `[[trails]]`"),
            ("trails = 7".to_owned(), "trails`: expected tables under `[[trails]]`"),
            ("trails = [7]".to_owned(), "trails`: expected tables under `[[trails]]`"),
            ("[[trails]]".to_owned(), "trails`: expected `trails.name` beside it"),
            ("[[trails]]\nname = \"main\"".to_owned(), "trails`: expected `trails.bucket` beside it"),
            ("[[trails]]\nname = \"m\"".to_owned(), "trails.name`: expected the name of a trail"),
            ("[[trails]]\nbucket = \"A\"".to_owned(), "trails.bucket`: expected the name of a bucket"),
            (with("prefix = \"../a\""), "trails.prefix`: expected what stands before all names"),
            (with("account = \"1\""), "trails.account`: expected an account such as"),
            (with("region = \"mars\""), "trails.region`: expected a Region such as"),
            (with("prefx = \"a\""), "trails.prefx`: unknown key; did you mean `trails.prefix`?"),
            (also(""), other_name),
            (also("account = \"111122223333\""), other_name),
        ] {
            assert!(message(&text).contains(expected), "{text}: {}", message(&text));
        }
        let elsewhere = also("region = \"eu-west-1\"");
        assert_eq!(file::parse(Path::new("k.toml"), &elsewhere).unwrap().trails.unwrap().len(), 2);
    }
}
