//! Asking the policies about a call, and saying no in AWS's words.
//!
//! [`require`] asks, notes the decision for the record, explains a denial to the operator, and refuses. A service whose
//! refusals differ does the same in two steps: [`ask`], then [`conclude`].

use policy::{
    ConditionKey, ConditionKeys, Decision, Identity, Layer, Layers, Naming, Policy, Question, Values,
};

use crate::{Cx, Fault, IdentityPolicies, Policies, conditions::global, fault};

/// A permission that a call needs.
#[derive(Clone, Copy)]
pub struct Permission<'a> {
    /// The action, such as `kms:Encrypt`.
    pub action: &'a str,
    /// ARN of what it is done to; `*` where there is no such thing.
    pub resource: &'a str,
    /// What the resource has of its own to say.
    pub on_resource: OnResource<'a>,
    /// What condition keys say beside the global ones.
    pub says: &'a dyn Says,
}

impl<'a> Permission<'a> {
    /// A permission on something that has no policy of its own.
    pub fn on(action: &'a str, resource: &'a str, says: &'a dyn Says) -> Self {
        Self { action, resource, on_resource: OnResource::NOTHING, says }
    }
}

/// What a resource has of its own to say.
#[derive(Clone, Copy)]
pub struct OnResource<'a> {
    /// Its policy and its account; `None` for resources without policies.
    pub policy: Option<(&'a Policy, &'a str)>,
    /// A grant on it that covers the question: its id, and how its grantee is the caller.
    pub grant: Option<(&'a str, Naming)>,
    /// What its policy is called in records.
    pub called: &'static str,
}

impl OnResource<'_> {
    /// A resource without policies.
    pub const NOTHING: Self = Self { policy: None, grant: None, called: Layer::Resource.as_str() };
}

/// What a call and its resource say to condition keys.
pub trait Says {
    /// The value of a condition key; `None` where neither says anything.
    fn lookup<'a>(&'a self, cx: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>>;
}

/// Nothing beside the global condition keys.
impl Says for () {
    fn lookup<'a>(&'a self, _: &'a Cx<'_>, _: &ConditionKey) -> Option<Values<'a>> {
        None
    }
}

/// Asks for a permission, notes the decision, and of a denial why.
///
/// # Errors
/// `AccessDenied`, with AWS's reason.
pub fn require(cx: &mut Cx<'_>, permission: &Permission<'_>) -> Result<(), Fault> {
    let decision = ask(cx, permission);
    conclude(cx, permission, decision).map_err(|denial| denied(cx, permission, &denial))
}

/// What the policies say to a permission. Nothing is noted.
#[must_use]
pub fn ask(cx: &Cx<'_>, permission: &Permission<'_>) -> Decision {
    put(cx, permission, policy::decide)
}

/// What of the caller's own policies stands against something that they need not allow: a denial, or a boundary that
/// leaves it out.
pub(crate) fn opposed(cx: &Cx<'_>, permission: &Permission<'_>) -> Option<Decision> {
    let decision = ask(cx, permission);
    if decision.is_explicit() {
        return Some(decision);
    }
    let bounds = put(cx, permission, |question, layers| {
        policy::decide(question, &Layers { identity: Identity::RootUser, ..*layers })
    });
    (!bounds.is_allowed()).then_some(bounds)
}

/// Notes a decision about a permission, and of a denial why: the action, the resource, and what every layer says.
///
/// # Errors
/// The decision, if it is a denial.
pub fn conclude(cx: &mut Cx<'_>, permission: &Permission<'_>, decision: Decision) -> Result<(), Decision> {
    let called = permission.on_resource.called;
    let layer = match decision.layer() {
        Layer::Resource => called,
        layer => layer.as_str(),
    };
    let statement = decision.statement().map(str::to_owned);
    if decision.is_allowed() {
        match cx.policies {
            Policies::Enforced => cx.notes.allowed(layer, statement),
            Policies::Ignored => cx.notes.allowed("policies-ignored", None),
        }
        return Ok(());
    }
    let trace = put(cx, permission, policy::trace);
    let Permission { action, resource, .. } = permission;
    cx.notes.traced(format!("{action} on {resource}\n{}", trace.about(called)));
    cx.notes.denied(layer, statement);
    Err(decision)
}

/// The fault for a denial.
#[must_use]
pub fn denied(cx: &Cx<'_>, permission: &Permission<'_>, decision: &Decision) -> Fault {
    let Permission { action, resource, .. } = permission;
    Fault::new(
        &fault::ACCESS_DENIED,
        format!(
            "User: {} is not authorized to perform: {action} on resource: {resource}{}",
            cx.caller.arn,
            decision.because(action)
        ),
    )
}

/// Puts the question of a permission to the layers that have a say in it.
fn put<T>(cx: &Cx<'_>, permission: &Permission<'_>, then: impl FnOnce(&Question<'_>, &Layers<'_>) -> T) -> T {
    let Permission { action, resource, on_resource, says } = *permission;
    let caller = cx.caller;
    let keys = Keys { cx, says };
    let question = Question { principal: &caller.principal, action, resource, keys: &keys };
    if cx.policies == Policies::Ignored {
        return then(&question, &unlimited());
    }
    let attached: Vec<&Policy>;
    let identity = match &caller.policies {
        IdentityPolicies::Root => Identity::RootUser,
        IdentityPolicies::Attached(policies) => {
            attached = policies.iter().map(AsRef::as_ref).collect();
            Identity::Policies(&attached)
        }
    };
    let session = caller.session.as_ref().and_then(|session| session.policies.as_ref());
    let session: Option<Vec<&Policy>> = session.map(|all| all.iter().map(AsRef::as_ref).collect());
    then(
        &question,
        &Layers {
            resource_policy: on_resource.policy.map(|(policy, _)| policy),
            resource_policy_decides: true,
            resource_account: on_resource.policy.map(|(_, account)| account),
            identity,
            boundary: caller.boundary.as_deref(),
            session: session.as_deref(),
            grant: on_resource.grant,
        },
    )
}

/// What the root user has in an account where nothing has a policy of its own.
fn unlimited() -> Layers<'static> {
    Layers {
        resource_policy: None,
        resource_policy_decides: true,
        resource_account: None,
        identity: Identity::RootUser,
        boundary: None,
        session: None,
        grant: None,
    }
}

/// The condition keys of a permission, and the global ones behind them.
struct Keys<'a, 'c> {
    cx: &'a Cx<'c>,
    says: &'a dyn Says,
}

impl ConditionKeys for Keys<'_, '_> {
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        self.says.lookup(self.cx, key).or_else(|| global(self.cx, key))
    }
}
