//! The credential report: a line for each user of the account, with its access keys.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>

use std::{borrow::Cow, sync::Arc};

use model::Timestamp;

use crate::{
    credentials::AccessKey,
    known::Known,
    tables::{Account, Tables},
};

/// The columns, in AWS's order.
const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
/// What is not there.
const NONE: &str = "N/A";

/// The report of an account as it is now.
pub(crate) fn of(tables: &Tables, account: &Account, known: &Known) -> String {
    let root = account.partition.iam_arn(known.account, "root");
    let mut lines = vec![COLUMNS.to_owned()];
    let passwords = ["not_supported", NONE, "not_supported", "not_supported"];
    lines.push(line(["<root_account>", &root], known.created, passwords, keys(tables, account, "")));
    for user in account.users.values() {
        let entity = &user.entity;
        let passwords = ["false", NONE, NONE, NONE];
        let keys = keys(tables, account, &entity.id);
        lines.push(line([&entity.name, &entity.arn()], entity.created, passwords, keys));
    }
    lines.join("\n")
}

/// The access keys of a user, or of the root user, who has no unique id.
fn keys<'a>(
    tables: &'a Tables,
    account: &'a Account,
    id: &'a str,
) -> impl Iterator<Item = &'a Arc<AccessKey>> {
    account.access_keys(id).filter_map(|key| tables.access_key(key))
}

fn line<'a>(
    named: [&str; 2],
    created: Timestamp,
    passwords: [&str; 4],
    keys: impl Iterator<Item = &'a Arc<AccessKey>>,
) -> String {
    let mut fields: Vec<Cow<'_, str>> = named.into_iter().map(quoted).collect();
    fields.push(time(created).into());
    fields.extend(passwords.map(Cow::from));
    // Nobody has a second factor.
    fields.push("false".into());
    let mut keys = keys.map(|key| of_key(key));
    let absent = || ["false", NONE, NONE, NONE, NONE].map(str::to_owned);
    for _ in 0..2 {
        fields.extend(keys.next().unwrap_or_else(absent).map(Cow::from));
    }
    // Nor a certificate.
    fields.extend(["false", NONE, "false", NONE].map(Cow::from));
    fields.join(",")
}

/// Whether it is active, since when it is there, and when, where and for what it was last used.
fn of_key(key: &AccessKey) -> [String; 5] {
    let used = key.used.latest();
    let told = |what: Option<String>| what.unwrap_or_else(|| NONE.to_owned());
    [
        key.active.to_string(),
        time(key.created),
        told(used.as_ref().map(|used| time(used.at))),
        told(used.as_ref().map(|used| used.region.clone())),
        told(used.map(|used| used.service)),
    ]
}

/// As AWS's reports have it: with an offset.
fn time(at: Timestamp) -> String {
    at.to_iso8601().replace('Z', "+00:00")
}

/// Names may have commas.
fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains(',') { format!("\"{text}\"").into() } else { text.into() }
}
