//! Grant tokens: names of grants that cannot be made up.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#grant_token>
//!
//! A grant holds from the moment it is committed, so that a token adds nothing to it; but one that is not
//! genuine is refused, and `RetireGrant` finds the grant by it.

use base64_simd::URL_SAFE_NO_PAD;
use dispatch::{Cx, Fault};
use model::arn::{GrantId, KeyArn, KeyRef};
use strongroom::{Purpose, Refused};

use crate::{Kms, faults};

/// The grant that a token names. It may be gone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) key: KeyArn,
    pub(crate) id: GrantId,
}

/// Random bytes that make every token another.
const NONCE_BYTES: usize = 16;

/// A token for a grant, another one each time. The length of the tag, the tag, the nonce, the key's ARN, the
/// grant's id.
pub(crate) fn mint(kms: &Kms, cx: &Cx<'_>, key: &KeyArn, id: GrantId) -> Result<String, Fault> {
    let mut nonce = [0; NONCE_BYTES];
    cx.entropy.fill(&mut nonce).map_err(|_| Fault::internal("the source of random bytes failed"))?;
    let message = [&nonce, format!("{key} {id}").as_bytes()].concat();
    let tag = kms.strongroom.tag(Purpose::GrantToken, &message).map_err(faults::strongroom)?;
    let length = u8::try_from(tag.len()).map_err(|_| Fault::internal("a token's tag is too long"))?;
    let bytes: Vec<u8> = std::iter::once(length).chain(tag).chain(message).collect();
    Ok(URL_SAFE_NO_PAD.encode_to_string(bytes))
}

/// The grant that a token names, if this deployment made it in the call's Region.
pub(crate) fn read(kms: &Kms, cx: &Cx<'_>, token: &str) -> Result<Named, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(token).map_err(|_| faults::invalid_grant_token())?;
    let (length, rest) = bytes.split_first().ok_or_else(faults::invalid_grant_token)?;
    let (tag, message) =
        rest.split_at_checked(usize::from(*length)).ok_or_else(faults::invalid_grant_token)?;
    match kms.strongroom.check_tag(Purpose::GrantToken, message, tag) {
        Ok(()) => {}
        Err(Refused::WouldNotOpen) => return Err(faults::invalid_grant_token()),
        Err(refused) => return Err(faults::strongroom(refused)),
    }
    named(message).filter(|named| named.key.region == *cx.region).ok_or_else(faults::invalid_grant_token)
}

/// Checks the tokens that come along with a call.
pub(crate) fn check_tokens(kms: &Kms, cx: &Cx<'_>, tokens: &[String]) -> Result<(), Fault> {
    tokens.iter().try_for_each(|token| read(kms, cx, token).map(|_| ()))
}

fn named(message: &[u8]) -> Option<Named> {
    let text = std::str::from_utf8(message.get(NONCE_BYTES..)?).ok()?;
    let (key, id) = text.split_once(' ')?;
    match KeyRef::parse(key) {
        Ok(KeyRef::Arn(key)) => Some(Named { key, id: GrantId::parse(id).ok()? }),
        _ => None,
    }
}
