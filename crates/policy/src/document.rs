//! Policies: read and checked when they are written, compact and fast afterwards.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    Effect, Malformed, PrincipalPattern, Rule, Statement,
    heads::Head,
    raw::{Object, RawPolicy},
    statement::Grammar,
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
    text: Arc<str>,
    statements: Vec<Statement>,
    /// One for each statement.
    heads: Vec<Head>,
    variables: bool,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`Malformed`], with the first thing that is wrong. Sizes are limited by the caller, who knows the limit.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, Malformed> {
        let raw = RawPolicy::parse(text)?;
        // Variables came with version 2012-10-17; without a version it is the older one.
        let variables = match raw.version.as_deref() {
            Some("2012-10-17") => true,
            Some("2008-10-17") | None => false,
            Some(_) => return Err(Malformed::Version),
        };
        if raw.statement.0.is_empty() {
            return Err(Malformed::NoStatement);
        }
        let grammar = Grammar { kind, variables };
        let mut statements = Vec::with_capacity(raw.statement.0.len());
        let mut sids = BTreeSet::new();
        for (Object(raw), number) in raw.statement.0.into_iter().zip(1..) {
            let statement =
                grammar.statement(raw, number).map_err(|rule| Malformed::Statement { number, rule })?;
            if let Some(sid) = statement.sid().filter(|_| kind != PolicyKind::KeyPolicy)
                && !sids.insert(sid.to_owned())
            {
                return Err(Malformed::Statement { number, rule: Rule::SidTwice });
            }
            statements.push(statement);
        }
        let heads = statements.iter().map(Head::of).collect();
        Ok(Self { text: text.into(), statements, heads, variables })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its statements.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether a statement allows any action of the service with this namespace, as far as the actions' patterns show.
    #[must_use]
    pub fn allows_something_of(&self, namespace: &str) -> bool {
        let prefix = format!("{namespace}:");
        let mut allowing = self.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        allowing.any(|statement| statement.covers_action_of(&prefix))
    }

    /// The statements with this effect that may be about an action; all that are, and few others.
    pub(crate) fn about<'a>(
        &'a self,
        effect: Effect,
        action: &'a str,
    ) -> impl Iterator<Item = &'a Statement> {
        let heads = self.heads.iter().zip(&self.statements);
        heads.filter(move |(head, _)| head.may_be_about(effect, action)).map(|(_, statement)| statement)
    }

    /// Whether `${…}` stands for a value in it.
    pub(crate) fn has_variables(&self) -> bool {
        self.variables
    }

    /// Checks that it is of the version that IAM wants of managed policies, since there are variables: 2012-10-17.
    ///
    /// # Errors
    /// [`Malformed::OldVersion`].
    pub fn check_version(&self) -> Result<(), Malformed> {
        if self.variables { Ok(()) } else { Err(Malformed::OldVersion) }
    }

    /// Every principal that it names.
    pub fn principals(&self) -> impl Iterator<Item = &PrincipalPattern> {
        self.statements
            .iter()
            .filter_map(|statement| statement.principals.as_ref())
            .flat_map(|named| &named.list)
    }

    /// The same policy with users, roles and sessions named by their unique ids, where `unique_id` knows one for
    /// an ARN. So it goes on meaning whoever bore the name when it was put.
    #[must_use]
    pub fn bind(&self, unique_id: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut bound = self.clone();
        let named = bound.statements.iter_mut().filter_map(|statement| statement.principals.as_mut());
        for pattern in named.flat_map(|named| &mut named.list) {
            if let Some(id) = pattern.arn().and_then(unique_id) {
                *pattern = PrincipalPattern::UniqueId(id);
            }
        }
        bound
    }
}
