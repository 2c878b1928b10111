//! A world in which a scenario's question can be asked.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use dispatch::{ConnectionInfo, TlsDetails};
use policy::{Naming, Principal};
use serde_json::{Value, json};
use sim::{Answer, Credentials, Scope, World};

use crate::{
    asked, call,
    load::{ALIAS, HERE, KEY},
    plan::{Plan, name_of},
};

/// A world with the people and the key of a scenario.
pub(crate) struct Realm<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) world: World,
    /// The key, by its ARN.
    pub(crate) key: String,
    /// The grant, if the scenario has one.
    pub(crate) grant: Option<String>,
    /// The import of the key's material, for operations on imported material.
    pub(crate) imported: Option<Value>,
    /// Users and roles that exist, with their unique ids.
    people: RefCell<BTreeMap<String, String>>,
}

/// A key policy that lets everybody do everything.
pub(crate) const OPEN: &str = r#"{"Version":"2012-10-17","Statement":{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
/// What a session's own policy allows when the scenario does not limit it.
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// What came of a question.
pub(crate) struct Told {
    pub(crate) answer: Answer,
    pub(crate) record: audit::Record<'static>,
    pub(crate) caller: String,
    pub(crate) grant: Option<String>,
}

/// Makes everything that a scenario has, and asks.
pub(crate) fn ask(plan: &Plan<'_>) -> Told {
    let world = World::new();
    world.clock().set(plan.at);
    let mut realm =
        Realm { plan, world, key: String::new(), grant: None, imported: None, people: RefCell::default() };
    realm.invite();
    realm.key = realm.new_key();
    let caller = realm.credentials();
    let input = realm.stage();
    realm.limit();
    let scope = Scope { service: "kms", region: &plan.region, at: realm.world.now() };
    let request = sim::sign(realm.world.request("kms", &plan.operation, &input), &caller, &scope);
    let tls = plan.tls.then(|| TlsDetails { version: "TLSv1.3", cipher: "any".to_owned() });
    let answer = realm.world.send_over(request, &ConnectionInfo::new((plan.peer, 50_000).into(), tls));
    let mut records = realm.world.records();
    let by = |record: &audit::Record<'_>| {
        record.caller.as_ref().is_some_and(|by| by.access_key_id.as_deref() == Some(&caller.access_key_id))
    };
    let at = records.iter().rposition(|record| record.operation == plan.operation && by(record)).unwrap();
    let record = records.swap_remove(at);
    let caller = record.caller.as_ref().unwrap().arn.to_string();
    Told { answer, record, caller, grant: realm.grant }
}

impl Realm<'_> {
    /// A call of an account's root user, which succeeds.
    #[track_caller]
    pub(crate) fn root(&self, account: &str, service: &str, operation: &str, input: Value) -> Answer {
        let root = if account == HERE { self.world.root() } else { self.world.stranger() };
        let region = if service == "kms" { self.plan.region.as_str() } else { "us-east-1" };
        let answer = self.world.call_in(region, &root, service, operation, input);
        assert_eq!(answer.code, None, "{operation}: {answer:?}");
        answer
    }

    /// A call of the key's account's root user to KMS, which succeeds.
    #[track_caller]
    pub(crate) fn kms(&self, operation: &str, input: Value) -> Value {
        self.root(HERE, "kms", operation, input).ok()
    }

    /// A key with this input; its ARN.
    #[track_caller]
    pub(crate) fn create_key(&self, input: Value) -> String {
        self.kms("CreateKey", input)["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    /// Another key, that everybody may use.
    pub(crate) fn open_key(&self) -> String {
        self.create_key(json!({ "Policy": OPEN, "BypassPolicyLockoutSafetyCheck": true }))
    }

    /// The ARN of the caller.
    pub(crate) fn caller(&self) -> String {
        match &self.plan.who {
            Principal::Root { account } => format!("arn:aws:iam::{account}:root"),
            Principal::User { arn, .. } | Principal::FederatedUser { arn, .. } => arn.clone(),
            Principal::Session { session_arn, .. } => session_arn.clone(),
            Principal::WebIdentity { provider } => provider.clone(),
            Principal::Service { name } => name.clone(),
        }
    }

    /// Everybody whom policies name, and the caller.
    fn invite(&self) {
        let policy = self.plan.scenario.key_policy.iter();
        let named = policy
            .flat_map(asked::principals)
            .chain(self.plan.wanted("kms:granteeprincipal").map(str::to_owned));
        for name in named.chain([self.caller()]) {
            match name.split(':').collect::<Vec<_>>()[..] {
                ["arn", "aws", "iam", "", account, resource] => self.person(account, resource),
                ["arn", "aws", "sts", "", account, resource] => {
                    if let Some(session) = resource.strip_prefix("assumed-role/") {
                        self.person(account, &format!("role/{}", session.split('/').next().unwrap()));
                    }
                }
                ["AIDAANN"] => self.person(HERE, "user/ann"),
                ["AROAAPP"] => self.person(HERE, "role/app"),
                _ => {}
            }
        }
    }

    fn person(&self, account: &str, resource: &str) {
        let Some((kind, name)) = resource.split_once('/') else { return };
        let arn = format!("arn:aws:iam::{account}:{resource}");
        if self.people.borrow().contains_key(&arn) {
            return;
        }
        let made = if kind == "user" {
            self.root(account, "iam", "CreateUser", json!({ "UserName": name })).xml("UserId")
        } else {
            let trust = json!({ "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Principal": { "AWS": account }, "Action": "sts:*" },
            ]});
            let input = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
            self.root(account, "iam", "CreateRole", input).xml("RoleId")
        };
        self.people.borrow_mut().insert(arn, made.unwrap());
    }

    fn new_key(&self) -> String {
        let plan = self.plan;
        let mut input = call::key(plan);
        let tags: Vec<_> =
            plan.key_tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect();
        input["Tags"] = json!(tags);
        let key = self.create_key(input);
        for alias in plan.aliases.iter().chain(&plan.alias).collect::<BTreeSet<_>>() {
            self.kms("CreateAlias", json!({ "AliasName": alias, "TargetKeyId": key }));
        }
        key
    }

    /// The caller's credentials, with its tags.
    fn credentials(&self) -> Credentials {
        let plan = self.plan;
        let tags: Vec<_> = plan
            .own_tags
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Value": self.real(value) }))
            .collect();
        match &plan.who {
            Principal::Root { account } if account == HERE => self.world.root(),
            Principal::Root { .. } => self.world.stranger(),
            Principal::User { account, arn, .. } => {
                let user = self.user(account, name_of(arn), &tags);
                if !plan.temporary {
                    return user;
                }
                session(account, &self.world.call(&user, "sts", "GetSessionToken", json!({})))
            }
            Principal::Session { account, role_arn, session_arn, .. } => {
                if !tags.is_empty() {
                    let name = name_of(role_arn);
                    self.root(account, "iam", "TagRole", json!({ "RoleName": name, "Tags": tags }));
                }
                let mut input = json!({ "RoleArn": role_arn, "RoleSessionName": name_of(session_arn) });
                if let Some(policy) = plan.scenario.session.as_ref().map(|all| all.first().unwrap()) {
                    input["Policy"] = self.with_others(policy).into();
                }
                session(account, &self.root(account, "sts", "AssumeRole", input))
            }
            Principal::FederatedUser { account, arn, user } => {
                let by = user.as_ref().map(|user| name_of(&user.arn));
                self.federated((account, name_of(arn)), by, &tags)
            }
            Principal::WebIdentity { .. } => panic!("web identities only assume roles"),
            Principal::Service { .. } => panic!("services do not call"),
        }
    }

    fn access_key(&self, account: &str, user: &str) -> Credentials {
        let made = self.root(account, "iam", "CreateAccessKey", json!({ "UserName": user }));
        session(account, &made)
    }

    /// The access key of a user, with tags.
    fn user(&self, account: &str, name: &str, tags: &[Value]) -> Credentials {
        self.person(account, &format!("user/{name}"));
        if !tags.is_empty() {
            self.root(account, "iam", "TagUser", json!({ "UserName": name, "Tags": tags }));
        }
        self.access_key(account, name)
    }

    /// A federated user has what the user or root user has that asked for it, and never more than the policy that was
    /// passed.
    fn federated(&self, (account, name): (&str, &str), by: Option<&str>, tags: &[Value]) -> Credentials {
        let mut input = json!({ "Name": name });
        match self.plan.scenario.session.as_deref() {
            None => input["Policy"] = EVERYTHING.into(),
            Some([]) => {}
            Some([policy, ..]) => input["Policy"] = self.with_others(policy).into(),
        }
        let Some(by) = by else {
            return session(account, &self.root(account, "sts", "GetFederationToken", input));
        };
        let user = self.user(account, by, tags);
        let asks = json!({ "UserName": by, "PolicyName": "asks", "PolicyDocument": EVERYTHING });
        self.root(account, "iam", "PutUserPolicy", asks);
        let federated = session(account, &self.world.call(&user, "sts", "GetFederationToken", input));
        self.root(account, "iam", "DeleteUserPolicy", json!({ "UserName": by, "PolicyName": "asks" }));
        federated
    }

    /// The request's input, with all that it needs, and the key's policy.
    fn stage(&mut self) -> Value {
        let plan = self.plan;
        if !plan.is_on_key() {
            let input = call::input(self);
            if plan.scenario.resource == ALIAS {
                self.put_policy(OPEN);
            }
            return input;
        }
        if call::key(plan)["Origin"] == "EXTERNAL" {
            self.imported = Some(call::import(self));
        }
        self.grant = self.granted();
        let input = call::input(self);
        if let Some(days) = plan.wanted("kms:trailingdayswithoutkeyusage") {
            self.world.clock().advance_days(days.parse().unwrap());
        }
        if let Some(policy) = &plan.scenario.key_policy {
            self.put_policy(&self.real(&policy.to_string()));
        }
        input
    }

    fn put_policy(&self, policy: &str) {
        let input = json!({ "KeyId": self.key, "Policy": policy, "BypassPolicyLockoutSafetyCheck": true });
        self.kms("PutKeyPolicy", input);
    }

    fn granted(&self) -> Option<String> {
        let fitting = call::grantable(&self.plan.operation);
        let operations: Vec<_> = self
            .plan
            .scenario
            .grant
            .iter()
            .filter(|operation| fitting.contains(&operation.as_str()))
            .collect();
        if operations.is_empty() {
            return None;
        }
        let grantee = match (self.plan.scenario.grant_to, &self.plan.who) {
            (Naming::Bounded, Principal::Session { role_arn, .. }) => role_arn.clone(),
            (Naming::Account, who) => format!("arn:aws:iam::{}:root", who.account().expect("an account")),
            (Naming::Directly | Naming::Bounded, _) => self.caller(),
        };
        let input = json!({ "KeyId": self.key, "GranteePrincipal": grantee, "Operations": operations });
        Some(self.kms("CreateGrant", input)["GrantId"].as_str().unwrap().to_owned())
    }

    /// The caller's policies and boundary.
    fn limit(&self) {
        let plan = self.plan;
        let (account, kind, name) = match &plan.who {
            Principal::User { account, arn, .. } => (account, "User", name_of(arn)),
            Principal::Session { account, role_arn, .. } => (account, "Role", name_of(role_arn)),
            Principal::FederatedUser { account, user: Some(user), .. } => {
                (account, "User", name_of(&user.arn))
            }
            Principal::FederatedUser { user: None, .. }
            | Principal::Root { .. }
            | Principal::WebIdentity { .. }
            | Principal::Service { .. } => return,
        };
        let member = format!("{kind}Name");
        let put = |policy: &str, document: String| {
            let input = json!({ &member: name, "PolicyName": policy, "PolicyDocument": document });
            self.root(account, "iam", &format!("Put{kind}Policy"), input);
        };
        for policy in plan.scenario.identity.iter().flatten() {
            put("own", self.real(&policy.to_string()));
        }
        let others = call::others(plan);
        if !others.is_empty() {
            put("zz-others", json!({ "Version": "2012-10-17", "Statement": others }).to_string());
        }
        if let Some(boundary) = &plan.scenario.boundary {
            let input = json!({ "PolicyName": "boundary", "PolicyDocument": self.with_others(boundary) });
            let arn = self.root(account, "iam", "CreatePolicy", input).xml("Arn").unwrap();
            let input = json!({ &member: name, "PermissionsBoundary": arn });
            self.root(account, "iam", &format!("Put{kind}PermissionsBoundary"), input);
        }
    }

    /// A policy that limits, which lets through what else the call asks for.
    fn with_others(&self, policy: &Value) -> String {
        let mut policy = policy.clone();
        policy["Statement"].as_array_mut().unwrap().extend(call::others(self.plan));
        self.real(&policy.to_string())
    }

    /// A text of a scenario with the ids that things have here.
    pub(crate) fn real(&self, text: &str) -> String {
        let written = KEY.rsplit('/').next().unwrap();
        let id = self.key.rsplit('/').next().unwrap();
        let mut text = text.replace(written, id);
        // Patterns and tags have the id without its last letter, and its first part.
        for length in [written.len() - 1, 8] {
            text = text.replace(written.get(..length).unwrap(), id.get(..length).unwrap());
        }
        for (stand_in, arn) in [("AIDAANN", "user/ann"), ("AROAAPP", "role/app")] {
            if let Some(id) = self.people.borrow().get(&format!("arn:aws:iam::{HERE}:{arn}")) {
                text = text.replace(stand_in, id);
            }
        }
        text
    }
}

/// The credentials in an answer.
#[track_caller]
fn session(account: &str, answer: &Answer) -> Credentials {
    assert_eq!(answer.code, None, "{answer:?}");
    let element = |name: &str| answer.xml(name);
    Credentials {
        account: account.to_owned(),
        access_key_id: element("AccessKeyId").unwrap(),
        secret_access_key: element("SecretAccessKey").unwrap(),
        session_token: element("SessionToken"),
    }
}
