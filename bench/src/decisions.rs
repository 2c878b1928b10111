//! What a decision costs, by the number of statements in the policies that decide.

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use policy::{Identity, Layers, Policy, PolicyKind, Principal, Question, decide};

use crate::Result;

/// A decision, and how long it takes.
pub(crate) struct Cost {
    pub(crate) statements: usize,
    /// The subject of the statements that do not decide.
    pub(crate) others: &'static str,
    pub(crate) nanos: f64,
}

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const DELEGATION: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}}"#;
/// The number of rounds, of which the fastest counts, and of decisions in each round.
const ROUNDS: usize = 20;
const DECISIONS: u32 = 2_000;

/// Decisions about a user with 1, 10 and 1,000 statements in its policy. The key policy leaves the decision to the
/// account. The last statement allows.
pub(crate) fn measure() -> Result<Vec<Cost>> {
    let mut costs = Vec::new();
    for statements in [1, 10, 1_000] {
        for others in ["other actions", "other keys"] {
            costs.push(Cost { statements, others, nanos: cost(statements, others)? });
        }
    }
    Ok(costs)
}

fn cost(statements: usize, others: &str) -> Result<f64> {
    let other = |number: usize| match others {
        "other keys" => statement("kms:Encrypt", &format!("{}{number}", KEY.trim_end_matches("7890ab"))),
        _ => statement(&format!("kms:Other{number}"), KEY),
    };
    let mut written: Vec<String> = (1..statements).map(other).collect();
    written.push(statement("kms:Encrypt", KEY));
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, written.join(","));
    let own = Policy::parse(&text, PolicyKind::IdentityPolicy).map_err(|error| error.to_string())?;
    let key_policy = Policy::parse(DELEGATION, PolicyKind::KeyPolicy).map_err(|error| error.to_string())?;
    let principal = Principal::User {
        account: ACCOUNT.to_owned(),
        arn: format!("arn:aws:iam::{ACCOUNT}:user/ann"),
        unique_id: "AIDAANN".to_owned(),
    };
    let keys = BTreeMap::new();
    let question = Question { principal: &principal, action: "kms:Encrypt", resource: KEY, keys: &keys };
    let layers = Layers {
        resource_policy: Some(&key_policy),
        resource_policy_decides: true,
        resource_account: Some(ACCOUNT),
        identity: Identity::Policies(&[&own]),
        boundary: None,
        session: None,
        grant: None,
    };
    if !decide(&question, &layers).is_allowed() {
        return Err("the measured decision is a denial".into());
    }
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let from = Instant::now();
        for _ in 0..DECISIONS {
            black_box(decide(black_box(&question), black_box(&layers)));
        }
        least = least.min(from.elapsed().as_secs_f64() * 1e9 / f64::from(DECISIONS));
    }
    Ok(least)
}

fn statement(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
}
