//! Who may call as a service: the tables `[[services]]`.

use std::{collections::BTreeSet, fmt};

use dispatch::{Reach, ServiceIdentity};
use model::arn::AccountId;
use policy::PrincipalPattern;
use toml::Value;

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
    let Some(tables) = keys.list("services", TABLES, &KEYS)? else { return Ok(None) };
    let services = tables.into_iter().map(one).collect::<Result<Vec<ServiceIdentity>, _>>()?;
    let mut principals = BTreeSet::new();
    if !services.iter().all(|service| principals.insert(service.arn())) {
        return Err(keys.wrong("services.principal", Wrong::Value(OTHER)));
    }
    Ok(Some(services))
}

fn one(mut keys: Keys<'_>) -> Result<ServiceIdentity, ConfigError> {
    let name = keys.take("services.name");
    let principal = keys.text("services.principal", |principal| Ok(principal.to_owned()))?;
    let (accounts, id) = (keys.take("services.accounts"), keys.text("services.id", unique_id)?);
    let wrong = |key, expected| keys.wrong(key, Wrong::Value(expected));
    let missing = |key| keys.wrong("services", Wrong::Alone(key));
    let name = name.ok_or_else(|| missing("services.name"))?;
    let name = name.as_str().ok_or_else(|| wrong("services.name", SERVICE))?;
    let name =
        server::service(name).map_err(|nearest| keys.wrong("services.name", Wrong::Service { nearest }))?;
    let principal = principal.ok_or_else(|| missing("services.principal"))?;
    let reach = accounts.map(|accounts| reach(&accounts)).transpose();
    let reach = reach.map_err(|expected| wrong("services.accounts", expected))?;
    ServiceIdentity::new(name, &principal, reach)
        .map(|identity| identity.borne_by(id))
        .map_err(|_| wrong("services.principal", PRINCIPAL))
}

fn unique_id(text: &str) -> Result<String, Expected> {
    let is_one = matches!(PrincipalPattern::parse_aws(text), Some(PrincipalPattern::UniqueId(_)));
    if is_one { Ok(text.to_owned()) } else { Err(ID) }
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
