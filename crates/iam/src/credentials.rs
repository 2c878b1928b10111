//! Access keys: how they are made, and how requests are verified with them.

use std::sync::Arc;

use dispatch::{Caller, Credential, Fault, IdentityPolicies};
use model::arn::AccountId;
use policy::Principal;
use secret::Plaintext;
use sigv4::SigningKeys;
use strongroom::{Entropy, EntropyFailed, Purpose, Refused, Strongroom};

/// An access key of the root user, ready to verify requests.
pub(crate) struct AccessKey {
    caller: Caller,
    signing_keys: SigningKeys,
    sealed_secret: Vec<u8>,
    strongroom: Arc<Strongroom>,
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

impl AccessKey {
    /// The root user's access key, from its record.
    pub(crate) fn of_root(
        account: AccountId,
        id: &str,
        sealed_secret: Vec<u8>,
        strongroom: Arc<Strongroom>,
    ) -> Self {
        let caller = Caller {
            account,
            principal: Principal::root(&account.to_string()),
            arn: format!("arn:aws:iam::{account}:root"),
            unique_id: account.to_string(),
            kind: "Root",
            access_key_id: id.to_owned(),
            policies: IdentityPolicies::Root,
        };
        Self { caller, signing_keys: SigningKeys::new(), sealed_secret, strongroom }
    }
}

impl Credential for AccessKey {
    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn signing_keys(&self) -> &SigningKeys {
        &self.signing_keys
    }

    fn secret(&self) -> Result<Plaintext, Fault> {
        let name = secret_name(self.caller.account, &self.caller.access_key_id);
        self.strongroom.open_secret(Purpose::SecretAccessKey, &name, &self.sealed_secret).map_err(|refused| {
            Fault::internal(match refused {
                Refused::Sealed => "the strongroom is sealed",
                _ => "the secret of an access key does not open",
            })
        })
    }
}

/// What a sealed secret is bound to.
fn secret_name(account: AccountId, id: &str) -> Vec<u8> {
    format!("{account}/{id}").into_bytes()
}
