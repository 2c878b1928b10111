//! Access keys: how they are made, and how requests are verified with them.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use dispatch::{Caller, Credential, Cx, Fault, Usage};
use model::{Timestamp, arn::AccountId};
use secret::Plaintext;
use sigv4::SigningKeys;
use state::{Kept, Noting, encode, touched};
use store::{Batch, Key, Precondition, Revision};
use strongroom::{Entropy, EntropyFailed, Purpose, Refused, Strongroom};

use crate::{
    Iam,
    activity::Activity,
    faults,
    last_use::{self, KeyUse},
    layout::{self, Kind},
    records::{AccessKeyRecord, OwnerRecord},
};

/// An access key in memory.
pub(crate) struct AccessKey {
    pub(crate) account: AccountId,
    pub(crate) id: String,
    pub(crate) owner: Owner,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
    /// Where the record was last changed.
    pub(crate) revision: Revision,
    pub(crate) used: Arc<KeyUse>,
    notes: Noting<KeyUse>,
    lock: Arc<Lock>,
    signer: ArcSwapOption<Signer>,
}

/// Whose an access key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The account's root user.
    Root,
    /// The user with this unique id.
    User(String),
}

/// What verifies signatures. It stays the same as long as the secret does, whatever happens to the owner.
struct Lock {
    name: Vec<u8>,
    sealed_secret: Vec<u8>,
    signing_keys: SigningKeys,
    strongroom: Arc<Strongroom>,
}

/// An access key with its owner as it was when the account's identities were last changed at this revision.
struct Signer {
    composed: Revision,
    caller: Caller,
    lock: Arc<Lock>,
    used: Arc<KeyUse>,
    notes: Noting<KeyUse>,
    /// What its user calls; nobody asks that of the root user.
    activity: Option<Arc<Activity>>,
}

/// A new access key: the id, and the secret that is shown once.
pub struct NewAccessKey {
    /// `AKIA` and 16 characters.
    pub id: String,
    /// 40 characters.
    pub secret: Plaintext,
}

/// Characters of access key ids after the prefix: base32 (RFC 4648 section 6), as AWS's.
const ID_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters of an id after its prefix.
const ID_CHARACTERS: usize = 16;
/// Random bytes of a secret: 40 characters of base64.
const SECRET_BYTES: usize = 30;

impl NewAccessKey {
    /// Draws an id and a secret of 240 bits.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyFailed> {
        let mut random = [0; ID_CHARACTERS];
        entropy.fill(&mut random)?;
        let letter = |byte: u8| ID_ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'A');
        let id = b"AKIA".iter().copied().chain(random.map(letter)).map(char::from).collect();
        let secret = Plaintext::zeroed(SECRET_BYTES).fill(|bytes| entropy.fill(bytes))?.to_base64();
        Ok(Self { id, secret })
    }

    /// The secret as it is stored: sealed for this access key alone.
    ///
    /// # Errors
    /// When the strongroom is sealed.
    pub fn seal(
        &self,
        account: AccountId,
        strongroom: &Strongroom,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        strongroom.seal_secret(
            Purpose::SecretAccessKey,
            &secret_name(account, &self.id),
            &self.secret,
            entropy,
        )
    }
}

/// The change that makes an access key for its owner.
pub(crate) fn made(iam: &Iam, cx: &Cx<'_>, key: &NewAccessKey, owner: &Owner) -> Result<Batch, Fault> {
    let sealed = key.seal(cx.account(), &iam.strongroom, cx.entropy).map_err(|_| faults::sealed())?;
    let (owner, user) = match owner {
        Owner::Root => (OwnerRecord::Root, None),
        Owner::User(id) => (OwnerRecord::User, Some(id.as_str().into())),
    };
    let record =
        AccessKeyRecord { created: cx.now.as_millis(), owner, active: true, secret: sealed.into(), user };
    let at = layout::key(cx.account(), Kind::AccessKey, &key.id);
    Ok(Batch {
        preconditions: vec![Precondition::Absent(at.clone())],
        puts: vec![(at, encode(&record))],
        deletes: Vec::new(),
    })
}

impl AccessKey {
    /// From its stored form. `None` when it does not decode. What verifies signatures is taken from the `known` key of
    /// that id as long as the secret is the same.
    pub(crate) fn decode(
        (account, id): (AccountId, &str),
        (bytes, revision): (&[u8], Revision),
        known: Option<&Self>,
        (used, notes): (Arc<KeyUse>, &Noting<KeyUse>),
        strongroom: &Arc<Strongroom>,
    ) -> Option<Self> {
        let record: AccessKeyRecord<'_> = minicbor::decode(bytes).ok()?;
        let owner = match (record.owner, record.user) {
            (OwnerRecord::Root, _) => Owner::Root,
            (OwnerRecord::User, user) => Owner::User(user?.into_owned()),
        };
        let kept = known.map(|known| Arc::clone(&known.lock));
        let lock = kept.filter(|lock| lock.sealed_secret == *record.secret).unwrap_or_else(|| {
            Arc::new(Lock {
                name: secret_name(account, id),
                sealed_secret: record.secret.into_owned(),
                signing_keys: SigningKeys::new(),
                strongroom: Arc::clone(strongroom),
            })
        });
        Some(Self {
            account,
            id: id.to_owned(),
            owner,
            active: record.active,
            created: Timestamp::from_millis(record.created),
            revision,
            used,
            notes: notes.clone(),
            lock,
            signer: ArcSwapOption::empty(),
        })
    }

    /// The change that switches it on or off.
    pub(crate) fn switched(&self, active: bool) -> Batch {
        Batch { puts: vec![(self.key(), self.stored(active))], ..touched(self) }
    }

    fn stored(&self, active: bool) -> Bytes {
        encode(&AccessKeyRecord {
            created: self.created.as_millis(),
            owner: if self.owner == Owner::Root { OwnerRecord::Root } else { OwnerRecord::User },
            active,
            secret: self.lock.sealed_secret.as_slice().into(),
            user: self.user_id().map(Into::into),
        })
    }

    /// The unique id of its user; the root user has none.
    pub(crate) fn user_id(&self) -> Option<&str> {
        match &self.owner {
            Owner::Root => None,
            Owner::User(id) => Some(id),
        }
    }

    /// The key as a credential of this caller, who was composed when the account's identities had last changed at this
    /// revision, and whose calls are noted there. The next request finds it composed.
    pub(crate) fn composed(
        &self,
        changed: Revision,
        compose: impl FnOnce() -> Result<(Caller, Option<Arc<Activity>>), Fault>,
    ) -> Result<Arc<dyn Credential>, Fault> {
        let known = self.signer.load();
        if let Some(signer) = known.as_ref().filter(|signer| signer.composed == changed) {
            return Ok(Arc::clone(signer) as Arc<dyn Credential>);
        }
        let (caller, activity) = compose()?;
        let signer = Arc::new(Signer {
            composed: changed,
            caller,
            activity,
            lock: Arc::clone(&self.lock),
            used: Arc::clone(&self.used),
            notes: self.notes.clone(),
        });
        self.signer.store(Some(Arc::clone(&signer)));
        Ok(signer)
    }
}

impl Kept for AccessKey {
    fn key(&self) -> Key {
        layout::key(self.account, Kind::AccessKey, &self.id)
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn encode(&self) -> Bytes {
        self.stored(self.active)
    }
}

impl Credential for Signer {
    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn signing_keys(&self) -> &SigningKeys {
        &self.lock.signing_keys
    }

    fn secret(&self) -> Result<Plaintext, Fault> {
        let Lock { name, sealed_secret, strongroom, .. } = &*self.lock;
        strongroom.open_secret(Purpose::SecretAccessKey, name, sealed_secret).map_err(|refused| {
            Fault::internal(match refused {
                Refused::Sealed => "the strongroom is sealed",
                _ => "the secret of an access key does not open",
            })
        })
    }

    fn used(&self, usage: Usage<'_>) {
        last_use::note(&self.notes, &self.used, usage);
        if let Some(activity) = &self.activity {
            activity.note(usage);
        }
    }
}

/// What a sealed secret is bound to.
fn secret_name(account: AccountId, id: &str) -> Vec<u8> {
    format!("{account}/{id}").into_bytes()
}

#[cfg(test)]
mod tests {
    use dispatch::{Credentials, IdentityPolicies};
    use model::arn::Partition;
    use state::{Behind, StoredRecord, Tables as _};
    use strongroom::{SealedDomainKey, seal::FileSeal, testing::Seeded};

    use super::*;
    use crate::{
        activity::Activities,
        entities::{Entity, EntityKind, Tags, User},
        setup,
        tables::Tables,
    };

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn apply(tables: &mut Tables, revision: u64, batch: &Batch) {
        for (key, value) in &batch.puts {
            tables.take(StoredRecord { key, value: Some(value), revision: Revision(revision) }).unwrap();
        }
    }

    fn alice(account: AccountId, policies: usize) -> User {
        let document = r#"{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
        let document = crate::documents::SharedPolicies::default()
            .document(document, policy::PolicyKind::IdentityPolicy)
            .unwrap();
        let entity = Entity {
            partition: Partition::Aws,
            account,
            kind: EntityKind::User,
            name: "alice".to_owned(),
            path: "/".to_owned(),
            id: "AIDAALICE".to_owned(),
            created: NOW,
            inline: (0..policies).map(|number| (number.to_string(), Arc::clone(&document))).collect(),
            attached: Default::default(),
            boundary: None,
            tags: Tags::new(),
            revision: Revision(0),
        };
        User { entity, groups: Default::default() }
    }

    /// What one request costs must not depend on changes elsewhere: a caller is composed once, and what verifies
    /// its signatures stays whatever its policies become.
    #[test]
    fn a_caller_is_composed_when_identities_change_and_its_signing_keys_stay() {
        let entropy = Seeded::new(0);
        let seal = FileSeal::parse(&FileSeal::generate(&entropy).unwrap()).unwrap();
        let strongroom = Strongroom::sealed();
        strongroom.unseal(&seal, &[SealedDomainKey::generate(1, &seal, &entropy).unwrap()]).unwrap();
        let activities = Arc::new(Activities::new(Behind::default().notes()));
        let mut tables =
            Tables::new(Partition::Aws, Arc::new(strongroom), Behind::default().notes(), activities);
        let account = AccountId::parse("111122223333").unwrap();
        let root = NewAccessKey::generate(&entropy).unwrap();
        let made = setup::account(account, &root, NOW, &tables.strongroom, &entropy).unwrap();
        apply(&mut tables, 1, &made);
        let key = NewAccessKey::generate(&entropy).unwrap();
        let record = AccessKeyRecord {
            created: NOW.as_millis(),
            owner: OwnerRecord::User,
            active: true,
            secret: key.seal(account, &tables.strongroom, &entropy).unwrap().into(),
            user: Some("AIDAALICE".into()),
        };
        let at = layout::key(account, Kind::AccessKey, &key.id);
        apply(&mut tables, 2, &Batch::default().put(at, encode(&record)));
        assert!(tables.find(&key.id, None, NOW).is_err(), "a key without its user opens nothing");

        let put = |tables: &mut Tables, revision, policies| {
            let user = alice(account, policies);
            apply(tables, revision, &Batch::default().put(Kept::key(&user), Kept::encode(&user)));
        };
        let policies_of = |credential: &Arc<dyn Credential>| match &credential.caller().policies {
            IdentityPolicies::Attached(policies) => policies.len(),
            IdentityPolicies::Root => panic!("alice is no root user"),
        };
        put(&mut tables, 3, 1);
        let first = tables.find(&key.id, None, NOW).unwrap();
        let again = tables.find(&key.id, None, NOW).unwrap();
        assert!(std::ptr::eq(first.caller(), again.caller()), "composed once");
        put(&mut tables, 4, 2);
        let changed = tables.find(&key.id, None, NOW).unwrap();
        assert_eq!((policies_of(&first), policies_of(&changed)), (1, 2));
        assert!(std::ptr::eq(first.signing_keys(), changed.signing_keys()), "the same secret");
        assert!(changed.secret().unwrap().reveal() == key.secret.reveal());
        assert!(tables.find(&key.id, Some("token"), NOW).is_err(), "a session token belongs to sessions");
    }
}
