//! A decision, read off AWS's documentation line by line. No care is taken for speed.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//! <https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html>

mod condition;
mod text;

use std::collections::BTreeMap;

use policy::{Effect, Layer, Naming, Principal};
use serde_json::Value;

use text::{Char, expand, like};

/// Condition keys by their names in small letters.
pub(crate) type Context = BTreeMap<String, Vec<String>>;

/// What conditions and variables are compared with.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) context: &'a Context,
    /// Keys that have one of several values, and nobody knows which.
    pub(crate) doubtful: &'a Context,
    /// Every context that there can be.
    pub(crate) worlds: &'a [Context],
    /// Whether what is true of one of the values is enough; otherwise it has to be true of all.
    pub(crate) one_is_enough: bool,
}

impl Facts<'_> {
    /// What is negated is true where that which it negates is not.
    pub(crate) fn negated(self) -> Self {
        Self { one_is_enough: !self.one_is_enough, ..self }
    }

    pub(crate) fn is_true(self, mut each: impl Iterator<Item = bool>) -> bool {
        if self.one_is_enough { each.any(|is| is) } else { each.all(|is| is) }
    }

    /// Whether something is true, from whether it is in each context that there can be.
    pub(crate) fn is_true_in(self, is: impl Fn(&Context) -> bool) -> bool {
        self.is_true(self.worlds.iter().map(is))
    }
}

/// Every context that there can be, as one value of each doubtful key is the right one.
pub(crate) fn worlds(context: &Context, doubtful: &Context) -> Vec<Context> {
    let mut worlds = vec![context.clone()];
    for (key, values) in doubtful {
        let with = |world: &Context, value: &String| {
            let mut world = world.clone();
            world.insert(key.clone(), vec![value.clone()]);
            world
        };
        worlds = worlds.iter().flat_map(|world| values.iter().map(|value| with(world, value))).collect();
    }
    worlds
}

/// Everything a decision depends on, policies as the JSON that was written.
pub(crate) struct Case<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) context: &'a Context,
    /// Keys that have one of several values, and nobody knows which.
    pub(crate) doubtful: &'a Context,
    /// Every context that there can be.
    pub(crate) worlds: &'a [Context],
    pub(crate) key_policy: Option<&'a Value>,
    /// Whether nobody of its account gets in whom it does not let in.
    pub(crate) key_policy_decides: bool,
    pub(crate) key_account: Option<&'a str>,
    /// `None`: the root user.
    pub(crate) identity: Option<&'a [Value]>,
    pub(crate) boundary: Option<&'a Value>,
    pub(crate) session: Option<&'a [Value]>,
    /// The id of a grant, and whom it is to.
    pub(crate) grant: Option<(&'a str, Way)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) explicit: bool,
    pub(crate) layer: Layer,
    pub(crate) by: Option<String>,
}

pub(crate) fn evaluate(case: &Case<'_>) -> Verdict {
    // 1. "An explicit deny in any of these policies overrides the allow."
    for (layer, policies) in case.layers() {
        for policy in policies {
            if let Some(by) = case.first(policy, Effect::Deny) {
                return Verdict { allowed: false, explicit: true, layer, by: Some(by) };
            }
        }
    }
    // 2. Grants only allow, whatever the policies leave open: as a key policy would that names the grantee.
    let Some((id, way)) = case.grant else { return by_policies(case) };
    let hindered = match way {
        Way::Itself => None,
        Way::Within => case.beyond_bounds(),
        Way::Account if case.own_policies().is_none() => Some(Layer::Identity),
        Way::Account => case.beyond_bounds(),
    };
    let Some(layer) = hindered else { return yes(Layer::Grant, id) };
    let otherwise = by_policies(case);
    if otherwise.allowed { otherwise } else { no(layer) }
}

fn by_policies(case: &Case<'_>) -> Verdict {
    let own = case.own_policies();
    let beyond = case.beyond_bounds();
    let within_bounds = |by: &str| match beyond {
        Some(layer) => no(layer),
        None => yes(Layer::Identity, by),
    };
    // 3. What has no policy of its own is decided by the caller's.
    let Some(key_policy) = case.key_policy else {
        return own.map_or_else(|| no(Layer::Identity), |by| within_bounds(&by));
    };
    // 4. The key policy must name the caller, one way or the other. "If the requested resource has a resource-based policy
    // that allows, the final decision is Allow"; otherwise, in the same account, the caller's own policies are asked, but
    // for keys and trust policies.
    let by_name = case.allowing(key_policy, Way::Itself);
    let within = case.allowing(key_policy, Way::Within);
    let by_account = case.allowing(key_policy, Way::Account);
    let is_other = case.principal.account().is_some_and(|account| Some(account) != case.key_account);
    let Some(by_policy) = by_name.clone().or(within.clone()).or(by_account) else {
        if !case.key_policy_decides && !is_other {
            return own.map_or_else(|| no(Layer::Identity), |by| within_bounds(&by));
        }
        return if own.is_some() { no(Layer::Resource) } else { no(Layer::Identity) };
    };
    // 5. Services have no policies. Of other accounts both sides are asked.
    let account = case.principal.account();
    if account.is_some() && case.key_account.is_some() && account != case.key_account {
        let Some(own) = own else { return no(Layer::Identity) };
        let own = within_bounds(&own);
        return if own.allowed { yes(Layer::Resource, &by_policy) } else { own };
    }
    // 6. In the same account, being named is enough; sessions of a role that is named, and federated users whose user
    // or who are named among all, stay within their bounds; the account being named hands the decision to the
    // caller's own policies.
    if let Some(by) = by_name {
        return yes(Layer::Resource, &by);
    }
    if let Some(by) = within {
        return beyond.map_or_else(|| yes(Layer::Resource, &by), no);
    }
    own.map_or_else(|| no(Layer::Identity), |by| within_bounds(&by))
}

/// How a principal element can mean a caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    Itself,
    /// "Limited by an implicit deny in a permissions boundary or session policy": the ARN of the role of a session, and
    /// of the user who federated; and whatever else does not "specifically reference the federated user session".
    Within,
    Account,
}

impl Way {
    /// The same in the words of the other evaluator.
    pub(crate) fn of(naming: Naming) -> Self {
        match naming {
            Naming::Directly => Self::Itself,
            Naming::Bounded => Self::Within,
            Naming::Account => Self::Account,
        }
    }
}

impl Case<'_> {
    /// The layers that can deny, in the order in which they are reported.
    fn layers(&self) -> Vec<(Layer, Vec<&Value>)> {
        vec![
            (Layer::Resource, self.key_policy.into_iter().collect()),
            (Layer::Identity, self.identity.into_iter().flatten().collect()),
            (Layer::Boundary, self.boundary.into_iter().collect()),
            (Layer::Session, self.session.into_iter().flatten().collect()),
        ]
    }

    /// What allows it in the caller's own policies. The root user may do what its account may do.
    fn own_policies(&self) -> Option<String> {
        match self.identity {
            None => Some("the account's root user".to_owned()),
            Some(policies) => policies.iter().find_map(|policy| self.first(policy, Effect::Allow)),
        }
    }

    /// The bound that allows it not.
    fn beyond_bounds(&self) -> Option<Layer> {
        let allows = |policy: &Value| self.first(policy, Effect::Allow).is_some();
        match (self.boundary, self.session) {
            (Some(boundary), _) if !allows(boundary) => Some(Layer::Boundary),
            (_, Some(session)) if !session.iter().any(allows) => Some(Layer::Session),
            _ => None,
        }
    }

    /// The first statement of a policy with this effect that is about the question.
    fn first(&self, policy: &Value, effect: Effect) -> Option<String> {
        let statements = statements(policy);
        let at = statements.iter().position(|statement| {
            has_effect(statement, effect) && self.is_denied_to(statement) && self.is_about(policy, statement)
        })?;
        Some(label(statements[at], at))
    }

    /// The first statement of a key policy that allows the caller in a certain way.
    fn allowing(&self, policy: &Value, way: Way) -> Option<String> {
        let statements = statements(policy);
        let at = statements.iter().position(|statement| {
            has_effect(statement, Effect::Allow)
                && self.is_allowed_to(statement, way)
                && self.is_about(policy, statement)
        })?;
        Some(label(statements[at], at))
    }

    /// Whether the principals of a statement that denies include the caller; without principals it is about
    /// whoever the policy is attached to.
    fn is_denied_to(&self, statement: &Value) -> bool {
        let ways = [Way::Itself, Way::Within, Way::Account];
        if let Some(principal) = statement.get("Principal") {
            return ways.iter().any(|way| self.is_named(principal, *way));
        }
        if let Some(principal) = statement.get("NotPrincipal") {
            // "AWS might validate the account first, then the role, and then the assumed-role user": each must
            // be excepted. "Will always deny any IAM principal that has a permissions boundary."
            let mut wanted = vec![Way::Itself];
            let without_account = matches!(
                self.principal,
                Principal::Root { .. } | Principal::WebIdentity { .. } | Principal::Service { .. }
            );
            if !without_account {
                wanted.push(Way::Account);
            }
            if matches!(
                self.principal,
                Principal::Session { .. } | Principal::FederatedUser { user: Some(_), .. }
            ) {
                wanted.push(Way::Within);
            }
            let excepted = is_everybody(principal) || wanted.iter().all(|way| self.is_named(principal, *way));
            return self.boundary.is_some() || !excepted;
        }
        true
    }

    fn is_allowed_to(&self, statement: &Value, way: Way) -> bool {
        // "Use the Principal element in a trust policy to specify the federated principal": everybody is not enough.
        if let Principal::WebIdentity { provider } = self.principal {
            let named = statement.get("Principal").and_then(|principal| principal.get("Federated"));
            return way == Way::Itself
                && named.is_some_and(|named| list(named).iter().any(|named| named == provider));
        }
        // "NotPrincipal must be used with "Effect":"Deny"."
        statement.get("Principal").is_some_and(|principal| self.is_named(principal, way))
    }

    fn is_named(&self, principal: &Value, way: Way) -> bool {
        if is_everybody(principal) {
            let is_federated = matches!(self.principal, Principal::FederatedUser { .. });
            if way == if is_federated { Way::Within } else { Way::Itself } {
                return true;
            }
        }
        let listed = |kind: &str, name: &str| {
            principal.get(kind).is_some_and(|values| list(values).iter().any(|value| value == name))
        };
        let account_listed =
            |account: &str| listed("AWS", account) || listed("AWS", &format!("arn:aws:iam::{account}:root"));
        match (self.principal, way) {
            (Principal::Root { account }, Way::Itself) => account_listed(account),
            (Principal::User { arn, unique_id, .. }, Way::Itself) => {
                listed("AWS", arn) || listed("AWS", unique_id)
            }
            (Principal::FederatedUser { arn, .. }, Way::Itself) => listed("AWS", arn),
            (Principal::FederatedUser { user: Some(user), .. }, Way::Within) => {
                listed("AWS", &user.arn) || listed("AWS", &user.unique_id)
            }
            (Principal::Session { session_arn, .. }, Way::Itself) => listed("AWS", session_arn),
            (Principal::Session { role_arn, role_id, .. }, Way::Within) => {
                listed("AWS", role_arn) || listed("AWS", role_id)
            }
            (Principal::WebIdentity { provider }, Way::Itself) => listed("Federated", provider),
            (Principal::Service { name }, Way::Itself) => listed("Service", name),
            (
                Principal::User { account, .. }
                | Principal::FederatedUser { account, .. }
                | Principal::Session { account, .. },
                Way::Account,
            ) => account_listed(account),
            _ => false,
        }
    }

    /// Whether action, resource and conditions fit.
    fn is_about(&self, policy: &Value, statement: &Value) -> bool {
        // "Policy variables were introduced in version 2012-10-17."
        let variables = policy.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        let action = |pattern: &str| {
            like(&expand(&pattern.to_lowercase(), true, None).unwrap(), &self.action.to_lowercase())
        };
        // To deny, it is enough that it may be so; to allow, it has to be so.
        let one_is_enough = has_effect(statement, Effect::Deny);
        let Self { context, doubtful, worlds, .. } = *self;
        let facts = Facts { context, doubtful, worlds, one_is_enough };
        let of_resource = if statement.get("NotResource").is_some() { facts.negated() } else { facts };
        let resource = |pattern: &str| {
            of_resource.is_true_in(|world| {
                let pattern = expand(pattern, true, variables.then_some(world));
                pattern.is_some_and(|pattern: Vec<Char>| like(&pattern, self.resource))
            })
        };
        lists(statement, "Action", "NotAction", &action)
            && lists(statement, "Resource", "NotResource", &resource)
            && condition::hold(statement.get("Condition"), facts, variables)
    }
}

/// Whether an element lists what is asked about, or its `Not` form does not. Neither: about nothing.
fn lists(statement: &Value, element: &str, negated: &str, is: &dyn Fn(&str) -> bool) -> bool {
    if let Some(values) = statement.get(element) {
        return list(values).iter().any(|value| is(value));
    }
    if let Some(values) = statement.get(negated) {
        return !list(values).iter().any(|value| is(value));
    }
    false
}

fn is_everybody(principal: &Value) -> bool {
    principal == "*"
        || principal.get("AWS").is_some_and(|values| list(values).iter().any(|value| value == "*"))
}

fn has_effect(statement: &Value, effect: Effect) -> bool {
    statement["Effect"] == if effect == Effect::Allow { "Allow" } else { "Deny" }
}

fn statements(policy: &Value) -> Vec<&Value> {
    match &policy["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        statement => vec![statement],
    }
}

fn label(statement: &Value, at: usize) -> String {
    match statement.get("Sid").and_then(Value::as_str) {
        Some(sid) if !sid.is_empty() => sid.to_owned(),
        _ => (at + 1).to_string(),
    }
}

/// A value or an array of values, as text.
fn list(values: &Value) -> Vec<String> {
    match values {
        Value::Array(values) => values.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn yes(layer: Layer, by: &str) -> Verdict {
    Verdict { allowed: true, explicit: false, layer, by: Some(by.to_owned()) }
}

fn no(layer: Layer) -> Verdict {
    Verdict { allowed: false, explicit: false, layer, by: None }
}
