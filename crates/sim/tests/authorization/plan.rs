//! The call that a scenario asks for, and the circumstances in which it has to be made.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    net::{IpAddr, Ipv4Addr},
};

use model::Timestamp;
use policy::Principal;

use crate::{
    asked,
    load::{BUCKET, HERE, KEY, Scenario},
};

/// A call, and what has to be so that its condition keys are those of a scenario.
pub(crate) struct Plan<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) who: Principal,
    pub(crate) operation: String,
    pub(crate) at: Timestamp,
    pub(crate) peer: IpAddr,
    pub(crate) tls: bool,
    pub(crate) region: String,
    /// Whether a user or root user calls with temporary credentials.
    pub(crate) temporary: bool,
    pub(crate) own_tags: BTreeMap<String, String>,
    pub(crate) key_tags: BTreeMap<String, String>,
    pub(crate) aliases: Vec<String>,
    /// The alias that the key is called by.
    pub(crate) alias: Option<String>,
    pub(crate) spec: Option<String>,
    pub(crate) usage: Option<String>,
    pub(crate) encryption_context: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether the check against lockout is left out; `None`: nothing is said.
    pub(crate) bypass: Option<bool>,
    /// What else the scenario wants of the request: the values of other condition keys.
    wanted: BTreeMap<String, Vec<String>>,
}

/// Operations whose calls alone have these condition keys, for scenarios that do not care what is asked for.
const CARRIERS: [(&str, &str); 10] = [
    ("aws:tagkeys", "TagResource"),
    ("kms:grantisforawsresource", "CreateGrant"),
    ("kms:granteeprincipal", "CreateGrant"),
    ("kms:grantoperations", "CreateGrant"),
    ("kms:keyspec", "DescribeKey"),
    ("kms:keyusage", "DescribeKey"),
    ("kms:rotationperiodindays", "EnableKeyRotation"),
    ("kms:schedulekeydeletionpendingwindowindays", "ScheduleKeyDeletion"),
    ("kms:trailingdayswithoutkeyusage", "DisableKey"),
    ("kms:validto", "ImportKeyMaterial"),
];
/// What calls on keys always have; a scenario without them is asked about no key.
const OF_KEYS: [&str; 2] = ["kms:keyspec", "kms:keyusage"];
/// Condition keys whose values are moments, however they are written.
const MOMENTS: [&str; 4] = ["aws:currenttime", "aws:epochtime", "aws:tokenissuetime", "kms:validto"];
/// When nothing else is said: some time before all moments of the scenarios.
const NOW: &str = "2026-06-01T00:00:00Z";

impl<'a> Plan<'a> {
    /// The call of a scenario.
    ///
    /// # Errors
    /// What of the scenario no call can have: a condition key's name, or another word; see `scenarios`.
    pub(crate) fn of(scenario: &'a Scenario) -> Result<Self, String> {
        if scenario.resource == BUCKET {
            return Err("a bucket".to_owned());
        }
        let asked = asked::keys(scenario);
        let wanted: BTreeMap<String, Vec<String>> = scenario
            .context
            .iter()
            .filter(|(key, values)| asked.contains(*key) && !values.is_empty())
            .map(|(key, values)| (key.clone(), values.clone()))
            .collect();
        let one = |key: &str| wanted.get(key).and_then(|values| values.first()).cloned();
        let moment = MOMENTS[..3].iter().find_map(|key| seconds(&one(key)?));
        let tagged = |prefix: &str| {
            let of = |(key, values): (&String, &Vec<String>)| {
                Some((key.strip_prefix(prefix)?.to_owned(), values.first()?.clone()))
            };
            wanted.iter().filter_map(of).collect::<BTreeMap<_, _>>()
        };
        let named = |key: &str, tags: BTreeMap<String, String>| {
            let mut all: BTreeMap<String, String> =
                wanted.get(key).into_iter().flatten().map(|name| (name.clone(), "x".to_owned())).collect();
            all.extend(tags);
            all
        };
        let bypass = "kms:bypasspolicylockoutsafetycheck";
        let plan = Self {
            who: who(scenario, &wanted),
            operation: operation(scenario, &asked, &wanted),
            at: moment.map_or_else(
                || Timestamp::parse_iso8601(NOW).unwrap(),
                |at| Timestamp::from_millis(at * 1000),
            ),
            peer: one("aws:sourceip").and_then(|ip| ip.parse().ok()).unwrap_or(Ipv4Addr::LOCALHOST.into()),
            tls: one("aws:securetransport").as_deref() == Some("true"),
            region: one("aws:requestedregion").unwrap_or_else(|| "us-east-1".to_owned()),
            temporary: wanted.contains_key("aws:multifactorauthpresent")
                || wanted.contains_key("aws:tokenissuetime"),
            own_tags: tagged("aws:principaltag/"),
            key_tags: tagged("aws:resourcetag/"),
            aliases: wanted.get("kms:resourcealiases").cloned().unwrap_or_default(),
            alias: one("kms:requestalias"),
            spec: one("kms:keyspec"),
            usage: one("kms:keyusage"),
            encryption_context: named("kms:encryptioncontextkeys", tagged("kms:encryptioncontext:")),
            tags: named("aws:tagkeys", tagged("aws:requesttag/")),
            bypass: if asked.contains(bypass) { one(bypass).map(|text| text == "true") } else { Some(true) },
            wanted,
            scenario,
        };
        plan.check(&asked)?;
        Ok(plan)
    }

    /// Whether the call is about a key.
    pub(crate) fn is_on_key(&self) -> bool {
        self.scenario.resource == KEY && self.operation != "ListKeys"
    }

    /// The action that policies are asked for.
    pub(crate) fn action(&self) -> String {
        match self.operation.as_str() {
            "ReEncrypt" => self.scenario.action.clone(),
            operation => format!("kms:{operation}"),
        }
    }

    /// The value of another condition key that the scenario wants.
    pub(crate) fn wanted(&self, key: &str) -> Option<&str> {
        self.wanted.get(key)?.first().map(String::as_str)
    }

    /// The values of one.
    pub(crate) fn all_wanted(&self, key: &str) -> Option<&[String]> {
        self.wanted.get(key).map(Vec::as_slice)
    }

    /// Every condition key that policies ask about is what the scenario says, and everybody is there.
    fn check(&self, asked: &BTreeSet<String>) -> Result<(), String> {
        match self.who {
            Principal::Service { .. } => return Err("a service".to_owned()),
            Principal::WebIdentity { .. } => return Err("a web identity".to_owned()),
            _ => {}
        }
        if let Some(policy) = self.scenario.key_policy.as_ref().filter(|_| self.is_on_key()) {
            if asked::names_a_provider(policy) {
                return Err("an identity provider".to_owned());
            }
            if asked::principals(policy).iter().any(|text| text.contains("777788889999")) {
                return Err("a third account".to_owned());
            }
        }
        if self.has_namesake() {
            return Err("a namesake".to_owned());
        }
        let filled = self.filled();
        let is = |key: &String| {
            let set = |values: Option<&Vec<String>>| {
                values.map(|values| values.iter().map(|value| plain(key, value)).collect::<BTreeSet<_>>())
            };
            set(filled.get(key)) == set(self.wanted.get(key))
        };
        asked.iter().find(|key| !is(key)).map_or(Ok(()), |key| Err(key.clone()))
    }

    /// Whether a policy names somebody whose name differs from the caller's in case only.
    fn has_namesake(&self) -> bool {
        let Principal::User { arn, .. } = &self.who else { return false };
        let mut named = self.scenario.key_policy.iter().flat_map(asked::principals);
        named.any(|name| name != *arn && name.eq_ignore_ascii_case(arn))
    }

    /// The condition keys that the call has, as far as scenarios ask about them.
    fn filled(&self) -> BTreeMap<String, Vec<String>> {
        let mut filled = Filled::default();
        self.circumstances(&mut filled);
        if self.is_on_key() {
            self.key(&mut filled);
        }
        self.request(&mut filled);
        filled.0
    }

    fn circumstances(&self, filled: &mut Filled) {
        filled.one("aws:currenttime", self.at.to_iso8601());
        filled.one("aws:epochtime", self.at.as_seconds());
        filled.one("aws:sourceip", self.peer);
        filled.one("aws:securetransport", self.tls);
        filled.one("aws:requestedregion", &self.region);
        filled.one("aws:principalaccount", self.who.account().unwrap_or_default());
        match &self.who {
            Principal::User { arn, .. } => {
                filled.one("aws:principalarn", arn);
                filled.one("aws:username", name_of(arn));
            }
            Principal::Session { role_arn, .. } => filled.one("aws:principalarn", role_arn),
            Principal::FederatedUser { arn, .. } => filled.one("aws:principalarn", arn),
            Principal::Root { account } => {
                filled.one("aws:principalarn", format!("arn:aws:iam::{account}:root"));
            }
            Principal::WebIdentity { .. } | Principal::Service { .. } => {}
        }
        let is_session = matches!(self.who, Principal::Session { .. } | Principal::FederatedUser { .. });
        if self.temporary || is_session {
            filled.one("aws:multifactorauthpresent", false);
            filled.one("aws:tokenissuetime", self.at.to_iso8601());
        }
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>: not every character.
        for (name, value) in self.own_tags.iter().filter(|(_, value)| !value.contains('*')) {
            filled.one(&format!("aws:principaltag/{name}"), value);
        }
    }

    fn key(&self, filled: &mut Filled) {
        filled.one("kms:calleraccount", self.who.account().unwrap_or_default());
        filled.one("kms:keyspec", self.spec.as_deref().unwrap_or("SYMMETRIC_DEFAULT"));
        filled.one("kms:keyusage", self.usage.as_deref().unwrap_or("ENCRYPT_DECRYPT"));
        for (name, value) in &self.key_tags {
            filled.one(&format!("aws:resourcetag/{name}"), value);
        }
        filled.many("kms:resourcealiases", self.aliases.clone());
        if let Some(alias) = &self.alias {
            filled.one("kms:requestalias", alias);
        }
    }

    fn request(&self, filled: &mut Filled) {
        let mut same = |keys: &[&str]| {
            for key in keys {
                filled.many(key, self.wanted.get(*key).cloned().unwrap_or_default());
            }
        };
        match self.operation.as_str() {
            "Sign" => same(&["kms:signingalgorithm", "kms:messagetype"]),
            "ReEncrypt" => same(&["kms:reencryptonsamekey"]),
            "PutKeyPolicy" => same(&["kms:bypasspolicylockoutsafetycheck"]),
            "ImportKeyMaterial" => {
                filled.many(
                    "kms:validto",
                    self.wanted("kms:validto").and_then(seconds).iter().map(i64::to_string).collect(),
                );
            }
            "CreateKey" => {
                same(&["kms:keyspec", "kms:bypasspolicylockoutsafetycheck"]);
                filled.tags(&self.tags);
            }
            "TagResource" => filled.tags(&self.tags),
            "Encrypt" => {
                for (name, value) in &self.encryption_context {
                    filled.one(&format!("kms:encryptioncontext:{name}"), value);
                }
                filled.many("kms:encryptioncontextkeys", self.encryption_context.keys().cloned().collect());
            }
            "EnableKeyRotation" => filled.days("kms:rotationperiodindays", self, 90..=2560),
            "ScheduleKeyDeletion" => filled.days("kms:schedulekeydeletionpendingwindowindays", self, 7..=30),
            "DisableKey" => filled.days("kms:trailingdayswithoutkeyusage", self, 0..=3650),
            "CreateGrant" => {
                filled.one("kms:grantisforawsresource", false);
                let grantee = self.wanted("kms:granteeprincipal");
                filled.one(
                    "kms:granteeprincipal",
                    grantee.map_or_else(|| format!("arn:aws:iam::{HERE}:root"), str::to_owned),
                );
                let operations = self.all_wanted("kms:grantoperations");
                filled.many(
                    "kms:grantoperations",
                    operations.map_or_else(|| vec!["Decrypt".to_owned()], <[_]>::to_vec),
                );
                filled.many(
                    "kms:grantconstrainttype",
                    self.all_wanted("kms:grantconstrainttype").unwrap_or_default().to_vec(),
                );
            }
            _ => {}
        }
    }
}

/// Condition keys with their values; a key without values is none.
#[derive(Default)]
struct Filled(BTreeMap<String, Vec<String>>);

impl Filled {
    fn one(&mut self, key: &str, value: impl Display) {
        self.many(key, vec![value.to_string()]);
    }

    fn many(&mut self, key: &str, values: Vec<String>) {
        if !values.is_empty() {
            self.0.insert(key.to_owned(), values);
        }
    }

    /// A number of days that the request can have.
    fn days(&mut self, key: &str, plan: &Plan<'_>, range: std::ops::RangeInclusive<u32>) {
        let days = plan.wanted(key).and_then(|text| text.parse().ok());
        if let Some(days) = days.filter(|days| range.contains(days)) {
            self.one(key, days);
        }
    }

    fn tags(&mut self, tags: &BTreeMap<String, String>) {
        for (name, value) in tags {
            self.one(&format!("aws:requesttag/{name}"), value);
        }
        self.many("aws:tagkeys", tags.keys().cloned().collect());
    }
}

/// Who asks. Where policies name nobody, it may be somebody else of the account, for condition keys about the caller.
fn who(scenario: &Scenario, wanted: &BTreeMap<String, Vec<String>>) -> Principal {
    let one = |key: &str| wanted.get(key).and_then(|values| values.first());
    let user = |name: &str| Principal::User {
        account: HERE.to_owned(),
        arn: format!("arn:aws:iam::{HERE}:user/{name}"),
        unique_id: String::new(),
    };
    if !asked::is_about_anybody(scenario) || !matches!(scenario.principal, Principal::User { .. }) {
        return scenario.principal.clone();
    }
    if let Some(name) = one("aws:username").filter(|name| !name.is_empty() && *name != "*") {
        return user(name);
    }
    let arn = one("aws:principalarn").and_then(|arn| arn.strip_prefix(&format!("arn:aws:iam::{HERE}:")));
    match arn.and_then(|arn| arn.split_once('/')) {
        Some(("user", name)) => user(name),
        Some(("role", name)) => Principal::Session {
            account: HERE.to_owned(),
            role_arn: format!("arn:aws:iam::{HERE}:role/{name}"),
            role_id: String::new(),
            session_arn: format!("arn:aws:sts::{HERE}:assumed-role/{name}/one"),
        },
        _ => scenario.principal.clone(),
    }
}

fn operation(
    scenario: &Scenario,
    asked: &BTreeSet<String>,
    wanted: &BTreeMap<String, Vec<String>>,
) -> String {
    if let Some(operation) = &scenario.operation {
        return operation.clone();
    }
    if asked::is_about_everything(scenario) && scenario.action == "kms:Encrypt" && !scenario.granted() {
        if let Some((_, operation)) = CARRIERS.iter().find(|(key, _)| wanted.contains_key(*key)) {
            return (*operation).to_owned();
        }
        if OF_KEYS.iter().any(|key| asked.contains(*key)) {
            return "ListKeys".to_owned();
        }
    }
    match scenario.action.strip_prefix("kms:").unwrap() {
        "ReEncryptFrom" | "ReEncryptTo" => "ReEncrypt".to_owned(),
        // The operation of this name asks for two others.
        "ReEncrypt" => String::new(),
        action => action.to_owned(),
    }
}

/// The last part of an ARN, without a path.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

/// A value in the form in which it is compared.
fn plain(key: &str, value: &str) -> String {
    let moment = MOMENTS.contains(&key).then(|| seconds(value)).flatten();
    moment.map_or_else(|| value.to_owned(), |seconds| seconds.to_string())
}

fn seconds(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| Some(Timestamp::parse_iso8601(text)?.as_seconds()))
}
