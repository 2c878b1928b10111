//! Policies and questions over small alphabets.

use policy::{Federator, Naming, Principal};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::select,
    strategy::Union,
};
use serde_json::{Map, Value, json};

use crate::naive::Context;

pub(crate) const HERE: &str = "111122223333";
pub(crate) const THERE: &str = "444455556666";

/// Everything that has a say, as text, and some questions to it.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) key_policy: Option<Value>,
    /// The root user has none.
    pub(crate) identity: Vec<Value>,
    pub(crate) boundary: Option<Value>,
    pub(crate) session: Option<Vec<Value>>,
    /// How a grant names the caller, if there is one.
    pub(crate) grant: Option<Naming>,
    /// Whether the key policy has to let callers of its account in.
    pub(crate) key_policy_decides: bool,
    pub(crate) questions: Vec<Asked>,
}

#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) principal: Principal,
    pub(crate) action: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) context: Context,
    /// Keys that have one of several values: of names that differ in case only.
    pub(crate) doubtful: Context,
}

/// How many questions a scene has: policies cost more to generate than questions.
const QUESTIONS: usize = 5;

pub(crate) fn scene() -> impl Strategy<Value = Scene> {
    let layers = (
        option::weighted(0.85, policy(true)),
        vec(policy(false), 0..3),
        option::weighted(0.25, policy(false)),
        option::weighted(0.25, vec(policy(false), 0..3)),
        option::weighted(0.1, select(vec![Naming::Directly, Naming::Bounded, Naming::Account])),
        prop::bool::weighted(0.8),
    );
    let question = (principal(), select(ACTIONS.to_vec()), select(RESOURCES.to_vec()), context(), doubtful());
    let question = question.prop_map(|(principal, action, resource, context, doubtful)| {
        let context = context.into_iter().filter(|(key, _)| !doubtful.contains_key(key)).collect();
        Asked { principal, action, resource, context, doubtful }
    });
    (layers, vec(question, QUESTIONS)).prop_map(
        |((key_policy, identity, boundary, session, grant, key_policy_decides), questions)| Scene {
            key_policy,
            identity,
            boundary,
            session,
            grant,
            key_policy_decides,
            questions,
        },
    )
}

const ACTIONS: [&str; 3] = ["kms:Encrypt", "kms:Decrypt", "kms:CreateKey"];
const RESOURCES: [&str; 3] =
    ["arn:aws:kms:us-east-1:111122223333:key/ann", "arn:aws:kms:us-east-1:111122223333:key/bob", "*"];

const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/id.example.com";

fn principal() -> impl Strategy<Value = Principal> {
    let name = select(vec!["ann", "bob"]);
    (select(vec![HERE, HERE, THERE]), name, select(vec!["one", "two"]), 0..10).prop_map(
        |(account, name, session, kind)| match kind {
            0 => Principal::root(account),
            1..=3 => Principal::User {
                account: account.to_owned(),
                arn: format!("arn:aws:iam::{account}:user/{name}"),
                unique_id: unique_id("AIDA", account, name),
            },
            4 | 5 => Principal::Session {
                account: account.to_owned(),
                role_arn: format!("arn:aws:iam::{account}:role/{name}"),
                role_id: unique_id("AROA", account, name),
                session_arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
            },
            6 | 7 => Principal::FederatedUser {
                account: account.to_owned(),
                arn: format!("arn:aws:sts::{account}:federated-user/{session}"),
                user: (kind == 6).then(|| Federator {
                    arn: format!("arn:aws:iam::{account}:user/{name}"),
                    unique_id: unique_id("AIDA", account, name),
                }),
            },
            8 => Principal::WebIdentity { provider: PROVIDER.to_owned() },
            _ => Principal::Service { name: "logs.amazonaws.com".to_owned() },
        },
    )
}

fn unique_id(kind: &str, account: &str, name: &str) -> String {
    let account: String = account.chars().take(1).collect();
    format!("{kind}{account}{}", name.to_uppercase())
}

/// The unique id of whoever has an ARN, as a directory knows it.
pub(crate) fn id_of(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.split([':', '/']).collect();
    match parts[..] {
        [_, _, "iam", _, account, "user", name] => Some(unique_id("AIDA", account, name)),
        [_, _, "iam", _, account, "role", name] => Some(unique_id("AROA", account, name)),
        [_, _, "sts", _, account, "assumed-role", name, session] => {
            Some(format!("{}:{session}", unique_id("AROA", account, name)))
        }
        _ => None,
    }
}

/// Keys that are there or not, with the values that conditions are about.
fn context() -> impl Strategy<Value = Context> {
    let texts = || vec(select(TEXTS.to_vec()), 0..3);
    let one = |values: &[&'static str]| vec(select(values.to_vec()), 0..2);
    (
        (texts(), texts(), one(&TEXTS), one(&TEXTS)),
        (one(&NUMBERS), one(&DATES), one(&TRUTHS), one(&ADDRESSES), one(&ARNS), one(&BYTES)),
        vec(any::<bool>(), KEYS.len()),
    )
        .prop_map(|(texts, others, present)| {
            let (a, keys, pair, name) = texts;
            let (number, date, truth, address, arn, bytes) = others;
            let values = [a, keys, pair, name, number, date, truth, address, arn, bytes];
            let all = KEYS.iter().zip(values).zip(present);
            // An empty list stands for a key that is there and has no values.
            let all = all.filter(|((_, values), present)| *present || !values.is_empty());
            all.map(|((key, values), _)| {
                (key.to_lowercase(), values.into_iter().map(str::to_owned).collect())
            })
            .collect()
        })
}

/// Mostly none.
fn doubtful() -> impl Strategy<Value = Context> {
    let values = || option::weighted(0.2, btree_set(select(TEXTS.to_vec()), 2..4));
    (values(), values(), values()).prop_map(|(pair, tag, text)| {
        let keys = ["kms:encryptioncontext:pair", "aws:principaltag/name", "aws:a"]
            .into_iter()
            .zip([pair, tag, text]);
        keys.filter_map(|(key, values)| {
            Some((key.to_owned(), values?.into_iter().map(str::to_owned).collect()))
        })
        .collect()
    })
}

const KEYS: [&str; 10] = [
    "aws:A",
    "kms:EncryptionContextKeys",
    "kms:EncryptionContext:Pair",
    "aws:PrincipalTag/Name",
    "kms:Number",
    "aws:CurrentTime",
    "aws:Truth",
    "aws:SourceIp",
    "aws:PrincipalArn",
    "aws:Bytes",
];
const TEXTS: [&str; 7] = ["ann", "bob", "Ann", "", "*", "a", "a:b"];
const NUMBERS: [&str; 5] = ["1", "2", "2.0", "-3", "many"];
const DATES: [&str; 5] =
    ["2026-11-24T20:15:00Z", "2026-11-24T20:15:01Z", "2024-03-01T00:00:00Z", "1795551300", "never"];
const TRUTHS: [&str; 4] = ["true", "false", "TRUE", "perhaps"];
const ADDRESSES: [&str; 6] =
    ["192.0.2.1", "192.0.3.1", "2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0", "nowhere"];
const ARNS: [&str; 5] = [
    "arn:aws:iam::111122223333:user/ann",
    "arn:aws:iam::111122223333:role/ann",
    "arn:aws:iam::444455556666:user/a:b",
    "arn:aws:iam",
    "ann",
];
const BYTES: [&str; 3] = ["AAEC", "AAED", ""];

fn policy(names_principals: bool) -> impl Strategy<Value = Value> {
    let version = select(vec!["2012-10-17", "2012-10-17", "2008-10-17", ""]);
    (version, vec(statement(names_principals), 1..4)).prop_map(|(version, mut statements)| {
        for (number, statement) in statements.iter_mut().enumerate() {
            // Every other statement has a name.
            if number % 2 == 1 {
                statement["Sid"] = json!(format!("S{number}"));
            }
        }
        let statements = if statements.len() == 1 { statements.remove(0) } else { json!(statements) };
        let mut policy = json!({ "Statement": statements });
        if !version.is_empty() {
            policy["Version"] = json!(version);
        }
        policy
    })
}

fn statement(names_principals: bool) -> impl Strategy<Value = Value> {
    let effect = prop::bool::weighted(0.75);
    let negated = || prop::bool::weighted(0.15);
    let absent = prop::bool::weighted(0.03);
    let action = select(ACTION_PATTERNS.to_vec());
    let resource = select(RESOURCE_PATTERNS.to_vec());
    (
        (effect, negated(), vec(principal_pattern(), 1..4)),
        (negated(), vec(action, 1..3), absent),
        (negated(), vec(resource, 1..3)),
        option::weighted(0.5, vec(condition(), 1..3)),
    )
        .prop_map(move |(who, what, on, conditions)| {
            let mut statement = Map::new();
            let effect = if who.0 { "Allow" } else { "Deny" };
            statement.insert("Effect".to_owned(), json!(effect));
            if names_principals {
                // AWS refuses to allow whoever is not named.
                let element = if who.1 && !who.0 { "NotPrincipal" } else { "Principal" };
                statement.insert(element.to_owned(), principals(&who.2));
            }
            let element = if what.0 { "NotAction" } else { "Action" };
            // Only key policies may leave it out.
            if !(what.2 && names_principals) {
                statement.insert(element.to_owned(), one_or_many(&what.1));
            }
            let element = if on.0 { "NotResource" } else { "Resource" };
            statement.insert(element.to_owned(), one_or_many(&on.1));
            if let Some(conditions) = conditions {
                statement.insert("Condition".to_owned(), block(conditions, names_principals));
            }
            Value::Object(statement)
        })
}

const ACTION_PATTERNS: [&str; 8] =
    ["*", "kms:*", "kms:Encrypt", "KMS:decrypt", "kms:?ncrypt", "kms:*crypt", "kms:Create*", "s3:*"];
const RESOURCE_PATTERNS: [&str; 8] = [
    "*",
    "*",
    "arn:aws:kms:us-east-1:111122223333:key/ann",
    "arn:aws:kms:*:111122223333:key/???",
    "arn:aws:kms:us-east-1:*:key/${aws:PrincipalTag/name}",
    "arn:aws:kms:us-east-1:*:key/${aws:principaltag/Name, 'bob'}",
    "arn:aws:kms:us-east-1:111122223333:key/${*}",
    "arn:aws:kms:*",
];

fn principal_pattern() -> impl Strategy<Value = (&'static str, String)> {
    let account = select(vec![HERE, HERE, THERE]);
    (account, select(vec!["ann", "bob"]), select(vec!["one", "two"]), 0..10).prop_map(
        |(account, name, session, kind)| {
            let aws = match kind {
                0 => "*".to_owned(),
                1 | 2 => format!("arn:aws:iam::{account}:root"),
                3 => account.to_owned(),
                4 => format!("arn:aws:iam::{account}:user/{name}"),
                5 => format!("arn:aws:iam::{account}:role/{name}"),
                6 => format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
                7 => unique_id(if session == "one" { "AIDA" } else { "AROA" }, account, name),
                8 => format!("arn:aws:sts::{account}:federated-user/{session}"),
                9 if session == "one" => return ("Federated", PROVIDER.to_owned()),
                _ => return ("Service", "logs.amazonaws.com".to_owned()),
            };
            ("AWS", aws)
        },
    )
}

fn principals(patterns: &[(&'static str, String)]) -> Value {
    if let [("AWS", everybody)] = patterns
        && everybody == "*"
    {
        return json!("*");
    }
    let mut kinds = Map::new();
    for (kind, value) in patterns {
        let values = kinds.entry((*kind).to_owned()).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(json!(value));
    }
    Value::Object(kinds)
}

/// An operator, a key, and values of the operator's type.
fn condition() -> impl Strategy<Value = (String, &'static str, Vec<Value>)> {
    let of = |operators: &[&'static str], keys: &[&'static str], values: Vec<Value>| {
        (select(operators.to_vec()), select(keys.to_vec()), vec(select(values), 1..3))
    };
    let texts: Vec<Value> =
        ["ann", "bob", "Ann", "", "*", "a*", "?nn", "${aws:PrincipalTag/Name}", "${*}", "a:b"]
            .iter()
            .chain(&["${aws:principaltag/name, 'ann'}*", "x${aws:a}", "A${kms:EncryptionContextKeys,'nn'}"])
            .map(|text| json!(text))
            .collect();
    let arns =
        ["*", "arn:aws:iam::*:user/*", "arn:aws:iam::111122223333:*", "arn:aws:*", "arn:aws:iam::*/ann"]
            .iter()
            .chain(&["arn:aws:iam::111122223333:user/${aws:PrincipalTag/Name}", "${aws:PrincipalArn}", "ann"])
            .chain(&[
                "arn:aws:i?m::444455556666:user/${aws:PrincipalTag/Name, 'a:b'}",
                "arn:aws:iam::1:user/${*}",
            ])
            .map(|text| json!(text))
            .collect();
    let json = |values: &[&str]| values.iter().map(|value| json!(value)).collect::<Vec<_>>();
    let numbers = [json(&["1", "2", "-3.0"]), vec![json!(1), json!(2), json!(2.5)]].concat();
    let dates =
        [json(&["2026-11-24T20:15:00Z", "2024-03", "2024-03-01"]), vec![json!(1_795_551_300)]].concat();
    let truths = [json(&["true", "False"]), vec![json!(true), json!(false)]].concat();
    let networks = json(&["192.0.2.0/24", "192.0.2.1", "0.0.0.0/0", "::/0", "2001:db8::/32", "192.0.2.1/31"]);
    let plain = Union::new([
        of(&STRING, &["aws:a", "kms:EncryptionContextKeys", "kms:encryptioncontext:PAIR"], texts.clone())
            .boxed(),
        of(&STRING, &["aws:A", "aws:PrincipalTag/name", "aws:absent"], texts).boxed(),
        of(&ARN, &["aws:PrincipalArn"], arns).boxed(),
        of(&NUMERIC, &["kms:Number"], numbers).boxed(),
        of(&DATE, &["aws:CurrentTime"], dates).boxed(),
        of(&["Bool"], &["aws:Truth"], truths.clone()).boxed(),
        of(&["IpAddress", "NotIpAddress"], &["aws:SourceIp"], networks).boxed(),
        of(&["BinaryEquals"], &["aws:Bytes"], json(&BYTES)).boxed(),
        of(&["Null"], &["aws:a", "aws:SourceIp", "aws:absent", "kms:EncryptionContext:pair"], truths).boxed(),
    ]);
    let set = select(vec!["", "", "", "ForAnyValue:", "ForAllValues:"]);
    (plain, set, prop::bool::weighted(0.2)).prop_map(|((operator, key, values), set, if_exists)| {
        if operator == "Null" {
            return (operator.to_owned(), key, values);
        }
        (format!("{set}{operator}{}", if if_exists { "IfExists" } else { "" }), key, values)
    })
}

const STRING: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const ARN: [&str; 4] = ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"];
const NUMERIC: [&str; 6] = [
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE: [&str; 6] = [
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

fn block(conditions: Vec<(String, &'static str, Vec<Value>)>, is_key_policy: bool) -> Value {
    let mut block = Map::new();
    for (operator, key, values) in conditions {
        // AWS refuses this in key policies.
        let pair = key.to_lowercase().starts_with("kms:encryptioncontext:");
        let operator = if is_key_policy && pair { operator.replace("ForAllValues:", "") } else { operator };
        let keys = block.entry(operator).or_insert_with(|| json!({}));
        keys[key] = if values.len() == 1 { values[0].clone() } else { json!(values) };
    }
    Value::Object(block)
}

fn one_or_many(values: &[&'static str]) -> Value {
    if values.len() == 1 { json!(values[0]) } else { json!(values) }
}
