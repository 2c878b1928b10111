//! The decision: pure, total, and able to say which statement made it.
//!
//! ```text
//! an explicit deny anywhere                                  → denied
//! a grant to the caller, or to its role within bounds, or to its account and allowed there → allowed
//! same account:  named by the key policy | delegated to the account and allowed there
//!                | allowed in the account, where a policy of the resource is not needed
//! other account: named by the key policy AND allowed in the caller's account
//! nothing of it                                              → denied
//! too much work to tell                                      → denied
//! ```
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::{fmt, sync::Arc};

use crate::{
    ConditionKeys, Effect, Policy, Principal, PrincipalPattern, Statement, effort::Effort, facts::Facts,
    principal::Naming,
};

/// What is asked.
pub struct Question<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What for, such as `kms:Encrypt`.
    pub action: &'a str,
    /// On what: an ARN, or `*`.
    pub resource: &'a str,
    /// Under which circumstances.
    pub keys: &'a dyn ConditionKeys,
}

/// Everything that has a say.
pub struct Layers<'a> {
    /// The policy on the resource; `None` where resources have none.
    pub resource_policy: Option<&'a Policy>,
    /// Whether it has to let a caller of its account in, as the policies of keys and roles have. Those of a bucket and
    /// most others need not: what the caller's own policies allow is allowed.
    pub resource_policy_decides: bool,
    /// The resource's account; `None` where there is no resource.
    pub resource_account: Option<&'a str>,
    /// The caller's own policies.
    pub identity: Identity<'a>,
    /// What bounds the caller's own policies.
    pub boundary: Option<&'a Policy>,
    /// What bounds its session.
    pub session: Option<&'a [&'a Policy]>,
    /// A grant that covers the question: its id, and how its grantee is the caller.
    pub grant: Option<(&'a str, Naming)>,
}

/// The identity side.
#[derive(Clone, Copy)]
pub enum Identity<'a> {
    /// The root user of an account: all that the account may do.
    RootUser,
    /// The policies of a user or role.
    Policies(&'a [&'a Policy]),
}

/// A layer of the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The caller's own policies.
    Identity,
    /// The key policy.
    Resource,
    /// The permissions boundary.
    Boundary,
    /// The session policy.
    Session,
    /// A grant.
    Grant,
    /// None: the policies and the request together take more work than a decision may be.
    Limit,
}

/// Allowed or denied, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    allowed: bool,
    explicit: bool,
    layer: Layer,
    by: Option<By>,
}

/// What made a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    Statement(Arc<str>),
    Grant(String),
    RootUser,
}

/// Decides. Never fails: what is not clearly allowed is denied.
#[must_use]
pub fn decide(question: &Question<'_>, layers: &Layers<'_>) -> Decision {
    let effort = Effort::none();
    let decision = Asked { question, layers, effort: &effort }.decide();
    if effort.is_spent() { beyond_limit() } else { decision }
}

impl Decision {
    /// Whether the question is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// Whether it stands against whatever else allows: a statement denies it, or nobody knows whether one does, as
    /// that takes too much work. Else it is the lack of a statement that allows.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.explicit
    }

    /// The layer that decided, or that would have had to allow.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// The statement that decided: its `Sid`, or its number from 1; or the grant.
    #[must_use]
    pub fn statement(&self) -> Option<&str> {
        self.by.as_ref().map(|by| match by {
            By::Statement(label) => &**label,
            By::Grant(id) => id,
            By::RootUser => "the account's root user",
        })
    }

    /// How AWS ends the message of a denial.
    #[must_use]
    pub fn because(&self, action: &str) -> String {
        let (article, name) = match self.layer {
            Layer::Identity => ("an", "identity-based policy"),
            Layer::Resource | Layer::Grant => ("a", "resource-based policy"),
            Layer::Boundary => ("a", "permissions boundary"),
            Layer::Session => ("a", "session policy"),
            Layer::Limit => return " because its policies take too much work to evaluate".to_owned(),
        };
        if self.explicit {
            format!(" with an explicit deny in {article} {name}")
        } else {
            format!(" because no {name} allows the {action} action")
        }
    }
}

impl Layer {
    /// Its name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity-policy",
            Self::Resource => "key-policy",
            Self::Boundary => "permissions-boundary",
            Self::Session => "session-policy",
            Self::Grant => "grant",
            Self::Limit => "decision-limit",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A question, and who has a say in it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) question: &'a Question<'a>,
    pub(crate) layers: &'a Layers<'a>,
    pub(crate) effort: &'a Effort,
}

/// The caller's account beside the resource's.
enum Account {
    Same,
    Other,
    /// The caller is a service, or a web identity.
    None,
}

impl<'a> Asked<'a> {
    fn decide(&self) -> Decision {
        if let Some(denied) = self.denied() {
            return denied;
        }
        let Some(granted) = self.granted() else { return self.by_policies() };
        if granted.allowed {
            return granted;
        }
        let by_policies = self.by_policies();
        if by_policies.allowed { by_policies } else { granted }
    }

    /// What a grant gives, within the bounds that it has.
    ///
    /// AWS says for resource policies whom boundaries and session policies bound: sessions whose role is named; and
    /// neither a user, nor a session, nor a federated user that is named itself. Of grants AWS says that they are
    /// weighed together with key policies. So a grant gives what a key policy with the same principal would give, to
    /// those whom it names.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
    fn granted(&self) -> Option<Decision> {
        let (id, naming) = self.layers.grant?;
        let granted = allowed(Layer::Grant, By::Grant(id.to_owned()));
        Some(match naming {
            Naming::Directly => granted,
            Naming::Bounded => self.bounded().map_or(granted, missing),
            Naming::Account => {
                let own = self.own();
                if own.allowed { granted } else { own }
            }
        })
    }

    /// What the policies give.
    fn by_policies(&self) -> Decision {
        let Some(policy) = self.layers.resource_policy else { return self.own() };
        let Some((naming, statement)) = self.named(policy) else {
            if !self.layers.resource_policy_decides && !matches!(self.account(), Account::Other) {
                return self.own();
            }
            // The first layer that is missing is named: the caller's own, then the key's, then the bounds.
            let layer = if self.identity().is_some() { Layer::Resource } else { Layer::Identity };
            return missing(layer);
        };
        let by_policy = allowed(Layer::Resource, By::Statement(Arc::clone(&statement.label)));
        match (naming, self.account()) {
            (Naming::Directly, Account::Same | Account::None) => by_policy,
            (Naming::Bounded, Account::Same) => self.bounded().map_or(by_policy, missing),
            (Naming::Account, Account::Same) => self.own(),
            (_, Account::Other) => {
                let own = self.own();
                if own.allowed { by_policy } else { own }
            }
            // These have neither account nor bounds, so nothing else names them.
            (Naming::Account | Naming::Bounded, Account::None) => missing(Layer::Resource),
        }
    }

    /// The first explicit deny.
    fn denied(&self) -> Option<Decision> {
        let Layers { resource_policy, boundary, session, .. } = *self.layers;
        let find = |policy: &'a Policy| self.find(policy, Effect::Deny);
        let in_resource = || {
            let mut statements = resource_policy?.about(Effect::Deny, self.question.action);
            statements.find(|statement| self.is_denied_in(statement) && self.covers(statement))
        };
        let in_identity = || match self.layers.identity {
            Identity::RootUser => None,
            Identity::Policies(policies) => policies.iter().find_map(|policy| find(policy)),
        };
        let in_session = || session?.iter().find_map(|policy| find(policy));
        let (layer, statement) = in_resource()
            .map(|statement| (Layer::Resource, statement))
            .or_else(|| in_identity().map(|statement| (Layer::Identity, statement)))
            .or_else(|| boundary.and_then(find).map(|statement| (Layer::Boundary, statement)))
            .or_else(|| in_session().map(|statement| (Layer::Session, statement)))?;
        let by = Some(By::Statement(Arc::clone(&statement.label)));
        Some(Decision { allowed: false, explicit: true, layer, by })
    }

    /// What the caller's own policies say, within their bounds.
    fn own(&self) -> Decision {
        let Some(by) = self.identity() else { return missing(Layer::Identity) };
        self.bounded().map_or_else(|| allowed(Layer::Identity, by), missing)
    }

    /// What allows it in the caller's own policies.
    fn identity(&self) -> Option<By> {
        match self.layers.identity {
            Identity::RootUser => Some(By::RootUser),
            Identity::Policies(policies) => {
                let found = policies.iter().find_map(|policy| self.find(policy, Effect::Allow))?;
                Some(By::Statement(Arc::clone(&found.label)))
            }
        }
    }

    /// The bound that does not allow it.
    fn bounded(&self) -> Option<Layer> {
        let allows = |policy: &'a Policy| self.find(policy, Effect::Allow).is_some();
        if self.layers.boundary.is_some_and(|policy| !allows(policy)) {
            return Some(Layer::Boundary);
        }
        let outside =
            self.layers.session.is_some_and(|policies| !policies.iter().any(|policy| allows(policy)));
        outside.then_some(Layer::Session)
    }

    /// The statement of a resource policy that allows the caller most directly, the first of several.
    fn named(&self, policy: &'a Policy) -> Option<(Naming, &'a Statement)> {
        let mut best: Option<(Naming, &Statement)> = None;
        for statement in policy.about(Effect::Allow, self.question.action) {
            if let Some(naming) = self.naming(statement)
                && best.is_none_or(|(found, _)| naming > found)
                && self.covers(statement)
            {
                best = Some((naming, statement));
            }
        }
        best
    }

    /// How a statement that allows names the caller.
    pub(crate) fn naming(&self, statement: &Statement) -> Option<Naming> {
        // No policy allows those whom it does not name.
        let principals = statement.principals.as_ref().filter(|principals| !principals.except)?;
        // `*` means everybody who is somebody in AWS. Who comes with a provider's word alone is let in only where that
        // provider is named.
        let vouched_for = matches!(self.question.principal, Principal::WebIdentity { .. });
        let counts =
            |pattern: &&PrincipalPattern| !vouched_for || matches!(pattern, PrincipalPattern::Federated(_));
        let named = principals.list.iter().filter(counts);
        named.filter_map(|pattern| pattern.names(self.question.principal)).max()
    }

    /// Whether a statement that denies is about the caller. A deny for an account is one for everybody in it.
    ///
    /// `NotPrincipal` spares a caller only if everything it goes by is listed: the account, the role, the
    /// session; and never one with a permissions boundary. Of a federated user the user who asked for it is listed too.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    pub(crate) fn is_denied_in(&self, statement: &Statement) -> bool {
        let Some(principals) = &statement.principals else { return false };
        let names = || principals.list.iter().filter_map(|pattern| pattern.names(self.question.principal));
        if !principals.except {
            return names().next().is_some();
        }
        let everybody = principals.list.contains(&PrincipalPattern::Anyone);
        let mut forms = self.question.principal.forms().iter();
        let spared = everybody || forms.all(|form| names().any(|naming| naming == *form));
        self.layers.boundary.is_some() || !spared
    }

    fn find(&self, policy: &'a Policy, effect: Effect) -> Option<&'a Statement> {
        policy.about(effect, self.question.action).find(|statement| self.covers(statement))
    }

    fn covers(&self, statement: &Statement) -> bool {
        statement.covers(self.question.action, self.question.resource, &self.facts(statement))
    }

    /// What a statement sees of the question.
    pub(crate) fn facts(&self, statement: &Statement) -> Facts<'a> {
        Facts::new(self.question.keys, statement.effect, self.effort)
    }

    fn account(&self) -> Account {
        match (self.question.principal.account(), self.layers.resource_account) {
            (None, _) => Account::None,
            (Some(own), Some(other)) if own != other => Account::Other,
            _ => Account::Same,
        }
    }
}

fn allowed(layer: Layer, by: By) -> Decision {
    Decision { allowed: true, explicit: false, layer, by: Some(by) }
}

fn missing(layer: Layer) -> Decision {
    Decision { allowed: false, explicit: false, layer, by: None }
}

fn beyond_limit() -> Decision {
    Decision { allowed: false, explicit: true, layer: Layer::Limit, by: None }
}
