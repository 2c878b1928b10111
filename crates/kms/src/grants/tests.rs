use std::sync::Arc;

use model::{
    Timestamp,
    arn::{AccountId, GrantId, KeyArn, KeyId, Region},
    kms::GrantOperation,
};
use policy::{Federator, Naming, Principal};
use proptest::prelude::*;
use store::Revision;

use super::{
    Context, ContextConstraint, Grant, KeyGrants, Party, Retirable, Standing,
    wanted::{NamedParty, Wanted},
};
use state::Kept;

/// The account that owns keys.
const OWNER: &str = "111122223333";
/// Another account.
const OTHER: &str = "444455556666";

/// Somebody who asks.
struct Somebody {
    account: AccountId,
    arn: String,
    principal: Principal,
}

impl Somebody {
    fn new(account: &str, arn: String, principal: Principal) -> Self {
        Self { account: AccountId::parse(account).unwrap(), arn, principal }
    }
}

/// The root user of an account.
fn root(account: &str) -> Somebody {
    Somebody::new(account, format!("arn:aws:iam::{account}:root"), Principal::root(account))
}

/// A user, with an id that its name tells.
fn user(account: &str, name: &str) -> Somebody {
    let arn = format!("arn:aws:iam::{account}:user/{name}");
    let unique_id = format!("AIDA{}", name.to_uppercase());
    let principal = Principal::User { account: account.to_owned(), arn: arn.clone(), unique_id };
    Somebody::new(account, arn, principal)
}

/// A session of a role, with an id that the role's name tells.
fn session(account: &str, role: &str) -> Somebody {
    let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/s");
    let principal = Principal::Session {
        account: account.to_owned(),
        role_arn: format!("arn:aws:iam::{account}:role/{role}"),
        role_id: format!("AROA{}", role.to_uppercase()),
        session_arn: arn.clone(),
    };
    Somebody::new(account, arn, principal)
}

fn context(pairs: &[(&str, &str)]) -> Context {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn principal(arn: &str, unique_id: Option<&str>) -> Party {
    Party::Principal { arn: arn.to_owned(), unique_id: unique_id.map(str::to_owned) }
}

fn account(account: &str) -> Party {
    Party::Account {
        account: AccountId::parse(account).unwrap(),
        arn: format!("arn:aws:iam::{account}:root"),
    }
}

/// A grant of the owner's on its key, for `alice`, for everything that symmetric keys do.
fn grant(number: u32) -> Grant {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Grant {
        id: GrantId::from_bytes(id),
        key: KeyArn {
            region: Region::parse("eu-west-1").unwrap(),
            account: AccountId::parse(OWNER).unwrap(),
            key_id: KeyId::from_bytes([7; 16], false),
        },
        name: String::new(),
        created: Timestamp::from_millis(5),
        grantee: principal("arn:aws:iam::111122223333:user/alice", Some("AIDAALICE")),
        retiring: None,
        issuing_account: AccountId::parse(OWNER).unwrap(),
        operations: vec![GrantOperation::Decrypt, GrantOperation::CreateGrant, GrantOperation::DescribeKey],
        context: None,
        source_arn: None,
        revision: Revision(0),
    }
}

#[test]
fn stored_forms_come_back() {
    let plain = grant(1);
    let full = Grant {
        name: "nightly".to_owned(),
        grantee: Party::Service("logs.amazonaws.com".to_owned()),
        retiring: Some(account(OTHER)),
        context: Some(ContextConstraint::Equals(context(&[("a", "x"), ("b", "y")]))),
        source_arn: Some("arn:aws:logs:eu-west-1:111122223333:log-group:a".to_owned()),
        ..grant(2)
    };
    for grant in [plain, full] {
        let back = Grant::decode(grant.key.clone(), grant.id, &grant.encode(), grant.revision);
        assert_eq!(back.as_ref(), Some(&grant));
    }
}

#[test]
fn who_may_retire_a_grant() {
    use Standing::{Account, Stranger};
    let (itself, role_named) = (Standing::Named(Naming::Directly), Standing::Named(Naming::Bounded));
    let role = "arn:aws:iam::444455556666:role/keeper";
    let retiring = |party: Party| Grant { retiring: Some(party), ..grant(1) };
    let by_grantee = |operations: &[GrantOperation]| Grant { operations: operations.to_vec(), ..grant(1) };
    let issued_elsewhere =
        |grant: Grant| Grant { issuing_account: AccountId::parse(OTHER).unwrap(), ..grant };
    let alice = user(OWNER, "alice");
    let bob = user(OWNER, "bob");
    let stranger = user(OTHER, "eve");
    let keeper = session(OTHER, "keeper");
    for (what, grant, caller, expected) in [
        ("the retiring role's session", retiring(principal(role, Some("AROAKEEPER"))), &keeper, role_named),
        ("the session itself", retiring(principal(&keeper.arn, None)), &keeper, itself),
        ("a later role of that name", retiring(principal(role, Some("AROAELSE"))), &keeper, Stranger),
        ("the retiring account's user", retiring(account(OTHER)), &stranger, Account),
        ("the retiring account's root", retiring(account(OTHER)), &root(OTHER), Account),
        ("the grantee without RetireGrant", issued_elsewhere(grant(1)), &alice, Stranger),
        (
            "the grantee with RetireGrant",
            issued_elsewhere(by_grantee(&[GrantOperation::RetireGrant])),
            &alice,
            itself,
        ),
        ("the issuing account's user", grant(1), &bob, Account),
        ("the issuing account's root", grant(1), &root(OWNER), Account),
        ("the key's account that did not issue", issued_elsewhere(grant(1)), &root(OWNER), Stranger),
        ("somebody else", grant(1), &stranger, Stranger),
    ] {
        assert_eq!(grant.standing(&caller.principal, caller.account), expected, "{what}");
    }
}

#[test]
fn grants_of_fifty_thousand_are_looked_up_and_not_searched_for() {
    const GRANTS: u32 = 50_000;
    let mut grants = KeyGrants::default();
    for number in 0..GRANTS {
        let mut grant = grant(number);
        match number % 3 {
            // Everybody has one.
            0 => grant.grantee = principal(&format!("arn:aws:iam::111122223333:user/u{number}"), None),
            // One has very many, for a tenant each.
            _ => {
                grant.context =
                    Some(ContextConstraint::Subset(context(&[("tenant", &number.to_string()), ("z", "z")])));
            }
        }
        grants.put(Arc::new(grant));
    }
    assert_eq!(grants.count(), GRANTS as usize);

    let alice = "AIDAALICE";
    let looked_at = |name: &str, operation, context: &Context| {
        grants.applicable(name, operation, context).map(|grant| grant.id).collect::<Vec<_>>()
    };
    let own = looked_at("arn:aws:iam::111122223333:user/u3", GrantOperation::Decrypt, &Context::new());
    assert_eq!(own, [grant(3).id]);
    let tenant = context(&[("tenant", "10"), ("z", "z"), ("more", "1")]);
    assert_eq!(looked_at(alice, GrantOperation::Decrypt, &tenant), [grant(10).id]);
    for (name, operation, context) in [
        ("arn:aws:iam::111122223333:user/nobody", GrantOperation::Decrypt, &tenant),
        (alice, GrantOperation::Decrypt, &Context::new()),
        (alice, GrantOperation::Encrypt, &tenant),
    ] {
        assert!(looked_at(name, operation, context).is_empty(), "{name} {operation}");
    }
    // Constraints do not apply to it, so that any grant will do: the first is taken.
    let mut describing = grants.applicable(alice, GrantOperation::DescribeKey, &tenant);
    assert!(describing.next().is_some());
}

#[test]
fn what_is_removed_is_found_nowhere() {
    let mut grants = KeyGrants::default();
    let mut retirable = Retirable::default();
    let retiring = account(OTHER);
    let made = Grant { retiring: Some(retiring.clone()), ..grant(1) };
    retirable.put(&made);
    grants.put(Arc::new(made.clone()));
    // The same id again, for somebody else: the older one is gone.
    grants.put(Arc::new(Grant { grantee: account(OTHER), ..made.clone() }));
    assert_eq!(grants.count(), 1);
    assert_eq!(grants.held_by(&grant(1).grantee.name(), None).count(), 0);
    assert_eq!(retirable.by(&made.key.region, &retiring.name(), None).count(), 1);

    grants.remove(made.id);
    retirable.remove(&made);
    assert_eq!((grants.count(), grants.after(None).count()), (0, 0));
    assert_eq!(grants.applicable(OTHER, GrantOperation::Decrypt, &Context::new()).count(), 0);
    assert_eq!(retirable.by(&made.key.region, &retiring.name(), None).count(), 0);
}

fn contexts() -> impl Strategy<Value = Context> {
    proptest::collection::btree_map("[ab]", "[xy]", 0..3)
}

fn constraints() -> impl Strategy<Value = Option<ContextConstraint>> {
    prop_oneof![
        Just(None),
        contexts().prop_map(|pairs| Some(ContextConstraint::Equals(pairs))),
        contexts().prop_map(|pairs| Some(ContextConstraint::Subset(pairs))),
    ]
}

fn grants() -> impl Strategy<Value = Grant> {
    let operations = proptest::sample::subsequence(GrantOperation::ALL, 0..=GrantOperation::ALL.len());
    let sources = proptest::option::of("[pq]");
    (operations, constraints(), sources).prop_map(|(operations, context, source_arn)| Grant {
        operations,
        context,
        source_arn,
        ..grant(1)
    })
}

fn as_wanted(grant: &Grant) -> Wanted {
    Wanted {
        name: String::new(),
        grantee: NamedParty::Principal("arn:aws:iam::111122223333:user/bob".to_owned()),
        retiring: None,
        operations: grant.operations.clone(),
        context: grant.context.clone(),
        source_arn: grant.source_arn.clone(),
    }
}

proptest! {
    #[test]
    fn a_child_grant_never_allows_what_its_parent_does_not(
        parent in grants(), child in grants(), context in contexts(), source in proptest::option::of("[pq]"),
    ) {
        let fewer = child.operations.into_iter().filter(|operation| parent.operations.contains(operation));
        let child = Grant { operations: fewer.collect(), source_arn: parent.source_arn.clone(), ..child };
        prop_assume!(as_wanted(&child).is_covered_by(&parent));
        for operation in &child.operations {
            if child.admits(*operation, &context, source.as_deref()) {
                prop_assert!(parent.admits(*operation, &context, source.as_deref()));
            }
        }
    }

    #[test]
    fn every_grant_that_admits_a_request_is_found_for_it(
        all in proptest::collection::vec(grants(), 0..8), context in contexts(),
    ) {
        let mut table = KeyGrants::default();
        let all: Vec<_> = all.into_iter().zip(0..).map(|(made, number)| Grant { id: grant(number).id, ..made }).collect();
        for grant in &all {
            table.put(Arc::new(grant.clone()));
        }
        for operation in GrantOperation::ALL {
            let expected = all.iter().filter(|grant| {
                grant.operations.contains(operation) && grant.admits(*operation, &context, Some("p"))
            });
            let mut found: Vec<_> = table
                .applicable(&grant(0).grantee.name(), *operation, &context)
                .filter(|grant| grant.admits(*operation, &context, Some("p")))
                .map(|grant| grant.id)
                .collect();
            found.sort();
            prop_assert_eq!(found, expected.map(|grant| grant.id).collect::<Vec<_>>());
        }
    }
}

#[test]
fn operations_and_sources_are_not_widened_either() {
    let parent = Grant { source_arn: Some("p".to_owned()), ..grant(1) };
    let child = as_wanted(&parent);
    assert!(child.is_covered_by(&parent));
    let wider = [GrantOperation::Decrypt, GrantOperation::Encrypt];
    assert!(!Wanted { operations: wider.to_vec(), ..child.clone() }.is_covered_by(&parent));
    for source_arn in [None, Some("q".to_owned())] {
        assert!(!Wanted { source_arn, ..child.clone() }.is_covered_by(&parent));
    }
}

#[test]
fn whom_a_grant_names_and_how() {
    use Naming::{Account, Bounded, Directly};
    let alice = user(OWNER, "alice").principal;
    let renamed = user(OWNER, "carol").principal;
    let renamed = match renamed {
        Principal::User { account, arn, .. } => {
            Principal::User { account, arn, unique_id: "AIDAALICE".to_owned() }
        }
        other => other,
    };
    let session = session(OWNER, "keeper").principal;
    let service = Principal::Service { name: "logs.amazonaws.com".to_owned() };
    let federated_arn = "arn:aws:sts::111122223333:federated-user/bob";
    let federated = |unique_id: &str| Principal::FederatedUser {
        account: OWNER.to_owned(),
        arn: federated_arn.to_owned(),
        user: Some(Federator {
            arn: "arn:aws:iam::111122223333:user/alice".to_owned(),
            unique_id: unique_id.to_owned(),
        }),
    };
    let alice_arn = "arn:aws:iam::111122223333:user/alice";
    let role_arn = "arn:aws:iam::111122223333:role/keeper";
    let session_arn = "arn:aws:sts::111122223333:assumed-role/keeper/s";
    for (what, party, caller, expected) in [
        ("a user", principal(alice_arn, Some("AIDAALICE")), &alice, Some(Directly)),
        ("a renamed user", principal(alice_arn, Some("AIDAALICE")), &renamed, Some(Directly)),
        ("a namesake of a user", principal(alice_arn, Some("AIDAELSE")), &alice, None),
        ("a federated user", principal(federated_arn, None), &federated("AIDAALICE"), Some(Directly)),
        ("who federated", principal(alice_arn, Some("AIDAALICE")), &federated("AIDAALICE"), None),
        (
            "a namesake of who federated",
            principal(alice_arn, Some("AIDAALICE")),
            &federated("AIDAELSE"),
            None,
        ),
        ("a role", principal(role_arn, Some("AROAKEEPER")), &session, Some(Bounded)),
        ("a namesake of a role", principal(role_arn, Some("AROAELSE")), &session, None),
        ("a session", principal(session_arn, Some("AROAKEEPER:s")), &session, Some(Directly)),
        ("another session", principal(session_arn, Some("AROAKEEPER:t")), &session, None),
        ("a session of a namesake", principal(session_arn, Some("AROAELSE:s")), &session, None),
        ("the account of a user", account(OWNER), &alice, Some(Account)),
        ("the account of a session", account(OWNER), &session, Some(Account)),
        ("the account of a root user", account(OWNER), &root(OWNER).principal, Some(Account)),
        ("another account", account(OTHER), &alice, None),
        ("an account and a service", account(OWNER), &service, None),
        ("a service", Party::Service("logs.amazonaws.com".to_owned()), &service, Some(Directly)),
        ("another service", Party::Service("s3.amazonaws.com".to_owned()), &service, None),
        ("a service with the name of a user", Party::Service("AIDAALICE".to_owned()), &alice, None),
        ("a service with the name of an account", Party::Service(OWNER.to_owned()), &alice, None),
        ("a user with the name of a service", principal("logs.amazonaws.com", None), &service, None),
    ] {
        assert_eq!(party.naming(caller), expected, "{what}");
    }
}
