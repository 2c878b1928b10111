//! Tokens of OpenID Connect providers: parsed strictly, then verified, then asked for their claims. The crate is
//! pure: no clock, no network.
//!
//! ```text
//! text ── Token::parse ──► Token (believed in nothing) ── verify, with the issuer's keys ──► Claims
//! ```
//! Before it is verified, a token tells only by whose keys to verify it. Two algorithms are known, RS256 and ES256,
//! and the key decides which of them may be used with it, not the token: so neither `none` nor an HMAC with a
//! public key as its secret can be said. <https://www.rfc-editor.org/rfc/rfc8725>

mod claims;
mod error;
mod keys;
mod strict;
mod token;

pub use claims::{Claims, SKEW_SECONDS, Tags};
pub use error::{KeySetError, TokenError, Untimely};
pub use keys::KeySet;
pub use token::{TOKEN_CHARACTERS_MAX, Token};
