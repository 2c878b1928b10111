//! How long a decision takes, for policies of few and of many statements, of which the last is the one that
//! allows. `cargo run --release -p policy --example decision_time`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement reads the clock and prints"
)]

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use policy::{Identity, Layers, Policy, PolicyKind, Principal, Question, decide, trace};

const KEY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":
    {"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}}"#;
const ROUNDS: u32 = 2000;

fn main() {
    let other_action = r#"{"Effect":"Allow","Action":["kms:Describe*","kms:List*"],"Resource":"*"}"#;
    let other_key = r#"{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt"],
        "Resource":"arn:aws:kms:us-east-1:111122223333:key/other-*"}"#;
    let other_value = r#"{"Effect":"Deny","Action":"kms:*","Resource":"arn:aws:kms:*:111122223333:key/*",
        "Condition":{"StringEquals":{"kms:EncryptionContext:app":["a","b"]}}}"#;
    for (what, statement) in
        [("other actions", other_action), ("other keys", other_key), ("other values", other_value)]
    {
        for count in [1, 10, 1000] {
            measure(what, statement, count);
        }
    }
}

fn measure(what: &str, statement: &str, count: usize) {
    let last = r#"{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}"#;
    let statements = [vec![statement; count - 1], vec![last]].concat().join(",");
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let own = Policy::parse(&text, PolicyKind::IdentityPolicy).unwrap();
    let key_policy = Policy::parse(KEY_POLICY, PolicyKind::KeyPolicy).unwrap();
    let principal = Principal::User {
        account: "111122223333".to_owned(),
        arn: "arn:aws:iam::111122223333:user/ann".to_owned(),
        unique_id: "AIDAANN".to_owned(),
    };
    let keys = BTreeMap::from([("kms:encryptioncontext:app".to_owned(), vec!["web".to_owned()])]);
    let question = Question {
        principal: &principal,
        action: "kms:Encrypt",
        resource: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        keys: &keys,
    };
    let own = [&own];
    let layers = Layers {
        resource_policy: Some(&key_policy),
        resource_policy_decides: true,
        resource_account: Some("111122223333"),
        identity: Identity::Policies(&own),
        boundary: None,
        session: None,
        grant: None,
    };
    let decided = nanoseconds(|| assert!(black_box(decide(black_box(&question), &layers)).is_allowed()));
    let traced =
        nanoseconds(|| assert!(black_box(trace(black_box(&question), &layers)).decision.is_allowed()));
    println!(
        "{count:>5} statements, the others about {what:<13}: decide {decided:>7} ns, trace {traced:>8} ns"
    );
}

/// Of a few series the fastest, as the others waited for something.
fn nanoseconds(mut run: impl FnMut()) -> u128 {
    let series = (0..5).map(|_| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| run());
        start.elapsed().as_nanos() / u128::from(ROUNDS)
    });
    series.min().unwrap_or_default()
}
