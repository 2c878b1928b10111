//! What is offered in a TLS handshake: the same by who listens here and by who connects from here.
//!
//! A crate of its own, so that programs which only connect have nothing of the server in them.

use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// AWS-LC with the groups in our order. See RFC 9794 on hybrid schemes, draft-ietf-tls-ecdhe-mlkem on these two.
#[must_use]
pub fn provider() -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, SECP256R1MLKEM768, SECP384R1, X25519, X25519MLKEM768};
    let kx_groups = vec![X25519MLKEM768, SECP256R1MLKEM768, X25519, SECP256R1, SECP384R1];
    CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() }
}
