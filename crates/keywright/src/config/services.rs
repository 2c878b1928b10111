//! Who may call as a service: the tables `[[services]]`.

use std::{collections::BTreeSet, fmt};

use dispatch::{Reach, ServiceIdentity};
use model::arn::AccountId;
use policy::PrincipalPattern;
use server::nearest;
use toml::{Table, Value};

use super::{ConfigError, Expected, Wrong, keys::Keys};

const SERVICE: Expected = Expected("the name of a service such as `s3`");
const PRINCIPAL: Expected =
    Expected("the ARN of a user or role such as `arn:aws:iam::111122223333:user/gateway`");
const ACCOUNTS: Expected = Expected("`any`, or a list of accounts such as `[\"111122223333\"]`");
const ID: Expected = Expected("the unique id of the user or role, such as `AIDA…` or `AROA…`");
const TABLES: Expected = Expected("tables under `[[services]]`, in double brackets");
const OTHER: Expected = Expected("a principal that no other of the services has");

/// The keys of one of the tables.
const KEYS: [&str; 4] = ["services.accounts", "services.id", "services.name", "services.principal"];

/// From the keys of a file.
pub(super) fn read(keys: &mut Keys<'_>) -> Result<Option<Vec<ServiceIdentity>>, ConfigError> {
    for key in KEYS {
        if keys.take(key).is_some() {
            return Err(keys.wrong(key, Wrong::Value(TABLES)));
        }
    }
    let Some(value) = keys.take("services") else { return Ok(None) };
    let tables = match value {
        Value::Array(tables) => tables,
        _ => return Err(keys.wrong("services", Wrong::Value(TABLES))),
    };
    let mut services: Vec<ServiceIdentity> = Vec::new();
    for table in tables {
        let Value::Table(table) = table else { return Err(keys.wrong("services", Wrong::Value(TABLES))) };
        let service = one(table).map_err(|(key, wrong)| keys.wrong(&key, wrong))?;
        if services.iter().any(|other| other.arn() == service.arn()) {
            return Err(keys.wrong("services.principal", Wrong::Value(OTHER)));
        }
        services.push(service);
    }
    Ok(Some(services))
}

fn one(mut table: Table) -> Result<ServiceIdentity, (String, Wrong)> {
    const NAME: &str = "services.name";
    let wrong = |key: &str, wrong| (key.to_owned(), wrong);
    let name = table.remove("name").ok_or_else(|| wrong("services", Wrong::Alone(NAME)))?;
    let name = name
        .as_str()
        .ok_or(Wrong::Value(SERVICE))
        .and_then(|name| server::service(name).map_err(|nearest| Wrong::Service { nearest }));
    let name = name.map_err(|nearest| wrong(NAME, nearest))?;
    let principal =
        table.remove("principal").ok_or_else(|| wrong("services", Wrong::Alone("services.principal")))?;
    let reach = table.remove("accounts").map(|accounts| reach(&accounts)).transpose();
    let reach = reach.map_err(|expected| wrong("services.accounts", Wrong::Value(expected)))?;
    let id =
        table.remove("id").map(|id| unique_id(&id).ok_or_else(|| wrong("services.id", Wrong::Value(ID))));
    let id = id.transpose()?;
    if let Some((key, _)) = table.into_iter().next() {
        let key = format!("services.{key}");
        let nearest = nearest(&key, KEYS);
        return Err((key, Wrong::Unknown { nearest }));
    }
    ServiceIdentity::new(name, principal.as_str().unwrap_or_default(), reach)
        .map(|identity| identity.borne_by(id))
        .map_err(|_| wrong("services.principal", Wrong::Value(PRINCIPAL)))
}

fn unique_id(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_one = matches!(PrincipalPattern::parse_aws(text), Some(PrincipalPattern::UniqueId(_)));
    is_one.then(|| text.to_owned())
}

/// The accounts that a service reaches: its own are among them only if they are listed.
fn reach(value: &Value) -> Result<Reach, Expected> {
    match value {
        Value::String(any) if any == "any" => Ok(Reach::Everywhere),
        Value::Array(list) if !list.is_empty() => {
            let account = |value: &Value| AccountId::parse(value.as_str()?).ok();
            let accounts: Option<BTreeSet<AccountId>> = list.iter().map(account).collect();
            accounts.map(Reach::Accounts).ok_or(ACCOUNTS)
        }
        _ => Err(ACCOUNTS),
    }
}

/// The checked services as a part of a file that says the same.
pub(super) fn write(f: &mut fmt::Formatter<'_>, services: &[ServiceIdentity]) -> fmt::Result {
    let text = |text: &str| toml::Value::from(text).to_string();
    for identity in services {
        writeln!(f, "\n[[services]]\nname = {}", text(identity.service.as_str()))?;
        writeln!(f, "principal = {}", text(identity.arn()))?;
        if let Some(id) = identity.unique_id() {
            writeln!(f, "id = {}", text(id))?;
        }
        match &identity.reach {
            Reach::Everywhere => writeln!(f, "accounts = \"any\"")?,
            Reach::Accounts(accounts) => {
                let accounts: Vec<String> = accounts.iter().map(|id| text(&id.to_string())).collect();
                writeln!(f, "accounts = [{}]", accounts.join(", "))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::file;

    fn message(text: &str) -> String {
        file::parse(Path::new("k.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn wrong_services_are_told_what_was_expected() {
        let table = |rest: &str| {
            format!("[[services]]\nname = \"s3\"\nprincipal = \"arn:aws:iam::111122223333:user/g\"\n{rest}")
        };
        for (text, expected) in [
            (
                "[[services]]\nname = \"s4\"".to_owned(),
                "services.name`: there is no such service; did you mean `s3`?",
            ),
            (
                "[[services]]\nname = \"ebs\"".to_owned(),
                "services.name`: there is no such service; did you mean `ec2`?",
            ),
            (
                "[[services]]\nname = 7".to_owned(),
                "services.name`: expected the name of a service such as `s3`",
            ),
            ("[[services]]".to_owned(), "services`: expected `services.name` beside it"),
            ("[[services]]\nname = \"s3\"".to_owned(), "services`: expected `services.principal` beside it"),
            (
                "[[services]]\nname = \"s3\"\nprincipal = \"arn:aws:iam::111122223333:root\"".to_owned(),
                "services.principal`: expected the ARN of a user or role",
            ),
            (table("accounts = \"all\""), "services.accounts`: expected `any`, or a list of accounts"),
            (table("accounts = []"), "services.accounts`: expected `any`, or a list of accounts"),
            (table("accounts = [111122223333]"), "services.accounts`: expected `any`, or a list of accounts"),
            (table("id = \"gateway\""), "services.id`: expected the unique id of the user or role"),
            (table("id = 7"), "services.id`: expected the unique id of the user or role"),
            (table("account = \"any\""), "services.account`: unknown key; did you mean `services.accounts`?"),
            (table(&table("")), "services.principal`: expected a principal that no other"),
            ("[services]\nname = \"s3\"".to_owned(), "expected tables under `[[services]]`"),
            ("services = \"s3\"".to_owned(), "expected tables under `[[services]]`"),
            ("services = [1]".to_owned(), "expected tables under `[[services]]`"),
        ] {
            assert!(message(&text).contains(expected), "{text}: {}", message(&text));
        }
    }
}
