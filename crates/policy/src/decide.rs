//! The decision: pure, total, and able to say which statement made it.
//!
//! ```text
//! an explicit deny anywhere                                  → denied
//! same account:  named by the key policy | delegated to the account and allowed there | a grant
//! other account: named by the key policy AND allowed in the caller's account
//! nothing of it                                              → denied
//! ```
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::fmt;

use crate::{ConditionKeys, Effect, Policy, Principal, Statement, principal::Naming};

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
    /// The resource's account; `None` where there is no resource.
    pub resource_account: Option<&'a str>,
    /// The caller's own policies.
    pub identity: Identity<'a>,
    /// What bounds the caller's own policies.
    pub boundary: Option<&'a Policy>,
    /// What bounds its session.
    pub session: Option<&'a [&'a Policy]>,
    /// A grant that covers the question, by its id.
    pub grant: Option<&'a str>,
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
}

/// Allowed or denied, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    allowed: bool,
    explicit: bool,
    layer: Layer,
    statement: Option<String>,
}

/// Decides. Never fails: what is not clearly allowed is denied.
#[must_use]
pub fn decide(question: &Question<'_>, layers: &Layers<'_>) -> Decision {
    let action = question.action.to_ascii_lowercase();
    let asked = Asked { question, action: &action };
    if let Some((layer, statement)) = asked.denied(layers) {
        return Decision { allowed: false, explicit: true, layer, statement: Some(statement) };
    }
    if let Some(grant) = layers.grant {
        return allowed(Layer::Grant, Some(grant.to_owned()));
    }
    let identity = asked.identity(layers);
    let Some(policy) = layers.resource_policy else { return identity };
    let (naming, statement) = match asked.named(policy) {
        Some(found) => found,
        // The first layer that is missing is named, the caller's own before the key's.
        None => return if identity.allowed { missing(Layer::Resource) } else { identity },
    };
    let by_policy = allowed(Layer::Resource, Some(statement));
    match naming {
        _ if !asked.same_account(layers) => {
            if identity.allowed {
                by_policy
            } else {
                identity
            }
        }
        Naming::Directly => by_policy,
        Naming::Role => asked.bounded(layers).unwrap_or(by_policy),
        Naming::Account => identity,
    }
}

impl Decision {
    /// Whether the question is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// The layer that decided, or that would have had to allow.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// The statement that decided: its `Sid`, or its number from 1.
    #[must_use]
    pub fn statement(&self) -> Option<&str> {
        self.statement.as_deref()
    }

    /// How AWS ends the message of a denial.
    #[must_use]
    pub fn because(&self, action: &str) -> String {
        let (article, name) = match self.layer {
            Layer::Identity => ("an", "identity-based policy"),
            Layer::Resource | Layer::Grant => ("a", "resource-based policy"),
            Layer::Boundary => ("a", "permissions boundary"),
            Layer::Session => ("a", "session policy"),
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
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity-policy",
            Self::Resource => "key-policy",
            Self::Boundary => "permissions-boundary",
            Self::Session => "session-policy",
            Self::Grant => "grant",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A question with its action in small letters, as patterns have it.
struct Asked<'a> {
    question: &'a Question<'a>,
    action: &'a str,
}

impl Asked<'_> {
    /// The first explicit deny.
    fn denied(&self, layers: &Layers<'_>) -> Option<(Layer, String)> {
        let resource = layers
            .resource_policy
            .and_then(|policy| self.find(policy, Effect::Deny, |statement| self.is_named_in_deny(statement)));
        let one = |policy: &Policy| self.find(policy, Effect::Deny, |_| true);
        let identity = match layers.identity {
            Identity::RootUser => None,
            Identity::Policies(policies) => policies.iter().find_map(|policy| one(policy)),
        };
        let session = layers.session.into_iter().flatten().find_map(|policy| one(policy));
        resource
            .map(|statement| (Layer::Resource, statement))
            .or_else(|| identity.map(|statement| (Layer::Identity, statement)))
            .or_else(|| layers.boundary.and_then(one).map(|statement| (Layer::Boundary, statement)))
            .or_else(|| session.map(|statement| (Layer::Session, statement)))
    }

    /// What the caller's own policies, within their bounds, say.
    fn identity(&self, layers: &Layers<'_>) -> Decision {
        let own = match layers.identity {
            Identity::RootUser => allowed(Layer::Identity, Some("the account's root user".to_owned())),
            Identity::Policies(policies) => {
                let found = policies.iter().find_map(|policy| self.find(policy, Effect::Allow, |_| true));
                found.map_or_else(
                    || missing(Layer::Identity),
                    |statement| allowed(Layer::Identity, Some(statement)),
                )
            }
        };
        if own.allowed { self.bounded(layers).unwrap_or(own) } else { own }
    }

    /// What a boundary or session policy does not allow.
    fn bounded(&self, layers: &Layers<'_>) -> Option<Decision> {
        let allows = |policy: &Policy| self.find(policy, Effect::Allow, |_| true).is_some();
        if layers.boundary.is_some_and(|policy| !allows(policy)) {
            return Some(missing(Layer::Boundary));
        }
        let outside = layers.session.is_some_and(|policies| !policies.iter().any(|policy| allows(policy)));
        outside.then(|| missing(Layer::Session))
    }

    /// The statement of a resource policy that allows the caller most directly.
    fn named(&self, policy: &Policy) -> Option<(Naming, String)> {
        let mut best: Option<(Naming, String)> = None;
        for (statement, number) in policy.statements().iter().zip(1..) {
            let Some(naming) = self.naming(statement).filter(|_| statement.effect == Effect::Allow) else {
                continue;
            };
            if best.as_ref().is_none_or(|(found, _)| naming > *found) && self.covers(statement) {
                best = Some((naming, label(statement, number)));
            }
        }
        best
    }

    fn naming(&self, statement: &Statement) -> Option<Naming> {
        let principals = statement.principals.as_ref()?;
        let naming =
            principals.list.iter().filter_map(|pattern| pattern.names(self.question.principal)).max();
        match (principals.except, naming) {
            (false, naming) => naming,
            // Whoever is not named by `NotPrincipal` is meant.
            (true, None) => Some(Naming::Directly),
            (true, Some(_)) => None,
        }
    }

    /// A deny for an account is one for everybody in it.
    fn is_named_in_deny(&self, statement: &Statement) -> bool {
        self.naming(statement).is_some()
    }

    fn find(&self, policy: &Policy, effect: Effect, about: impl Fn(&Statement) -> bool) -> Option<String> {
        let mut statements = policy.statements().iter().zip(1..);
        let found = statements
            .find(|(statement, _)| statement.effect == effect && about(statement) && self.covers(statement));
        found.map(|(statement, number)| label(statement, number))
    }

    fn covers(&self, statement: &Statement) -> bool {
        statement.covers(self.action, self.question.resource, self.question.keys)
    }

    fn same_account(&self, layers: &Layers<'_>) -> bool {
        layers.resource_account.is_none_or(|account| self.question.principal.account() == Some(account))
    }
}

fn label(statement: &Statement, number: u32) -> String {
    statement.sid.clone().filter(|sid| !sid.is_empty()).unwrap_or_else(|| number.to_string())
}

fn allowed(layer: Layer, statement: Option<String>) -> Decision {
    Decision { allowed: true, explicit: false, layer, statement }
}

fn missing(layer: Layer) -> Decision {
    Decision { allowed: false, explicit: false, layer, statement: None }
}
