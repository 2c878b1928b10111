use std::collections::BTreeMap;

use dispatch::{Caller, Fault};
use model::{
    Nothing,
    arn::KeyArn,
    kms::{
        CreateGrantRequest, CreateGrantResponse, DescribeKeyRequest, DisableKeyRequest, EncryptRequest,
        GrantConstraints, GrantListEntry, GrantOperation, ListGrantsRequest, ListGrantsResponse,
        ListRetirableGrantsRequest, PutKeyPolicyRequest, RetireGrantRequest, RevokeGrantRequest,
    },
};
use secret::Plaintext;

use super::{code, key};
use crate::{
    ops::{
        create_grant::CreateGrant, describe_key::DescribeKey, disable_key::DisableKey, encrypt::Encrypt,
        list_grants::ListGrants, list_retirable_grants::ListRetirableGrants, put_key_policy::PutKeyPolicy,
        retire_grant::RetireGrant, revoke_grant::RevokeGrant,
    },
    testing::{OTHER, OWNER, World, root, session, statement, user},
};

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A request for a grant to somebody.
fn wanted(key: &KeyArn, grantee: &str, operations: &[GrantOperation]) -> CreateGrantRequest {
    CreateGrantRequest {
        key_id: key.to_string(),
        grantee_principal: Some(grantee.to_owned()),
        operations: operations.to_vec(),
        ..CreateGrantRequest::default()
    }
}

fn subset(of: &[(&str, &str)]) -> Option<GrantConstraints> {
    Some(GrantConstraints { encryption_context_subset: Some(pairs(of)), ..GrantConstraints::default() })
}

fn encrypt(world: &World, caller: &Caller, key: &KeyArn, context: &[(&str, &str)]) -> &'static str {
    encrypt_with(world, caller, key, context, None)
}

fn encrypt_with(
    world: &World,
    caller: &Caller,
    key: &KeyArn,
    context: &[(&str, &str)],
    token: Option<&str>,
) -> &'static str {
    let input = EncryptRequest {
        key_id: key.to_string(),
        plaintext: Plaintext::zeroed(5),
        encryption_context: (!context.is_empty()).then(|| pairs(context)),
        grant_tokens: token.map(|token| vec![token.to_owned()]),
        encryption_algorithm: None,
        dry_run: None,
    };
    code(world.call::<Encrypt>(caller, input))
}

fn list(world: &World, caller: &Caller, key: &KeyArn) -> Vec<GrantListEntry> {
    let input = ListGrantsRequest { key_id: key.to_string(), ..ListGrantsRequest::default() };
    world.call::<ListGrants>(caller, input).unwrap().grants.unwrap()
}

fn retire(world: &World, caller: &Caller, key: &KeyArn, id: &str) -> Result<Nothing, Fault> {
    let input = RetireGrantRequest {
        key_id: Some(key.to_string()),
        grant_id: Some(id.to_owned()),
        ..RetireGrantRequest::default()
    };
    world.call::<RetireGrant>(caller, input)
}

fn grant(world: &World, caller: &Caller, input: CreateGrantRequest) -> CreateGrantResponse {
    world.call::<CreateGrant>(caller, input).unwrap()
}

#[test]
fn a_grant_allows_its_grantee_its_operations_in_its_context() {
    let world = World::new();
    let key = key(&world, None);
    let (alice, bob) = (user(OWNER, "alice", ""), user(OWNER, "bob", ""));
    assert_eq!(encrypt(&world, &alice, &key, &[("a", "x")]), "AccessDeniedException");

    let input = CreateGrantRequest {
        constraints: subset(&[("a", "x")]),
        ..wanted(&key, ALICE, &[GrantOperation::Encrypt])
    };
    grant(&world, &root(OWNER), input);
    assert_eq!(encrypt(&world, &alice, &key, &[("a", "x")]), "ok");
    assert_eq!(encrypt(&world, &alice, &key, &[("a", "x"), ("b", "y")]), "ok");
    assert_eq!(encrypt(&world, &alice, &key, &[("a", "y")]), "AccessDeniedException");
    assert_eq!(encrypt(&world, &alice, &key, &[]), "AccessDeniedException");
    assert_eq!(encrypt(&world, &bob, &key, &[("a", "x")]), "AccessDeniedException");
    let input = DescribeKeyRequest { key_id: key.to_string(), ..DescribeKeyRequest::default() };
    assert_eq!(code(world.call::<DescribeKey>(&alice, input)), "AccessDeniedException");
}

#[test]
fn a_grant_to_a_role_is_one_to_its_sessions_and_not_to_a_later_role() {
    let world = World::new();
    let key = key(&world, None);
    grant(
        &world,
        &root(OWNER),
        wanted(&key, "arn:aws:iam::111122223333:role/app", &[GrantOperation::Encrypt]),
    );
    assert_eq!(encrypt(&world, &session(OWNER, "app", ""), &key, &[]), "ok");
    let mut later = session(OWNER, "app", "");
    if let policy::Principal::Session { role_id, .. } = &mut later.principal {
        "AROALATER".clone_into(role_id);
    }
    assert_eq!(encrypt(&world, &later, &key, &[]), "AccessDeniedException");
}

#[test]
fn explicit_denials_stand_against_grants() {
    let world = World::new();
    let key = key(&world, None);
    grant(&world, &root(OWNER), wanted(&key, ALICE, &[GrantOperation::Encrypt]));
    let denied = user(OWNER, "alice", &statement("Deny", "kms:Encrypt"));
    assert_eq!(encrypt(&world, &denied, &key, &[]), "AccessDeniedException");

    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},
        {"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"kms:Encrypt","Resource":"*"}]}"#;
    let input = PutKeyPolicyRequest {
        key_id: key.to_string(),
        policy: policy.to_owned(),
        ..PutKeyPolicyRequest::default()
    };
    world.call::<PutKeyPolicy>(&root(OWNER), input).unwrap();
    assert_eq!(encrypt(&world, &user(OWNER, "alice", ""), &key, &[]), "AccessDeniedException");
}

#[test]
fn a_grant_to_an_account_is_its_policies_to_hand_on() {
    let world = World::new();
    let key = key(&world, None);
    let account = format!("arn:aws:iam::{OTHER}:root");
    grant(&world, &root(OWNER), wanted(&key, &account, &[GrantOperation::Encrypt]));
    assert_eq!(encrypt(&world, &root(OTHER), &key, &[]), "ok");
    assert_eq!(encrypt(&world, &user(OTHER, "eve", ""), &key, &[]), "AccessDeniedException");
    assert_eq!(encrypt(&world, &user(OTHER, "eve", &statement("Allow", "kms:Encrypt")), &key, &[]), "ok");
}

#[test]
fn a_principal_of_another_account_needs_the_grant_alone() {
    let world = World::new();
    let key = key(&world, None);
    let eve = user(OTHER, "eve", "");
    grant(&world, &root(OWNER), wanted(&key, &eve.arn, &[GrantOperation::Encrypt]));
    assert_eq!(encrypt(&world, &eve, &key, &[]), "ok");
}

#[test]
fn children_are_at_most_what_their_parent_is() {
    let world = World::new();
    let key = key(&world, None);
    let alice = user(OWNER, "alice", "");
    let bob = "arn:aws:iam::111122223333:user/bob";
    let operations = [GrantOperation::Encrypt, GrantOperation::CreateGrant];
    let parent =
        CreateGrantRequest { constraints: subset(&[("a", "x")]), ..wanted(&key, ALICE, &operations) };
    grant(&world, &root(OWNER), parent);

    let child = |operation, constraints| {
        let input = CreateGrantRequest { constraints, ..wanted(&key, bob, &[operation]) };
        code(world.call::<CreateGrant>(&alice, input))
    };
    assert_eq!(child(GrantOperation::Encrypt, None), "AccessDeniedException");
    assert_eq!(child(GrantOperation::Encrypt, subset(&[("b", "y")])), "AccessDeniedException");
    assert_eq!(child(GrantOperation::Decrypt, subset(&[("a", "x")])), "AccessDeniedException");
    assert_eq!(child(GrantOperation::Encrypt, subset(&[("a", "x"), ("b", "y")])), "ok");
    let bob = user(OWNER, "bob", "");
    assert_eq!(encrypt(&world, &bob, &key, &[("a", "x")]), "AccessDeniedException");
    assert_eq!(encrypt(&world, &bob, &key, &[("a", "x"), ("b", "y")]), "ok");
    // Whom the policies allow is not bound by the grant.
    let allowed = user(OWNER, "alice", &statement("Allow", "kms:CreateGrant"));
    let input = wanted(&key, &bob.arn, &[GrantOperation::Decrypt]);
    assert_eq!(code(world.call::<CreateGrant>(&allowed, input)), "ok");
}

#[test]
fn the_same_name_and_request_is_the_same_grant() {
    let world = World::new();
    let key = key(&world, None);
    let named = |name: Option<&str>, operation| CreateGrantRequest {
        name: name.map(str::to_owned),
        ..wanted(&key, ALICE, &[operation])
    };
    let first = grant(&world, &root(OWNER), named(Some("n"), GrantOperation::Encrypt));
    let again = grant(&world, &root(OWNER), named(Some("n"), GrantOperation::Encrypt));
    assert_eq!(first.grant_id, again.grant_id);
    assert_ne!(first.grant_token, again.grant_token);
    let other = grant(&world, &root(OWNER), named(Some("n"), GrantOperation::Decrypt));
    let unnamed = [None, None].map(|name| grant(&world, &root(OWNER), named(name, GrantOperation::Encrypt)));
    assert_ne!(first.grant_id, other.grant_id);
    assert_ne!(unnamed[0].grant_id, unnamed[1].grant_id);
    let names: Vec<_> = list(&world, &root(OWNER), &key).into_iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), 4);
    assert_eq!(names.iter().filter(|name| name.as_deref() == Some("")).count(), 2);
}

#[test]
fn tokens_are_genuine_or_refused() {
    let world = World::new();
    let key = key(&world, None);
    let alice = user(OWNER, "alice", "");
    let made = grant(&world, &root(OWNER), wanted(&key, ALICE, &[GrantOperation::Encrypt]));
    let token = made.grant_token.unwrap();
    assert_eq!(encrypt_with(&world, &alice, &key, &[], Some(&token)), "ok");
    let elsewhere = World::seeded(1);
    let key_there = super::key(&elsewhere, None);
    let foreign = grant(&elsewhere, &root(OWNER), wanted(&key_there, ALICE, &[GrantOperation::Encrypt]));
    let mut altered = token.clone();
    let last = if altered.pop() == Some('A') { 'B' } else { 'A' };
    altered.push(last);
    for wrong in ["x", "****", &altered, token.get(4..).unwrap(), &foreign.grant_token.unwrap()] {
        assert_eq!(encrypt_with(&world, &alice, &key, &[], Some(wrong)), "InvalidGrantTokenException");
    }

    let by_token = RetireGrantRequest { grant_token: Some(token.clone()), ..RetireGrantRequest::default() };
    assert_eq!(code(world.call::<RetireGrant>(&alice, by_token.clone())), "AccessDeniedException");
    assert_eq!(code(world.call::<RetireGrant>(&root(OWNER), by_token.clone())), "ok");
    assert_eq!(code(world.call::<RetireGrant>(&root(OWNER), by_token)), "NotFoundException");
    // The token of a grant that is gone gives nothing and harms nothing.
    assert_eq!(encrypt_with(&world, &alice, &key, &[], Some(&token)), "AccessDeniedException");
    assert_eq!(encrypt_with(&world, &root(OWNER), &key, &[], Some(&token)), "ok");
}

#[test]
fn retiring_and_revoking_are_different_rights() {
    let world = World::new();
    let key = key(&world, None);
    let keeper = "arn:aws:iam::444455556666:user/keeper";
    let input = CreateGrantRequest {
        retiring_principal: Some(keeper.to_owned()),
        ..wanted(&key, ALICE, &[GrantOperation::Encrypt])
    };
    let id = grant(&world, &root(OWNER), input.clone()).grant_id.unwrap();
    let revoke = |caller: &Caller, id: &str| {
        let input = RevokeGrantRequest {
            key_id: key.to_string(),
            grant_id: id.to_owned(),
            ..RevokeGrantRequest::default()
        };
        code(world.call::<RevokeGrant>(caller, input))
    };
    let keeper = user(OTHER, "keeper", "");
    let alice = user(OWNER, "alice", "");
    assert_eq!(revoke(&keeper, &id), "AccessDeniedException");
    assert_eq!(code(retire(&world, &alice, &key, &id)), "AccessDeniedException");
    assert_eq!(
        code(retire(&world, &user(OTHER, "eve", &statement("Allow", "kms:*")), &key, &id)),
        "AccessDeniedException"
    );
    let denied = user(OTHER, "keeper", &statement("Deny", "kms:RetireGrant"));
    assert_eq!(code(retire(&world, &denied, &key, &id)), "AccessDeniedException");
    assert_eq!(code(retire(&world, &keeper, &key, &id)), "ok");
    assert_eq!(encrypt(&world, &alice, &key, &[]), "AccessDeniedException");

    let id = grant(&world, &root(OWNER), input).grant_id.unwrap();
    assert_eq!(
        revoke(&user(OWNER, "admin", &statement("Allow", "kms:RetireGrant")), &id),
        "AccessDeniedException"
    );
    assert_eq!(revoke(&user(OWNER, "admin", &statement("Allow", "kms:RevokeGrant")), &id), "ok");
    assert_eq!(revoke(&root(OWNER), &id), "NotFoundException");
    assert_eq!(revoke(&root(OWNER), "nonsense"), "InvalidGrantIdException");
    // Of keys of other accounts nothing is said, not even whether they exist.
    let missing = KeyArn { key_id: model::arn::KeyId::from_bytes([9; 16], false), ..key.clone() };
    assert_eq!(retire(&world, &keeper, &missing, &id).err(), retire(&world, &keeper, &key, &id).err());
}

#[test]
fn listings_page_and_filter() {
    let world = World::new();
    let (key, other) = (key(&world, None), key(&world, None));
    for number in 0..5 {
        let grantee = format!("arn:aws:iam::111122223333:user/u{}", number % 2);
        let input = CreateGrantRequest {
            retiring_principal: Some(ALICE.to_owned()),
            ..wanted(if number == 4 { &other } else { &key }, &grantee, &[GrantOperation::Encrypt])
        };
        grant(&world, &root(OWNER), input);
    }
    let page = |marker: Option<String>| {
        let input = ListGrantsRequest {
            key_id: key.to_string(),
            limit: Some(3),
            marker,
            ..ListGrantsRequest::default()
        };
        world.call::<ListGrants>(&root(OWNER), input)
    };
    let ids = |page: &ListGrantsResponse| -> Vec<String> {
        page.grants.iter().flatten().filter_map(|entry| entry.grant_id.clone()).collect()
    };
    let first = page(None).unwrap();
    let second = page(first.next_marker.clone()).unwrap();
    assert_eq!((first.truncated, second.truncated), (Some(true), Some(false)));
    assert_eq!((ids(&first).len(), ids(&second).len()), (3, 1));
    assert!(!ids(&first).contains(&ids(&second)[0]));
    assert_eq!(code(page(Some("nonsense".to_owned()))), "InvalidMarkerException");

    let of = |grantee: &str| {
        let input = ListGrantsRequest {
            key_id: key.to_string(),
            grantee_principal: Some(grantee.to_owned()),
            ..ListGrantsRequest::default()
        };
        world.call::<ListGrants>(&root(OWNER), input).map(|page| ids(&page).len())
    };
    assert_eq!(of("arn:aws:iam::111122223333:user/u1").unwrap(), 2);
    assert_eq!(of("arn:aws:iam::111122223333:user/none").unwrap(), 0);
    assert_eq!(code(of("nonsense")), "InvalidArnException");

    let retirable = |marker: Option<String>| {
        let input = ListRetirableGrantsRequest {
            retiring_principal: Some(ALICE.to_owned()),
            limit: Some(3),
            marker,
            ..ListRetirableGrantsRequest::default()
        };
        world.call::<ListRetirableGrants>(&root(OWNER), input).unwrap()
    };
    let first = retirable(None);
    let second = retirable(first.next_marker.clone());
    assert_eq!((ids(&first).len(), ids(&second).len()), (3, 2));
    let input = ListRetirableGrantsRequest {
        retiring_principal: Some("arn:aws:iam::444455556666:user/eve".to_owned()),
        ..ListRetirableGrantsRequest::default()
    };
    assert_eq!(code(world.call::<ListRetirableGrants>(&root(OWNER), input)), "InvalidArnException");
}

#[test]
fn what_is_no_grant() {
    let world = World::new();
    let key = key(&world, None);
    let both = Some(GrantConstraints {
        encryption_context_equals: Some(pairs(&[("a", "x")])),
        encryption_context_subset: Some(pairs(&[("a", "x")])),
        source_arn: None,
    });
    let nine: Vec<(String, String)> = (0..9).map(|n| (n.to_string(), n.to_string())).collect();
    let nine: Vec<(&str, &str)> = nine.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let encrypting = || wanted(&key, ALICE, &[GrantOperation::Encrypt]);
    let service = || CreateGrantRequest {
        grantee_principal: None,
        grantee_service_principal: Some("logs.eu-west-1.amazonaws.com".to_owned()),
        ..encrypting()
    };
    for (input, expected) in [
        (wanted(&key, ALICE, &[]), "ValidationException"),
        (wanted(&key, ALICE, &[GrantOperation::Sign]), "ValidationException"),
        (wanted(&key, ALICE, &[GrantOperation::GetPublicKey]), "ValidationException"),
        (CreateGrantRequest { constraints: both, ..encrypting() }, "ValidationException"),
        (CreateGrantRequest { constraints: subset(&nine), ..encrypting() }, "ValidationException"),
        (
            CreateGrantRequest { constraints: subset(&[("a", &"v".repeat(385))]), ..encrypting() },
            "ValidationException",
        ),
        (CreateGrantRequest { grantee_principal: None, ..encrypting() }, "ValidationException"),
        (
            CreateGrantRequest { grantee_principal: Some(ALICE.to_owned()), ..service() },
            "ValidationException",
        ),
        (service(), "ValidationException"),
        (
            wanted(&key, "arn:aws:iam::111122223333:user/ghost", &[GrantOperation::Encrypt]),
            "InvalidArnException",
        ),
        (
            wanted(&key, "arn:aws:iam::111122223333:group/g", &[GrantOperation::Encrypt]),
            "InvalidArnException",
        ),
        (wanted(&key, "111122223333", &[GrantOperation::Encrypt]), "InvalidArnException"),
        (wanted(&key, "alice", &[GrantOperation::Encrypt]), "InvalidArnException"),
        (CreateGrantRequest { dry_run: Some(true), ..encrypting() }, "DryRunOperationException"),
    ] {
        let what = format!("{input:?}");
        assert_eq!(code(world.call::<CreateGrant>(&root(OWNER), input)), expected, "{what}");
    }
    assert!(list(&world, &root(OWNER), &key).is_empty());

    world.call::<DisableKey>(&root(OWNER), DisableKeyRequest { key_id: key.to_string() }).unwrap();
    assert_eq!(code(world.call::<CreateGrant>(&root(OWNER), encrypting())), "DisabledException");
}

#[test]
fn policies_can_ask_about_a_grant_that_is_to_be_made() {
    let world = World::new();
    let key = key(&world, None);
    for (operator, name, value, expected) in [
        ("ForAllValues:StringEquals", "kms:GrantOperations", "Encrypt", "ok"),
        ("ForAllValues:StringEquals", "kms:GrantOperations", "Decrypt", "AccessDeniedException"),
        ("StringEquals", "kms:GranteePrincipal", ALICE, "ok"),
        ("StringEquals", "kms:GrantConstraintType", "EncryptionContextSubset", "ok"),
        ("StringEquals", "kms:GrantConstraintType", "EncryptionContextEquals", "AccessDeniedException"),
        ("StringEquals", "kms:EncryptionContext:a", "x", "ok"),
        ("StringEquals", "kms:RetiringPrincipal", ALICE, "ok"),
        ("Null", "kms:RetiringServicePrincipal", "true", "ok"),
        ("Bool", "kms:GrantIsForAWSResource", "true", "AccessDeniedException"),
    ] {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Condition":{{"{operator}":{{"{name}":"{value}"}}}}}}"#
        );
        let input = CreateGrantRequest {
            retiring_principal: Some(ALICE.to_owned()),
            constraints: subset(&[("a", "x")]),
            ..wanted(&key, ALICE, &[GrantOperation::Encrypt])
        };
        let admin = user(OWNER, "admin", &statement);
        assert_eq!(code(world.call::<CreateGrant>(&admin, input)), expected, "{statement}");
    }
}
