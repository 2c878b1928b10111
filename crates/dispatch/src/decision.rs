//! Asking the policies about a call, and saying no in AWS's words.

use policy::{ConditionKeys, Decision, Identity, Layer, Layers, Policy, Question};

use crate::{Cx, Fault, IdentityPolicies, Policies, conditions::WithGlobal, fault};

/// What a resource has of its own to say.
#[derive(Default)]
pub struct OnResource<'a> {
    /// Its policy and its account; `None` for resources without policies.
    pub policy: Option<(&'a Policy, &'a str)>,
    /// A grant on it that covers the question, by its id.
    pub grant: Option<&'a str>,
}

/// Decides about an action of the caller. `keys` tells every condition key, the global ones included.
#[must_use]
pub fn decide(
    cx: &Cx<'_>,
    action: &str,
    resource: &str,
    on_resource: &OnResource<'_>,
    keys: &dyn ConditionKeys,
) -> Decision {
    ask(cx, action, resource, on_resource, keys, policy::decide)
}

/// Why [`decide`] decides as it does, for the record of a denial: the action, the resource, and what every layer
/// says. `layer` is what the resource's policy is called in records.
#[must_use]
pub fn explain(
    cx: &Cx<'_>,
    action: &str,
    resource: &str,
    on_resource: &OnResource<'_>,
    keys: &dyn ConditionKeys,
    layer: &str,
) -> String {
    let trace = ask(cx, action, resource, on_resource, keys, policy::trace);
    format!("{action} on {resource}\n{}", trace.about(layer))
}

fn ask<T>(
    cx: &Cx<'_>,
    action: &str,
    resource: &str,
    on_resource: &OnResource<'_>,
    keys: &dyn ConditionKeys,
    then: impl FnOnce(&Question<'_>, &Layers<'_>) -> T,
) -> T {
    let caller = cx.caller;
    let question = Question { principal: &caller.principal, action, resource, keys };
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
        resource_account: None,
        identity: Identity::RootUser,
        boundary: None,
        session: None,
        grant: None,
    }
}

/// Asks the caller's identity policies for an action on something that has no policy of its own, and notes
/// the decision. `keys` tells the condition keys beyond the global ones.
///
/// # Errors
/// `AccessDenied`, with AWS's reason.
pub fn permit(cx: &mut Cx<'_>, action: &str, resource: &str, keys: &dyn ConditionKeys) -> Result<(), Fault> {
    let (decision, why) = {
        let keys = WithGlobal { cx, inner: keys };
        let on_resource = OnResource::default();
        let decision = decide(cx, action, resource, &on_resource, &keys);
        let why = (!decision.is_allowed())
            .then(|| explain(cx, action, resource, &on_resource, &keys, Layer::Resource.as_str()));
        (decision, why)
    };
    note(cx, &decision, why);
    if decision.is_allowed() { Ok(()) } else { Err(denied(cx, action, resource, &decision)) }
}

/// Notes a decision for the record, and of a denial why.
pub fn note(cx: &mut Cx<'_>, decision: &Decision, why: Option<String>) {
    if let Some(why) = why {
        cx.notes.traced(why);
    }
    let (layer, statement) =
        (decision.layer().as_str(), decision.statement().map(|statement| statement.to_string()));
    if cx.policies == Policies::Ignored {
        cx.notes.allowed("policies-ignored", None);
    } else if decision.is_allowed() {
        cx.notes.allowed(layer, statement);
    } else {
        cx.notes.denied(layer, statement);
    }
}

/// The fault for a denial.
#[must_use]
pub fn denied(cx: &Cx<'_>, action: &str, resource: &str, decision: &Decision) -> Fault {
    Fault::new(
        &fault::ACCESS_DENIED,
        format!(
            "User: {} is not authorized to perform: {action} on resource: {resource}{}",
            cx.caller.arn,
            decision.because(action)
        ),
    )
}
