//! Tokens that Python's `cryptography` signed (`make_vectors.py`), good and bad.

#![expect(clippy::unwrap_used, reason = "tests")]

use oidc::{Claims, KeySet, KeySetError, TOKEN_CHARACTERS_MAX, Token, TokenError, Untimely};
use proptest::prelude::*;
use serde_json::{Value, json};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn key_set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn read(token: &str, keys: &KeySet) -> Result<Claims, TokenError> {
    Token::parse(token)?.verify(keys)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn tokens_of_another_implementation_are_believed() {
    let vectors = vectors();
    let keys = key_set(vectors["keys"].as_array().unwrap());
    for (name, token) in vectors["accepted"].as_object().unwrap() {
        let parsed = Token::parse(text(token)).unwrap();
        assert_eq!(parsed.issuer(), "https://id.example.com", "{name}");
        assert!(keys.has(parsed.key_id()) && !keys.has(Some("nobody")));
        let claims = parsed.verify(&keys).unwrap();
        assert_eq!(
            (claims.subject.as_str(), claims.authorized_party.as_deref()),
            ("carol", Some("a")),
            "{name}"
        );
        assert_eq!(
            (claims.audiences.as_slice(), claims.methods.len()),
            (&["a".to_owned(), "b".to_owned()][..], 2)
        );
        assert_eq!(claims.source_identity.as_deref(), Some("carol@example.com"));
        let tags = claims.tags.as_ref().unwrap();
        assert_eq!(tags.values.get("team").map(String::as_str), Some("red"));
        assert!(tags.transitive.contains("team"));
        assert_eq!(claims.check_time(1_700_003_599), Ok(()));
        assert_eq!(claims.check_time(1_700_003_600), Err(Untimely::Expired(1_700_003_600)));
        assert_eq!(claims.check_time(1_699_999_700), Ok(()));
        assert_eq!(claims.check_time(1_699_999_699), Err(Untimely::Early("nbf")));
    }
}

#[test]
fn every_other_token_is_refused_and_told_why() {
    let vectors = vectors();
    let keys = key_set(vectors["keys"].as_array().unwrap());
    let refused = vectors["refused"].as_object().unwrap();
    assert!(refused.len() > 30);
    for (name, vector) in refused {
        let why = match read(text(&vector["token"]), &keys).unwrap_err() {
            TokenError::Form(_) => "form",
            TokenError::Algorithm => "algorithm",
            TokenError::Claim(_) => "claim",
            TokenError::Key => "key",
            TokenError::Signature => "signature",
        };
        assert_eq!(why, text(&vector["why"]), "{name}");
    }
}

#[test]
fn without_a_key_id_nothing_is_guessed() {
    let vectors = vectors();
    let (keys, token) =
        (vectors["keys"].as_array().unwrap(), text(&vectors["refused"]["no key id"]["token"]));
    assert!(read(token, &key_set(&keys[..1])).is_ok(), "the only key is meant");
    assert_eq!(read(token, &key_set(&keys[..2])), Err(TokenError::Key));
    assert_eq!(read(token, &key_set(&keys[1..2])), Err(TokenError::Algorithm));
    // Two keys of one id differ in kind.
    let mut twins = keys[..2].to_vec();
    twins[1]["kid"] = "rsa".into();
    assert!(read(text(&vectors["accepted"]["RS256"]), &key_set(&twins)).is_ok());
}

#[test]
fn what_is_no_set_of_public_keys_is_refused() {
    let rsa = || json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" });
    let with = |name: &str, value: &str| {
        let mut key = rsa();
        key[name] = value.into();
        json!({ "keys": [rsa(), key] }).to_string()
    };
    for (text, error) in [
        (String::new(), KeySetError::Form),
        ("[]".to_owned(), KeySetError::Form),
        (r#"{"keys":{}}"#.to_owned(), KeySetError::Form),
        (r#"{"keys":[1]}"#.to_owned(), KeySetError::Form),
        (r#"{"keys":[],"keys":[]}"#.to_owned(), KeySetError::Form),
        (r#"{"keys":[]}"#.to_owned(), KeySetError::Empty),
        (r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#.to_owned(), KeySetError::Empty),
        (r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","alg":"PS256"}]}"#.to_owned(), KeySetError::Empty),
        (with("d", "AQAB"), KeySetError::Private),
        (with("k", "AQAB"), KeySetError::Private),
    ] {
        assert_eq!(KeySet::parse(text.as_bytes()), Err(error), "{text}");
    }
}

#[test]
fn a_token_has_a_longest() {
    let token = "a".repeat(TOKEN_CHARACTERS_MAX + 1);
    assert_eq!(Token::parse(&token).unwrap_err(), TokenError::Form("it is too long"));
}

proptest! {
    /// A token with any change is no longer believed.
    #[test]
    fn a_changed_token_is_refused(place in 0usize..10_000, letter in "[A-Za-z0-9_.-]") {
        let vectors = vectors();
        let keys = key_set(vectors["keys"].as_array().unwrap());
        let token = text(&vectors["accepted"]["ES256"]);
        let place = place % token.len();
        let (before, after) = token.split_at(place);
        let changed = format!("{before}{letter}{}", after.split_at(1).1);
        prop_assume!(changed != token);
        prop_assert!(read(&changed, &keys).is_err());
    }

    #[test]
    fn anything_is_read_without_a_panic(text in "\\PC{0,200}", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let _ = Token::parse(&text);
        let _ = Token::parse(&parts.join("."));
        let _ = KeySet::parse(text.as_bytes());
    }
}
