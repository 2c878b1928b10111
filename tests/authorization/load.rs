//! Reads the scenarios of this directory; `README.md` describes how they are written. Test crates take this file
//! in by its path.

use std::{collections::BTreeMap, fs, path::Path};

use policy::{Federator, Layer, Naming, Principal};
use serde::Deserialize;
use serde_json::{Value, json};

/// The account that the key is of.
pub(crate) const HERE: &str = "111122223333";
/// The key.
pub(crate) const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// Its alias.
pub(crate) const ALIAS: &str = "arn:aws:kms:us-east-1:111122223333:alias/app";

/// A bucket: something whose policy need not let callers of its account in.
pub(crate) const BUCKET: &str = "arn:aws:s3:::bucket";

/// A question, everything that has a say, and the right answer.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Which file it is of, and its name there.
    pub(crate) name: String,
    pub(crate) principal: Principal,
    /// The operation, in scenarios that are about each of them.
    pub(crate) operation: Option<String>,
    pub(crate) action: String,
    pub(crate) resource: String,
    /// Condition keys by their names in small letters.
    pub(crate) context: BTreeMap<String, Vec<String>>,
    pub(crate) key_policy: Option<Value>,
    /// `None`: the root user.
    pub(crate) identity: Option<Vec<Value>>,
    pub(crate) boundary: Option<Value>,
    pub(crate) session: Option<Vec<Value>>,
    /// The operations of a grant; none if there is no grant.
    pub(crate) grant: Vec<String>,
    /// How the grant names the caller.
    pub(crate) grant_to: Naming,
    pub(crate) expected: Expected,
    /// The layer that a scenario of the matrix is about.
    pub(crate) about: Option<Layer>,
}

impl Scenario {
    /// Whether a grant covers the question.
    pub(crate) fn granted(&self) -> bool {
        self.grant.iter().any(|operation| format!("kms:{operation}") == self.action)
    }
}

/// The right answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    pub(crate) allowed: bool,
    pub(crate) layer: Layer,
    /// The statement; none if nothing allowed.
    pub(crate) by: Option<String>,
    /// How AWS ends the message, where the scenario says so.
    pub(crate) message: Option<String>,
}

/// All scenarios of a directory.
pub(crate) fn load(directory: &Path) -> Vec<Scenario> {
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut scenarios = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let stem = path.file_stem().unwrap().to_string_lossy();
        for mut scenario in file.scenarios() {
            scenario.name = format!("{stem}: {}", scenario.name);
            scenarios.push(scenario);
        }
    }
    scenarios
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    statements: BTreeMap<String, Value>,
    #[serde(default, rename = "scenario")]
    single: Vec<Written>,
    #[serde(default, rename = "condition")]
    conditions: Vec<Conditions>,
    #[serde(default)]
    operations: Vec<Operations>,
    #[serde(default, rename = "template")]
    templates: Vec<Template>,
    /// Forms of a principal, by what they are called.
    #[serde(default)]
    forms: BTreeMap<String, Value>,
    #[serde(default, rename = "caller")]
    callers: Vec<Named>,
    #[serde(default, rename = "naming")]
    namings: Vec<NamedCase>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default = "ann")]
    who: String,
    #[serde(default = "encrypt")]
    action: String,
    #[serde(default = "key")]
    on: String,
    #[serde(default)]
    context: BTreeMap<String, Value>,
    key_policy: Option<Vec<Value>>,
    #[serde(default)]
    identity: Vec<Value>,
    boundary: Option<Vec<Value>>,
    session: Option<Vec<Value>>,
    #[serde(default)]
    grant: Vec<String>,
    grant_to: Option<String>,
    #[serde(default = "version")]
    version: String,
    expect: String,
    message: Option<String>,
}

/// One condition and many contexts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conditions {
    name: String,
    condition: Value,
    #[serde(default)]
    holds: Vec<BTreeMap<String, Value>>,
    #[serde(default)]
    fails: Vec<BTreeMap<String, Value>>,
    #[serde(default = "version")]
    version: String,
}

/// Operations that are alike.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operations {
    names: Vec<String>,
    on: String,
    /// Actions of other names than the operation.
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    grantable: bool,
    #[serde(default)]
    foreign: bool,
}

/// A scenario for each operation.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Template {
    about: String,
    /// On what the operation is; all if nothing is said.
    #[serde(default)]
    only_on: Vec<String>,
    grantable: Option<bool>,
    foreign: Option<bool>,
    scenario: Written,
}

/// A caller, and what the forms of a principal are to it; a form that is not there does not name it.
#[derive(Deserialize)]
struct Named {
    who: String,
    /// The layers of its own that it can have.
    has: Vec<String>,
    #[serde(flatten)]
    forms: BTreeMap<String, Vec<String>>,
}

/// A scenario for each caller and each form that names it in a certain way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedCase {
    named: Vec<String>,
    /// The layers that the caller must be able to have.
    #[serde(default)]
    needs: Vec<String>,
    scenario: Written,
}

/// Ways in which a form names a caller.
const WAYS: [&str; 5] = ["directly", "within-bounds", "by-account", "denied-only", NOT_NAMED];
/// That in which it does not.
const NOT_NAMED: &str = "not";
/// What stands for a form's principal in a statement.
const FORM: &str = "{form}";

impl Named {
    /// In which way a form names it.
    fn way(&self, form: &str) -> &str {
        let mut ways = self.forms.iter().filter(|(_, forms)| forms.iter().any(|named| named == form));
        ways.next().map_or(NOT_NAMED, |(way, _)| way)
    }
}

impl File {
    fn scenarios(&self) -> Vec<Scenario> {
        let single = self.single.iter().map(|written| self.scenario(written, &|text| text));
        let conditions = self.conditions.iter().flat_map(|conditions| conditions.scenarios());
        let conditions = conditions.map(|written| self.scenario(&written, &|text| text));
        let templates = self.templates.iter().flat_map(|template| self.matrix(template));
        let namings = self.namings.iter().flat_map(|naming| self.named(naming));
        single.chain(conditions).chain(templates).chain(namings).collect()
    }

    fn named(&self, naming: &NamedCase) -> Vec<Scenario> {
        assert!(naming.named.iter().all(|way| WAYS.contains(&way.as_str())), "{:?}", naming.named);
        let mut scenarios = Vec::new();
        for caller in
            self.callers.iter().filter(|caller| naming.needs.iter().all(|layer| caller.has.contains(layer)))
        {
            let known = |(way, forms): (&String, &Vec<String>)| {
                WAYS.contains(&way.as_str()) && forms.iter().all(|form| self.forms.contains_key(form))
            };
            assert!(caller.forms.iter().all(known), "{}: {:?}", caller.who, caller.forms);
            let fitting =
                |(form, _): &(&String, &Value)| naming.named.iter().any(|way| way == caller.way(form));
            for (form, principal) in self.forms.iter().filter(fitting) {
                let mut written = naming.scenario.clone();
                written.who.clone_from(&caller.who);
                let quoted = json!(FORM).to_string();
                let mut scenario =
                    self.scenario(&written, &|text| text.replace(&quoted, &principal.to_string()));
                scenario.name = format!("{} and {form}: {}", caller.who, scenario.name);
                scenarios.push(scenario);
            }
        }
        scenarios
    }

    fn matrix(&self, template: &Template) -> Vec<Scenario> {
        let mut scenarios = Vec::new();
        for group in &self.operations {
            let fits = (template.only_on.is_empty() || template.only_on.contains(&group.on))
                && template.grantable.is_none_or(|grantable| grantable == group.grantable)
                && template.foreign.is_none_or(|foreign| foreign == group.foreign);
            for name in group.names.iter().filter(|_| fits) {
                let own = vec![name.clone()];
                let actions = if group.actions.is_empty() { &own } else { &group.actions };
                for action in actions {
                    let mut written = template.scenario.clone();
                    written.on.clone_from(&group.on);
                    written.action = format!("kms:{action}");
                    let filled = |text: String| text.replace("{action}", &written.action);
                    let mut scenario = self.scenario(&written, &filled);
                    scenario.name = format!("{action}, {}: {}", group.on, scenario.name);
                    scenario.operation = Some(name.clone());
                    scenario.about = Some(layer(&template.about));
                    scenarios.push(scenario);
                }
            }
        }
        scenarios
    }

    fn scenario(&self, written: &Written, filled: &dyn Fn(String) -> String) -> Scenario {
        let policy = |statements: &[Value]| {
            let statements: Vec<Value> =
                statements.iter().map(|statement| self.statement(statement)).collect();
            let text = json!({ "Version": written.version, "Statement": statements }).to_string();
            serde_json::from_str(&filled(text)).unwrap()
        };
        let (resource, has_policy) = match written.on.as_str() {
            "key" => (KEY, true),
            "key by IAM only" => (KEY, false),
            "bucket" => (BUCKET, true),
            "alias" => (ALIAS, false),
            "*" => ("*", false),
            other => panic!("{}: there is no `{other}` to act on", written.name),
        };
        let delegating = vec![json!({
            "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "AWS": format!("arn:aws:iam::{HERE}:root") },
        })];
        let principal = principal(&written.who);
        let identity = (!written.identity.is_empty()).then(|| policy(&written.identity));
        // A federated user of the root user has no policies either, but for those of its session.
        let is_root =
            matches!(principal, Principal::Root { .. } | Principal::FederatedUser { user: None, .. });
        Scenario {
            name: filled(written.name.clone()),
            operation: None,
            action: written.action.clone(),
            resource: resource.to_owned(),
            context: written.context.iter().map(|(key, values)| (key.to_lowercase(), list(values))).collect(),
            key_policy: has_policy.then(|| policy(written.key_policy.as_ref().unwrap_or(&delegating))),
            identity: (!is_root).then(|| identity.into_iter().collect()),
            boundary: written.boundary.as_ref().map(|statements| policy(statements)),
            session: written
                .session
                .as_ref()
                .map(|statements| if statements.is_empty() { Vec::new() } else { vec![policy(statements)] }),
            grant: written.grant.clone(),
            grant_to: match written.grant_to.as_deref() {
                None => Naming::Directly,
                Some("role") => Naming::Bounded,
                Some("account") => Naming::Account,
                Some(other) => panic!("{}: `{other}` is given no grants", written.name),
            },
            expected: Expected { message: written.message.clone(), ..expected(&written.expect) },
            about: None,
            principal,
        }
    }

    /// A statement, or one of the file's by its name, which is also its `Sid`.
    fn statement(&self, written: &Value) -> Value {
        let Value::String(name) = written else { return written.clone() };
        let mut statement =
            self.statements.get(name).unwrap_or_else(|| panic!("no statement `{name}`")).clone();
        let members = statement.as_object_mut().unwrap();
        members.entry("Sid").or_insert_with(|| json!(name));
        statement
    }
}

impl Conditions {
    /// Each context for an allow and for a deny under the condition.
    fn scenarios(&self) -> Vec<Written> {
        let statement = |sid: &str, effect: &str| json!({ "Sid": sid, "Effect": effect, "Action": "kms:*", "Resource": "*", "Condition": self.condition });
        let contexts = self.holds.iter().map(|context| (context, true));
        let contexts = contexts.chain(self.fails.iter().map(|context| (context, false)));
        let mut scenarios = Vec::new();
        for (context, holds) in contexts {
            let scenario = |effect: &str, identity: Vec<Value>, expect: &str| Written {
                name: format!("{}, {effect}, {}", self.name, json!(context)),
                who: ann(),
                action: encrypt(),
                on: key(),
                context: context.clone(),
                key_policy: None,
                identity,
                boundary: None,
                session: None,
                grant: Vec::new(),
                grant_to: None,
                version: self.version.clone(),
                expect: expect.to_owned(),
                message: None,
            };
            let expect =
                if holds { "allowed by identity-policy If" } else { "denied without identity-policy" };
            scenarios.push(scenario("allow", vec![statement("If", "Allow")], expect));
            let all = json!({ "Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*" });
            let expect =
                if holds { "denied by identity-policy If" } else { "allowed by identity-policy All" };
            scenarios.push(scenario("deny", vec![statement("If", "Deny"), all], expect));
        }
        scenarios
    }
}

/// `root`, `user N`, `session R/S`, `federated N`, `federated N by U`, `service N` or `web identity P`, with
/// ` of 444455556666` for the other account.
fn principal(who: &str) -> Principal {
    let (who, account) = who.split_once(" of ").unwrap_or((who, HERE));
    let account = account.to_owned();
    let user =
        |name: &str| (format!("arn:aws:iam::{account}:user/{name}"), format!("AIDA{}", name.to_uppercase()));
    match who.split_once(' ') {
        None if who == "root" => Principal::Root { account },
        Some(("user", name)) => {
            let (arn, unique_id) = user(name);
            Principal::User { account, arn, unique_id }
        }
        Some(("session", name)) => {
            let (role, _) = name.split_once('/').expect("a session has a role and a name");
            Principal::Session {
                role_arn: format!("arn:aws:iam::{account}:role/{role}"),
                role_id: format!("AROA{}", role.to_uppercase()),
                session_arn: format!("arn:aws:sts::{account}:assumed-role/{name}"),
                account,
            }
        }
        Some(("federated", name)) => {
            let (name, federator) =
                name.split_once(" by ").map_or((name, None), |(name, by)| (name, Some(user(by))));
            let arn = format!("arn:aws:sts::{account}:federated-user/{name}");
            let user = federator.map(|(arn, unique_id)| Federator { arn, unique_id });
            Principal::FederatedUser { account, arn, user }
        }
        Some(("service", name)) => Principal::Service { name: name.to_owned() },
        Some(("web", name)) => {
            let url = name.strip_prefix("identity ").expect("a provider");
            Principal::WebIdentity { provider: format!("arn:aws:iam::{HERE}:oidc-provider/{url}") }
        }
        _ => panic!("`{who}` is nobody"),
    }
}

/// `allowed by LAYER STATEMENT`, `denied by LAYER STATEMENT` or `denied without LAYER`.
fn expected(text: &str) -> Expected {
    let mut words = text.splitn(4, ' ');
    let mut word = || words.next();
    let (verdict, how, name) = (word(), word(), word().unwrap_or_default());
    let by = word().map(str::to_owned);
    let allowed = match (verdict, how, &by) {
        (Some("allowed"), Some("by"), Some(_)) => true,
        (Some("denied"), Some("by"), Some(_)) | (Some("denied"), Some("without"), None) => false,
        _ => panic!("`{text}` is no decision"),
    };
    Expected { allowed, layer: layer(name), by, message: None }
}

fn layer(name: &str) -> Layer {
    let layers = [Layer::Identity, Layer::Resource, Layer::Boundary, Layer::Session, Layer::Grant];
    layers.into_iter().find(|layer| layer.as_str() == name).unwrap_or_else(|| panic!("`{name}` is no layer"))
}

fn list(values: &Value) -> Vec<String> {
    match values {
        Value::Array(values) => values.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn ann() -> String {
    "user ann".to_owned()
}

fn encrypt() -> String {
    "kms:Encrypt".to_owned()
}

fn key() -> String {
    "key".to_owned()
}

fn version() -> String {
    "2012-10-17".to_owned()
}
