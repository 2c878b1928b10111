//! Statements: one rule of a policy, and the grammar that it follows.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::sync::Arc;

use crate::{
    PolicyKind, PrincipalPattern, Rule,
    condition::Condition,
    effort::Effort,
    facts::Facts,
    partition::{PARTITIONS, partition_of},
    pattern::{Pattern, Reading},
    raw::{OneOrMany, RawPrincipal, RawStatement},
};

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What decisions call it: its `Sid`, or its number from 1.
    pub(crate) label: Arc<str>,
    has_sid: bool,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it is about; `None` in policies that name nobody.
    pub(crate) principals: Option<Named<PrincipalPattern>>,
    /// A statement without any actions or resources is about nothing.
    pub(crate) actions: Option<Named<Pattern>>,
    pub(crate) resources: Option<Named<Pattern>>,
    pub(crate) conditions: Vec<Condition>,
}

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// What an element or its `Not…` form lists.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named<T> {
    pub(crate) except: bool,
    pub(crate) list: Vec<T>,
}

impl Statement {
    /// Its `Sid`, if it has one that is not empty.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.has_sid.then_some(&*self.label)
    }

    /// Whether it is about this action on this resource under these conditions, whoever asks.
    pub(crate) fn covers(&self, action: &str, resource: &str, facts: &Facts<'_>) -> bool {
        facts.effort.take(1)
            && self.covers_action(action, facts.effort)
            && self.covers_resource(resource, facts)
            && self.conditions.iter().all(|condition| condition.holds(facts))
    }

    pub(crate) fn covers_action(&self, action: &str, effort: &Effort) -> bool {
        let actions = self.actions.as_ref();
        actions.is_some_and(|actions| actions.names(|pattern| pattern.matches_action(action, effort)))
    }

    /// Whether it is about any action that starts so, such as `kms:`, as far as its patterns show.
    pub(crate) fn covers_action_of(&self, prefix: &str) -> bool {
        self.actions.as_ref().is_some_and(|actions| {
            let mut named = actions.list.iter().filter_map(|action| action.behind(prefix));
            if actions.except { !named.any(|rest| rest == "*") } else { named.next().is_some() }
        })
    }

    pub(crate) fn covers_resource(&self, resource: &str, facts: &Facts<'_>) -> bool {
        let resources = self.resources.as_ref();
        resources.is_some_and(|resources| {
            let facts = facts.negated(resources.except);
            resources.names(|pattern| pattern.matches(resource, &facts))
        })
    }
}

impl<T> Named<T> {
    /// Whether what `is` recognises is named.
    fn names(&self, is: impl Fn(&T) -> bool) -> bool {
        self.list.iter().any(is) != self.except
    }
}

/// What the kind and the version of a policy make of its statements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grammar {
    pub(crate) kind: PolicyKind,
    /// Whether there are variables.
    pub(crate) variables: bool,
}

impl Grammar {
    pub(crate) fn statement(self, raw: RawStatement, number: usize) -> Result<Statement, Rule> {
        let effect = match raw.effect.as_str() {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            _ => return Err(Rule::Effect),
        };
        let principals =
            self.principals(effect, either(raw.principal, raw.not_principal, Rule::Principal)?)?;
        let actions = match either(raw.action, raw.not_action, Rule::ActionTwice)? {
            Some((raw, except)) => Some(Named { except, list: self.actions(raw)? }),
            None if self.kind == PolicyKind::KeyPolicy => None,
            None => return Err(Rule::Action),
        };
        let resources = self.resources(either(raw.resource, raw.not_resource, Rule::ResourceTwice)?)?;
        let mut conditions = Vec::new();
        for (operator, keys) in raw.condition.into_iter().flat_map(|condition| condition.0) {
            for (key, values) in keys.0 {
                let values: Vec<String> = values.0.into_iter().map(|value| value.0).collect();
                let condition = Condition::parse(&operator, &key, &values, self.variables)?;
                // IAM takes any condition, and so do its policies here.
                if self.kind == PolicyKind::KeyPolicy {
                    condition.check_for_key_policy()?;
                }
                conditions.push(condition);
            }
        }
        let sid = raw.sid.filter(|sid| !sid.is_empty());
        if self.kind != PolicyKind::KeyPolicy
            && sid.as_ref().is_some_and(|sid| !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            return Err(Rule::SidForm);
        }
        let has_sid = sid.is_some();
        let label = sid.unwrap_or_else(|| number.to_string()).into();
        Ok(Statement { label, has_sid, effect, principals, actions, resources, conditions })
    }

    fn principals(
        self,
        effect: Effect,
        raw: Option<(RawPrincipal, bool)>,
    ) -> Result<Option<Named<PrincipalPattern>>, Rule> {
        match (raw, self.kind) {
            (None, PolicyKind::IdentityPolicy) => Ok(None),
            (Some(_), PolicyKind::IdentityPolicy) => Err(Rule::NoPrincipal),
            (None, _) => Err(Rule::Principal),
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
            (Some((_, true)), _) if effect == Effect::Allow => Err(Rule::NotPrincipalAllowed),
            (Some((_, true)), PolicyKind::TrustPolicy) => Err(Rule::NoNotPrincipal),
            (Some((raw, except)), _) => Ok(Some(Named { except, list: principals(raw)? })),
        }
    }

    fn actions(self, raw: OneOrMany<String>) -> Result<Vec<Pattern>, Rule> {
        let action = |text: String| {
            let parts = text.split_once(':');
            let whole =
                text == "*" || parts.is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            let pattern = Pattern::parse(&text, Reading { wildcards: true, variables: false });
            let pattern = pattern.filter(|_| whole).ok_or(Rule::ActionForm)?;
            let of_sts = parts.is_some_and(|(service, _)| service.eq_ignore_ascii_case("sts"));
            let trusted =
                || TRUST_ACTIONS.iter().any(|action| pattern.matches_action(action, &Effort::none()));
            if self.kind == PolicyKind::TrustPolicy && !(of_sts && trusted()) {
                return Err(Rule::TrustAction);
            }
            Ok(pattern)
        };
        filled(raw)?.into_iter().map(action).collect()
    }

    fn resources(self, raw: Option<(OneOrMany<String>, bool)>) -> Result<Option<Named<Pattern>>, Rule> {
        match (raw, self.kind) {
            (Some(_), PolicyKind::TrustPolicy) => Err(Rule::NoResource),
            (None, PolicyKind::TrustPolicy) => Ok(Some(Named { except: false, list: vec![Pattern::any()] })),
            (Some((raw, except)), _) => {
                let list = filled(raw)?.iter().map(|text| self.resource(text)).collect::<Result<_, _>>()?;
                Ok(Some(Named { except, list }))
            }
            (None, PolicyKind::KeyPolicy) => Ok(None),
            (None, PolicyKind::IdentityPolicy) => Err(Rule::Resource),
        }
    }

    fn resource(self, text: &str) -> Result<Pattern, Rule> {
        if self.kind == PolicyKind::IdentityPolicy && text != "*" && !text.starts_with("arn:") {
            return Err(Rule::ResourceForm { resource: text.to_owned() });
        }
        if partition_of(text).is_some_and(|partition| !PARTITIONS.contains(&partition)) {
            return Err(Rule::Partition { resource: text.to_owned() });
        }
        // Variables stand for what is behind the fifth colon, never for a service or an account.
        let early = text.split_once("${").is_some_and(|(before, _)| before.matches(':').count() < 5);
        if self.variables && early {
            return Err(Rule::Variable);
        }
        let reading = Reading { wildcards: true, variables: self.variables };
        Pattern::parse(text, reading).ok_or(Rule::Variable)
    }
}

/// What a trust policy can be asked for.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_modify.html>
const TRUST_ACTIONS: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

/// One of two elements, and whether it is the `Not…` one.
fn either<T>(plain: Option<T>, except: Option<T>, both: Rule) -> Result<Option<(T, bool)>, Rule> {
    match (plain, except) {
        (Some(_), Some(_)) => Err(both),
        (Some(raw), None) => Ok(Some((raw, false))),
        (None, Some(raw)) => Ok(Some((raw, true))),
        (None, None) => Ok(None),
    }
}

/// An empty list says nothing, and its `Not…` form would say everything.
fn filled<T>(raw: OneOrMany<T>) -> Result<Vec<T>, Rule> {
    if raw.0.is_empty() { Err(Rule::Empty) } else { Ok(raw.0) }
}

fn principals(raw: RawPrincipal) -> Result<Vec<PrincipalPattern>, Rule> {
    let invalid = |element: &str, value: String| Rule::PrincipalForm { element: element.to_owned(), value };
    let kinds = match raw {
        RawPrincipal::Text(text) if text == "*" => return Ok(vec![PrincipalPattern::Anyone]),
        RawPrincipal::Text(text) => return Err(invalid("AWS", text)),
        RawPrincipal::Kinds(kinds) => kinds.0,
    };
    let mut list = Vec::new();
    for (kind, values) in kinds {
        for value in filled(values)? {
            list.push(match kind.as_str() {
                "AWS" => PrincipalPattern::parse_aws(&value).ok_or_else(|| invalid("AWS", value))?,
                "Service" => PrincipalPattern::Service(value),
                "Federated" => PrincipalPattern::Federated(value),
                "CanonicalUser" => PrincipalPattern::CanonicalUser(value),
                _ => return Err(invalid(&kind, value)),
            });
        }
    }
    if list.is_empty() { Err(Rule::Empty) } else { Ok(list) }
}
