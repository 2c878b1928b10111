//! Session tokens: claims and a secret, sealed by the strongroom for the id of their access key.
//!
//! ```text
//! secret (40 characters) ‖ claims (CBOR) ── sealed under the access key id ──► token in base64
//! ```
//! Nothing of it is stored, so every node reads a token as soon as it has the domain keys.

use base64_simd::STANDARD;
use dispatch::{Cx, Fault};
use model::{Timestamp, arn::AccountId};
use secret::Plaintext;
use sigv4::AuthError;
use strongroom::{Entropy, Purpose, Refused, Strongroom};

use crate::sessions::Claims;

/// Temporary credentials, as they are handed out once.
pub(crate) struct Minted {
    pub(crate) access_key_id: String,
    pub(crate) secret: Plaintext,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
}

/// Characters of a secret.
const SECRET_CHARACTERS: usize = 40;
/// Random bytes of a secret: 40 characters of base64.
const SECRET_BYTES: usize = 30;
/// Longest token, in characters. What goes into one is limited far below.
const TOKEN_CHARACTERS_MAX: usize = 16 * 1024;
/// Characters of ids after the prefix: base32 (RFC 4648 section 6), as AWS's.
const ID_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The prefix of temporary access keys.
const ID_PREFIX: &str = "ASIA";
/// Characters that carry the account, and bits of each. As many random ones follow.
const ACCOUNT_CHARACTERS: u32 = 8;
const CHARACTER_BITS: u32 = 5;

/// Makes credentials that say this.
pub(crate) fn mint(strongroom: &Strongroom, cx: &Cx<'_>, claims: &Claims) -> Result<Minted, Fault> {
    let entropy = &**cx.entropy;
    let without_entropy = |_| Fault::internal("the source of random bytes failed");
    let access_key_id = access_key_id(claims.account, entropy).map_err(without_entropy)?;
    let secret = Plaintext::zeroed(SECRET_BYTES).fill(|out| entropy.fill(out)).map_err(without_entropy)?;
    let secret = secret.to_base64();
    let claimed = minicbor::to_vec(claims).map_err(|_| Fault::internal("claims do not encode"))?;
    let plain = Plaintext::new([secret.reveal(), &claimed].concat());
    let sealed = strongroom
        .seal_secret(Purpose::SessionToken, access_key_id.as_bytes(), &plain, entropy)
        .map_err(|_| Fault::internal("the strongroom is sealed"))?;
    Ok(Minted {
        access_key_id,
        secret,
        token: STANDARD.encode_to_string(sealed),
        expires: Timestamp::from_millis(claims.expires),
    })
}

/// What a token says, if this deployment made it for this access key, and the token's bytes.
///
/// # Errors
/// `UnrecognizedClientException` for any other token.
pub(super) fn read(
    strongroom: &Strongroom,
    access_key_id: &str,
    token: &str,
) -> Result<(Claims, Vec<u8>), Fault> {
    let refused = || Fault::from(AuthError::UnrecognizedClient);
    if token.len() > TOKEN_CHARACTERS_MAX {
        return Err(refused());
    }
    let sealed = STANDARD.decode_to_vec(token).map_err(|_| refused())?;
    let plain = open(strongroom, access_key_id, &sealed)?;
    let (_, claims) = plain.reveal().split_at_checked(SECRET_CHARACTERS).ok_or_else(refused)?;
    Ok((minicbor::decode(claims).map_err(|_| refused())?, sealed))
}

/// The secret in a token that has been read before.
pub(super) fn secret(
    strongroom: &Strongroom,
    access_key_id: &str,
    sealed: &[u8],
) -> Result<Plaintext, Fault> {
    let plain = open(strongroom, access_key_id, sealed)?;
    let secret = plain.reveal().get(..SECRET_CHARACTERS);
    Ok(Plaintext::new(secret.ok_or_else(|| Fault::from(AuthError::UnrecognizedClient))?.to_vec()))
}

/// The account in the id of a temporary access key. It proves nothing; the token does.
pub(crate) fn account_of(access_key_id: &str) -> Option<AccountId> {
    let characters = access_key_id.strip_prefix(ID_PREFIX)?.as_bytes();
    if characters.len() != 2 * ACCOUNT_CHARACTERS as usize {
        return None;
    }
    let mut number = 0;
    for character in characters.iter().take(ACCOUNT_CHARACTERS as usize) {
        let digit = ID_ALPHABET.iter().position(|letter| letter == character)?;
        number = number << CHARACTER_BITS | digit as u64;
    }
    AccountId::from_u64(number)
}

fn open(strongroom: &Strongroom, access_key_id: &str, sealed: &[u8]) -> Result<Plaintext, Fault> {
    let opened = strongroom.open_secret(Purpose::SessionToken, access_key_id.as_bytes(), sealed);
    opened.map_err(|refused| match refused {
        Refused::Sealed => Fault::internal("the strongroom is sealed"),
        _ => AuthError::UnrecognizedClient.into(),
    })
}

fn access_key_id(account: u64, entropy: &dyn Entropy) -> Result<String, strongroom::EntropyFailed> {
    let mut random = [0; ACCOUNT_CHARACTERS as usize];
    entropy.fill(&mut random)?;
    let digits = (0..ACCOUNT_CHARACTERS).rev().map(|place| (account >> (place * CHARACTER_BITS)) as u8);
    let letter = |byte: u8| ID_ALPHABET.get(usize::from(byte % 32)).copied().map_or('A', char::from);
    Ok(ID_PREFIX.chars().chain(digits.chain(random).map(letter)).collect())
}
