//! Policies: read and checked when they are written, compact and fast afterwards.

use std::fmt;

use crate::{
    ConditionKeys, PrincipalPattern,
    condition::{Condition, ConditionError},
    pattern::{Pattern, Reading},
    raw::{OneOrMany, RawPolicy, RawPrincipal, RawStatement},
};

/// What kind of policy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// On a KMS key: names principals; a statement without action or resource has no effect.
    KeyPolicy,
    /// On a user, role or group; also boundaries and session policies: names no principals.
    IdentityPolicy,
    /// On a role, says who may assume it: names principals and no resources.
    TrustPolicy,
}

/// A policy that has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it is about; `None` in policies that name nobody.
    pub(crate) principals: Option<Named<PrincipalPattern>>,
    /// Actions, in small letters. A statement without any is about nothing.
    actions: Option<Named<Pattern>>,
    resources: Option<Named<Pattern>>,
    conditions: Vec<Condition>,
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

/// Why a text is no policy. `Display` is for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// It is no JSON, or not of a policy's form; the place is that of the JSON parser.
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The version is none of the two.
    Version,
    /// A statement breaks a rule.
    Statement {
        /// Which one, from 1.
        number: usize,
        /// Which rule.
        rule: Rule,
    },
}

/// A rule of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The effect is `Allow` or `Deny`.
    Effect,
    /// There is one of `Principal` and `NotPrincipal`.
    Principal,
    /// The policy names no principals.
    NoPrincipal,
    /// A principal is of a form that exists.
    PrincipalForm,
    /// There is one of `Action` and `NotAction`.
    Action,
    /// An action is `*`, or a service, a colon and a name.
    ActionForm,
    /// There is one of `Resource` and `NotResource`.
    Resource,
    /// The policy names no resources.
    NoResource,
    /// Condition operators exist.
    Operator,
    /// Variables are closed and have names.
    Variable,
    /// `ForAllValues` is not used on an encryption context's pair.
    OverlyPermissive,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`Malformed`], with the first thing that is wrong. Sizes are limited by the caller, who knows the limit.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, Malformed> {
        let raw: RawPolicy = serde_json::from_str(text)
            .map_err(|error| Malformed::Json { line: error.line(), column: error.column() })?;
        // Variables came with version 2012-10-17; without a version it is the older one.
        let variables = match raw.version.as_deref() {
            Some("2012-10-17") => true,
            Some("2008-10-17") | None => false,
            Some(_) => return Err(Malformed::Version),
        };
        let statements = raw.statement.0.into_iter().zip(1..);
        let statements = statements.map(|(raw, number)| {
            statement(raw, kind, variables).map_err(|rule| Malformed::Statement { number, rule })
        });
        Ok(Self { statements: statements.collect::<Result<_, _>>()? })
    }

    /// Its statements.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Every principal that it names.
    pub fn principals(&self) -> impl Iterator<Item = &PrincipalPattern> {
        self.statements
            .iter()
            .filter_map(|statement| statement.principals.as_ref())
            .flat_map(|named| &named.list)
    }
}

impl Statement {
    /// Whether it is about this action on this resource under these conditions, whoever asks.
    pub(crate) fn covers(&self, action: &str, resource: &str, keys: &dyn ConditionKeys) -> bool {
        let (Some(actions), Some(resources)) = (&self.actions, &self.resources) else { return false };
        actions.names(|pattern| pattern.matches(action, keys))
            && resources.names(|pattern| pattern.matches(resource, keys))
            && self.conditions.iter().all(|condition| condition.holds(keys))
    }
}

impl<T> Named<T> {
    /// Whether what `is` recognises is named.
    pub(crate) fn names(&self, is: impl Fn(&T) -> bool) -> bool {
        self.list.iter().any(is) != self.except
    }
}

fn statement(raw: RawStatement, kind: PolicyKind, variables: bool) -> Result<Statement, Rule> {
    let effect = match raw.effect.as_str() {
        "Allow" => Effect::Allow,
        "Deny" => Effect::Deny,
        _ => return Err(Rule::Effect),
    };
    let lenient = kind == PolicyKind::KeyPolicy;
    let principals = either(raw.principal, raw.not_principal, Rule::Principal)?;
    let principals = match (principals, kind) {
        (None, PolicyKind::IdentityPolicy) => None,
        (Some(_), PolicyKind::IdentityPolicy) => return Err(Rule::NoPrincipal),
        (None, _) => return Err(Rule::Principal),
        (Some((raw, except)), _) => Some(Named { except, list: principal_list(raw)? }),
    };
    let actions = match either(raw.action, raw.not_action, Rule::Action)? {
        Some((raw, except)) => Some(Named { except, list: action_list(raw)? }),
        None if lenient => None,
        None => return Err(Rule::Action),
    };
    let resources = match (either(raw.resource, raw.not_resource, Rule::Resource)?, kind) {
        (Some(_), PolicyKind::TrustPolicy) => return Err(Rule::NoResource),
        (None, PolicyKind::TrustPolicy) => Some(Named { except: false, list: vec![Pattern::Any] }),
        (Some((raw, except)), _) => Some(Named { except, list: resource_list(raw, variables)? }),
        (None, _) if lenient => None,
        (None, _) => return Err(Rule::Resource),
    };
    let mut conditions = Vec::new();
    for (operator, keys) in raw.condition.into_iter().flat_map(|condition| condition.0) {
        for (key, values) in keys.0 {
            let values: Vec<String> = values.0.into_iter().map(|value| value.0).collect();
            conditions.push(Condition::parse(&operator, &key, &values, variables).map_err(
                |error| match error {
                    ConditionError::Operator => Rule::Operator,
                    ConditionError::Variable => Rule::Variable,
                    ConditionError::OverlyPermissive => Rule::OverlyPermissive,
                },
            )?);
        }
    }
    Ok(Statement { sid: raw.sid, effect, principals, actions, resources, conditions })
}

/// One of two elements, and whether it is the `Not…` one.
fn either<T>(plain: Option<T>, except: Option<T>, rule: Rule) -> Result<Option<(T, bool)>, Rule> {
    match (plain, except) {
        (Some(_), Some(_)) => Err(rule),
        (Some(raw), None) => Ok(Some((raw, false))),
        (None, Some(raw)) => Ok(Some((raw, true))),
        (None, None) => Ok(None),
    }
}

fn principal_list(raw: RawPrincipal) -> Result<Vec<PrincipalPattern>, Rule> {
    let kinds = match raw {
        RawPrincipal::Text(text) if text == "*" => return Ok(vec![PrincipalPattern::Anyone]),
        RawPrincipal::Text(_) => return Err(Rule::PrincipalForm),
        RawPrincipal::Kinds(kinds) => kinds.0,
    };
    let mut list = Vec::new();
    for (kind, values) in kinds {
        for value in values.0 {
            list.push(match kind.as_str() {
                "AWS" => PrincipalPattern::parse_aws(&value).ok_or(Rule::PrincipalForm)?,
                "Service" => PrincipalPattern::Service(value),
                "Federated" => PrincipalPattern::Federated(value),
                "CanonicalUser" => PrincipalPattern::CanonicalUser(value),
                _ => return Err(Rule::PrincipalForm),
            });
        }
    }
    if list.is_empty() { Err(Rule::Principal) } else { Ok(list) }
}

fn action_list(raw: OneOrMany<String>) -> Result<Vec<Pattern>, Rule> {
    let action = |text: String| {
        let whole = text == "*"
            || text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
        let reading = Reading { wildcards: true, variables: false };
        let pattern = Pattern::parse(&text.to_ascii_lowercase(), reading);
        pattern.filter(|_| whole).ok_or(Rule::ActionForm)
    };
    raw.0.into_iter().map(action).collect()
}

fn resource_list(raw: OneOrMany<String>, variables: bool) -> Result<Vec<Pattern>, Rule> {
    let reading = Reading { wildcards: true, variables };
    raw.0.into_iter().map(|text| Pattern::parse(&text, reading).ok_or(Rule::Variable)).collect()
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => write!(
                f,
                "This policy contains invalid Json, or an element that policies do not have, at line {line}, column {column}"
            ),
            Self::Version => f.write_str("The policy's Version must be 2012-10-17 or 2008-10-17"),
            Self::Statement { rule: Rule::OverlyPermissive, .. } => f.write_str(
                "OverlyPermissiveCondition:EncryptionContext: Using the ForAllValues set operator with a \
                 single-valued condition key matches requests without the specified encryption context or with an \
                 unspecified encryption context. To fix, remove ForAllValues.",
            ),
            Self::Statement { rule: Rule::PrincipalForm, .. } => {
                f.write_str("Policy contains a statement with one or more invalid principals.")
            }
            Self::Statement { number, rule } => write!(f, "Statement {number} of the policy: {rule}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Effect => "Effect must be Allow or Deny",
            Self::Principal => "there must be one of Principal and NotPrincipal",
            Self::NoPrincipal => "this kind of policy names no principals",
            Self::PrincipalForm => "a principal is invalid",
            Self::Action => "there must be one of Action and NotAction",
            Self::ActionForm => "an action must be * or a service, a colon and a name",
            Self::Resource => "there must be one of Resource and NotResource",
            Self::NoResource => "this kind of policy names no resources",
            Self::Operator => "a condition operator does not exist",
            Self::Variable => "a policy variable is malformed",
            Self::OverlyPermissive => "ForAllValues is used on a single-valued key",
        })
    }
}

impl std::error::Error for Malformed {}
