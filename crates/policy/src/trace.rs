//! Why a question was decided as it was: every layer, every statement, and the first thing about it that did not
//! fit. Slow beside [`decide`](crate::decide()), and meant for denials that somebody asks about.

mod show;

use crate::{
    Decision, Effect, Identity, Layer, Layers, Naming, Policy, Question, Statement, decide, decide::Asked,
    effort::Effort, statement::Named,
};

/// Why a question was decided as it was. `Display` is for an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The decision, as [`decide`](crate::decide()) makes it.
    pub decision: Decision,
    /// The layers that there are: key policy, identity policies, boundary, session policies, grant.
    pub layers: Vec<LayerTrace>,
}

/// What one layer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerTrace {
    /// Which one.
    pub layer: Layer,
    /// What it says, all its policies together.
    pub verdict: Verdict,
    /// Its statements, policy by policy.
    pub statements: Vec<StatementTrace>,
}

/// What a layer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It denies.
    Denies {
        /// By which statement.
        statement: String,
    },
    /// It allows. Whether that is enough is for all layers together to say.
    Allows {
        /// By which statement or grant; or the root user.
        by: String,
        /// How a key policy or a grant names the caller.
        naming: Option<Naming>,
    },
    /// It does neither.
    Silent,
}

/// What one statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementTrace {
    /// The place of its policy among the layer's, from 0.
    pub policy: usize,
    /// Its place in the policy, from 0.
    pub place: usize,
    /// Its `Sid`, or its number from 1.
    pub label: String,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whether it is about the question.
    pub outcome: StatementOutcome,
}

/// Whether a statement is about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementOutcome {
    /// It is; in key policies that allow, this is how it names the caller.
    Matches(Option<Naming>),
    /// It is not.
    Fails(Failure),
}

/// The first thing about a statement that does not fit. The elements are looked at in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It has no action or no resource, and so is about nothing.
    Nothing,
    /// It is about other actions.
    Action(Listed),
    /// It is about other principals.
    Principal(Listed),
    /// It is about other resources.
    Resource(Listed),
    /// A condition does not hold.
    Condition {
        /// The operator.
        operator: String,
        /// The condition key.
        key: String,
        /// The policy's values, variables as they are written.
        wanted: Vec<String>,
        /// The request's values; `None` if the key is absent.
        asked: Option<Vec<String>>,
    },
    /// Nobody knows: to look at it and at those before it takes too much work.
    Limit,
}

/// What an element lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Whether it is the `Not…` form.
    pub except: bool,
    /// Its values as they are written.
    pub values: Vec<String>,
}

/// Decides as [`decide`](crate::decide()) does, and says why.
#[must_use]
pub fn trace(question: &Question<'_>, layers: &Layers<'_>) -> Trace {
    let effort = Effort::none();
    let asked = Asked { question, layers, effort: &effort };
    let mut traces = Vec::new();
    if let Some(policy) = layers.resource_policy {
        traces.push(layer(&asked, Layer::Resource, &[policy]));
    }
    traces.push(match layers.identity {
        Identity::Policies(policies) => layer(&asked, Layer::Identity, policies),
        Identity::RootUser => allows(Layer::Identity, "the account's root user", None),
    });
    if let Some(policy) = layers.boundary {
        traces.push(layer(&asked, Layer::Boundary, &[policy]));
    }
    if let Some(policies) = layers.session {
        traces.push(layer(&asked, Layer::Session, policies));
    }
    if let Some((grant, naming)) = layers.grant {
        traces.push(allows(Layer::Grant, grant, Some(naming)));
    }
    Trace { decision: decide(question, layers), layers: traces }
}

fn allows(layer: Layer, by: &str, naming: Option<Naming>) -> LayerTrace {
    let verdict = Verdict::Allows { by: by.to_owned(), naming };
    LayerTrace { layer, verdict, statements: Vec::new() }
}

fn layer(asked: &Asked<'_>, layer: Layer, policies: &[&Policy]) -> LayerTrace {
    let mut statements = Vec::new();
    for (policy, number) in policies.iter().zip(0..) {
        for (statement, place) in policy.statements().iter().zip(0..) {
            statements.push(StatementTrace {
                policy: number,
                place,
                label: statement.label.to_string(),
                effect: statement.effect,
                outcome: outcome_within_limit(asked, statement),
            });
        }
    }
    LayerTrace { layer, verdict: verdict(&statements), statements }
}

/// A deny wins; otherwise the statement that names most directly, the first of several.
fn verdict(statements: &[StatementTrace]) -> Verdict {
    let mut verdict = Verdict::Silent;
    for StatementTrace { label, effect, outcome, .. } in statements {
        match (effect, outcome, &verdict) {
            (Effect::Deny, StatementOutcome::Matches(_), _) => {
                return Verdict::Denies { statement: label.clone() };
            }
            (Effect::Allow, StatementOutcome::Matches(named), Verdict::Allows { naming, .. })
                if named <= naming => {}
            (Effect::Allow, StatementOutcome::Matches(naming), _) => {
                verdict = Verdict::Allows { by: label.clone(), naming: *naming };
            }
            (_, StatementOutcome::Fails(_), _) => {}
        }
    }
    verdict
}

fn outcome_within_limit(asked: &Asked<'_>, statement: &Statement) -> StatementOutcome {
    let outcome = if asked.effort.is_spent() { None } else { Some(outcome(asked, statement)) };
    outcome.filter(|_| !asked.effort.is_spent()).unwrap_or(StatementOutcome::Fails(Failure::Limit))
}

fn outcome(asked: &Asked<'_>, statement: &Statement) -> StatementOutcome {
    let (question, facts) = (asked.question, asked.facts(statement));
    let (Some(actions), Some(resources)) = (&statement.actions, &statement.resources) else {
        return StatementOutcome::Fails(Failure::Nothing);
    };
    if !statement.covers_action(question.action, facts.effort) {
        return StatementOutcome::Fails(Failure::Action(listed(actions, |action| {
            action.as_str().to_owned()
        })));
    }
    let mut naming = None;
    if let Some(principals) = &statement.principals {
        naming = asked.naming(statement).filter(|_| statement.effect == Effect::Allow);
        let named = match statement.effect {
            Effect::Allow => naming.is_some(),
            Effect::Deny => asked.is_denied_in(statement),
        };
        if !named {
            return StatementOutcome::Fails(Failure::Principal(listed(principals, ToString::to_string)));
        }
    }
    if !statement.covers_resource(question.resource, &facts) {
        return StatementOutcome::Fails(Failure::Resource(listed(resources, |resource| {
            resource.as_str().to_owned()
        })));
    }
    let failed = statement.conditions.iter().find(|condition| !condition.holds(&facts));
    failed.map_or(StatementOutcome::Matches(naming), |condition| {
        let written = condition.written();
        let asked = facts.lookup(condition.key());
        let values = asked.as_ref().map(|values| values.as_slice()).unwrap_or_default();
        facts.effort.take(values.iter().map(|value| value.len()).sum());
        StatementOutcome::Fails(Failure::Condition {
            operator: written.operator.to_string(),
            key: written.key.to_string(),
            wanted: written.values.iter().map(ToString::to_string).collect(),
            asked: asked.map(|values| values.as_slice().iter().map(ToString::to_string).collect()),
        })
    })
}

fn listed<T>(named: &Named<T>, text: impl Fn(&T) -> String) -> Listed {
    Listed { except: named.except, values: named.list.iter().map(text).collect() }
}
