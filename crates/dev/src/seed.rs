//! The seed file: what there is from the start. `docs/dev.md` describes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
};

use dispatch::Fault;
use kms::{layout::Place, seed::SeedKey};
use model::{
    arn::{AccountId, AliasName, KeyId, Partition, Region},
    kms::{KeySpec, KeyUsageType},
    shape::Choice,
};
use secret::Plaintext;
use serde::{Deserialize, Deserializer, de};
use server::nearest;

/// The account of callers and keys that name none.
pub(crate) const DEFAULT_ACCOUNT: &str = "000000000000";

/// A seed, read and checked as far as that can be done without a server.
#[derive(Default)]
pub(crate) struct Seed {
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) keys: Vec<SeedKey>,
}

/// What is wrong with a seed file.
#[derive(Debug)]
pub enum SeedError {
    /// It cannot be read.
    Unreadable(PathBuf, io::Error),
    /// It is not a seed: line, column and reason.
    Malformed(PathBuf, String),
    /// A key of it cannot be made.
    Key {
        /// Its id.
        id: String,
        /// Why not.
        why: String,
    },
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(file, error) => write!(f, "the seed file {}: {error}", file.display()),
            Self::Malformed(file, why) => write!(f, "the seed file {}: {why}", file.display()),
            Self::Key { id, why } => write!(f, "the key {id} of the seed file: {why}"),
        }
    }
}

impl std::error::Error for SeedError {}

impl SeedError {
    /// A key that the service does not take.
    pub(crate) fn refused(key: &SeedKey, fault: &Fault) -> Self {
        let text = fault.message.as_deref().or(fault.detail.as_deref()).unwrap_or_default();
        Self::Key { id: key.id.to_string(), why: format!("{} {text}", fault.kind.json).trim_end().to_owned() }
    }
}

impl Seed {
    /// The seed in a file, for a server of this partition; an empty one without a file.
    ///
    /// # Errors
    /// [`SeedError`].
    pub(crate) fn of(file: Option<&Path>, partition: Partition) -> Result<Self, SeedError> {
        let Some(file) = file else { return Ok(Self::default()) };
        let text = fs::read_to_string(file).map_err(|error| SeedError::Unreadable(file.to_owned(), error))?;
        Self::parse(&text, partition).map_err(|why| SeedError::Malformed(file.to_owned(), why))
    }

    fn parse(text: &str, partition: Partition) -> Result<Self, String> {
        let file: Option<File> = serde_saphyr::from_str(text).map_err(|error| told(&error))?;
        let file = file.unwrap_or_default();
        let keys = file.keys.into_iter().map(|key| key.checked(partition)).collect::<Result<Vec<_>, _>>()?;
        let mut seen = BTreeSet::new();
        for SeedKey { id, place, .. } in &keys {
            // A multi-Region key has one primary, wherever that is.
            let region = (!id.is_multi_region()).then_some(&place.region);
            if !seen.insert((place.account, *id, region)) {
                return Err(format!(
                    "key {id}: is there twice (ReplicateKey makes replicas of multi-Region keys)"
                ));
            }
        }
        let accounts = file.accounts.into_iter().map(|account| account.0).collect();
        Ok(Self { accounts, keys })
    }
}

/// The file as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    accounts: Vec<Account>,
    #[serde(default)]
    keys: Vec<Key>,
}

/// A key as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    id: String,
    account: Option<Account>,
    region: Option<String>,
    spec: Option<String>,
    usage: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default = "yes")]
    enabled: bool,
    material: Option<Material>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    policy: Option<serde_json::Value>,
}

fn yes() -> bool {
    true
}

/// Twelve digits, which YAML may take for a number.
struct Account(AccountId);

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl de::Visitor<'_> for Digits {
            type Value = Account;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an account of 12 digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Account, E> {
                let account = AccountId::parse(text).map(Account);
                account.map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        // As text, so that zeros in front are not lost.
        deserializer.deserialize_str(Digits)
    }
}

/// Base64, or a private key in PEM. It is not held as text.
struct Material(Plaintext);

impl<'de> Deserialize<'de> for Material {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Material;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("key material in base64, or a private key in PEM (`-----BEGIN PRIVATE KEY-----`)")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Material, E> {
                let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
                let base64 = Plaintext::new(lines.collect::<String>().into_bytes());
                // The text is not shown: it may be material with a slip of the pen.
                Plaintext::from_base64(base64.reveal())
                    .map(Material)
                    .map_err(|_| E::invalid_value(de::Unexpected::Other("something else"), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl Key {
    fn checked(self, partition: Partition) -> Result<SeedKey, String> {
        let Self { id, account, region, spec, usage, description, enabled, material, aliases, tags, policy } =
            self;
        let wrong = |what: &str, expected: &str| format!("key {id}: {what}: expected {expected}");
        let default = || AccountId::parse(DEFAULT_ACCOUNT).ok();
        let account = account.map(|account| account.0).or_else(default);
        let home = partition.global_region();
        let region = Region::parse(region.as_deref().unwrap_or(home)).ok();
        let region = region.filter(|region| region.partition() == partition);
        let alias =
            |name: &String| AliasName::parse(name).map_err(|_| wrong("aliases", "names such as `alias/app`"));
        Ok(SeedKey {
            id: KeyId::parse(&id).map_err(|_| wrong("id", "a UUID, or `mrk-` and 32 hexadecimal digits"))?,
            place: Place {
                account: account.ok_or_else(|| wrong("account", "12 digits"))?,
                region: region.ok_or_else(|| wrong("region", &format!("a Region such as `{home}`")))?,
            },
            spec: match &spec {
                Some(spec) => choice::<KeySpec>(&id, "spec", spec)?,
                None => KeySpec::SymmetricDefault,
            },
            usage: usage.map(|usage| choice::<KeyUsageType>(&id, "usage", &usage)).transpose()?,
            description,
            enabled,
            material: material.map(|material| material.0),
            aliases: aliases.iter().map(alias).collect::<Result<_, _>>()?,
            tags,
            policy: policy.map(|policy| match policy {
                serde_json::Value::String(text) => text,
                written_out => written_out.to_string(),
            }),
        })
    }
}

fn choice<C: Choice>(id: &str, member: &str, sent: &str) -> Result<C, String> {
    let names = || C::ALL.iter().map(|choice| choice.as_str());
    C::parse(sent).ok_or_else(|| match nearest(sent, names()) {
        Some(meant) => format!("key {id}: {member}: there is no `{sent}`; did you mean `{meant}`?"),
        None => format!("key {id}: {member}: expected one of {}", names().collect::<Vec<_>>().join(", ")),
    })
}

/// An error in words, with the key that was probably meant.
fn told(error: &serde_saphyr::Error) -> String {
    let bare = error.without_snippet();
    let meant = match bare {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            nearest(field, expected.iter().copied())
        }
        _ => None,
    };
    match meant {
        Some(meant) => format!("{bare}; did you mean `{meant}`?"),
        None => bare.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    const MRK: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

    fn refusal(text: &str) -> String {
        Seed::parse(text, Partition::Aws).err().unwrap_or_default()
    }

    #[test]
    fn nothing_is_a_seed_and_a_key_has_defaults() {
        assert!(Seed::parse("", Partition::Aws).unwrap().keys.is_empty());
        let seed = Seed::parse(&format!("keys:\n  - id: {ID}\n"), Partition::Aws).unwrap();
        let [key] = &seed.keys[..] else { panic!("one key") };
        assert_eq!(key.place.account.to_string(), DEFAULT_ACCOUNT);
        assert_eq!((key.place.region.as_str(), key.spec), ("us-east-1", KeySpec::SymmetricDefault));
        assert!(key.enabled && key.material.is_none() && key.policy.is_none());
    }

    #[test]
    fn everything_that_can_be_said() {
        let text = format!(
            "accounts: [111122223333, 000000000001]\n\
             keys:\n  \
             - id: {ID}\n    account: 000000000001\n    region: eu-west-1\n    spec: HMAC_256\n    \
               usage: GENERATE_VERIFY_MAC\n    description: d\n    enabled: false\n    material: QUJD\n    \
               aliases: [alias/a, alias/b]\n    tags: {{team: pay, number: 1}}\n    \
               policy:\n      Version: \"2012-10-17\"\n      Statement: []\n"
        );
        let seed = Seed::parse(&text, Partition::Aws).unwrap();
        assert_eq!(seed.accounts.len(), 2);
        let key = &seed.keys[0];
        assert_eq!(key.place.account.to_string(), "000000000001");
        assert_eq!(key.usage, Some(KeyUsageType::GenerateVerifyMac));
        assert_eq!(key.material.as_ref().unwrap().reveal(), b"ABC");
        assert_eq!((key.aliases.len(), key.tags["number"].as_str()), (2, "1"));
        let policy: serde_json::Value = serde_json::from_str(key.policy.as_deref().unwrap()).unwrap();
        assert_eq!(policy["Version"], "2012-10-17");
    }

    #[test]
    fn a_private_key_in_pem() {
        let text = format!(
            "keys:\n  - id: {ID}\n    material: |\n      -----BEGIN PRIVATE KEY-----\n      QUJD\n      REVG\n      \
             -----END PRIVATE KEY-----\n"
        );
        let seed = Seed::parse(&text, Partition::Aws).unwrap();
        assert_eq!(seed.keys[0].material.as_ref().unwrap().reveal(), b"ABCDEF");
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_right() {
        for (text, expected) in [
            ("kyes: []", "did you mean `keys`?"),
            (&format!("keys:\n  - id: {ID}\n    alias: [a]"), "did you mean `aliases`?"),
            (&format!("keys:\n  - id: {ID}\n    spec: RSA_2046"), "did you mean `RSA_2048`?"),
            (&format!("keys:\n  - id: {ID}\n    aliases: [app]"), "`alias/app`"),
            ("keys:\n  - id: mine", "a UUID"),
            ("keys:\n  - description: x", "id"),
            (&format!("keys:\n  - id: {ID}\n    account: 12"), "12 digits"),
            (&format!("keys:\n  - id: {ID}\n    region: mars"), "us-east-1"),
            (&format!("keys:\n  - id: {ID}\n    region: cn-north-1"), "us-east-1"),
            ("keys: {", "line"),
            (&format!("keys:\n  - id: {ID}\n  - id: {ID}"), "is there twice"),
            (&format!("keys:\n  - id: {MRK}\n  - id: {MRK}\n    region: eu-west-1"), "ReplicateKey"),
        ] {
            let message = refusal(text);
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn material_that_is_wrong_is_not_shown() {
        let message = refusal(&format!("keys:\n  - id: {ID}\n    material: c2VjcmV0-not-base64"));
        assert!(message.contains("base64") && !message.contains("c2VjcmV0"), "{message}");
    }
}
