//! Results as AWS shows them.

use std::collections::BTreeMap;

use dispatch::{Cx, Fault};
use model::iam::{
    EvaluationResult, PermissionsBoundaryDecisionDetail, PolicyEvaluationDecisionType as Shown,
    PolicySourceType, Position, ResourceSpecificResult, SimulatePolicyResponse, Statement,
};
use policy::{Effect, Layer, Naming, StatementOutcome, StatementTrace, Verdict, positions};

use super::{Evaluation, Simulation};
use crate::{Iam, faults, pages};

/// What is to be asked of a simulation: every action on every resource.
pub(crate) struct Results {
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Option<Vec<String>>,
    pub(crate) marker: Option<String>,
    pub(crate) max_items: Option<i32>,
}

const EVERYTHING: &str = "*";

impl Results {
    /// A page of results. Only what is on the page is evaluated.
    pub(crate) fn page(
        self,
        iam: &Iam,
        cx: &Cx<'_>,
        name: &'static str,
        simulation: &Simulation,
    ) -> Result<SimulatePolicyResponse, Fault> {
        let resources =
            self.resources.filter(|all| !all.is_empty()).unwrap_or_else(|| vec![EVERYTHING.to_owned()]);
        if let Some(wrong) = self.actions.iter().find(|action| !is_action(action)) {
            return Err(faults::invalid(format!("Invalid Action: {wrong}")));
        }
        if let Some(wrong) = resources.iter().find(|resource| !is_resource(resource)) {
            return Err(faults::invalid(format!("Invalid Resource Arn: {wrong}")));
        }
        let questions = self.actions.iter().flat_map(|action| resources.iter().map(move |on| (action, on)));
        // The marker is the number of the last one; whatever else is asked must be the same.
        let of = format!("{:?} {resources:?}", self.actions);
        let asked = pages::Wish { name, of: &of, marker: self.marker.as_deref(), max_items: self.max_items };
        let numbered = questions.zip(0_u32..);
        let page = pages::page_of(iam, cx, &asked, numbered, |(_, number)| format!("{number:010}"))?;
        let result = |((action, on), _): ((&String, &String), u32)| {
            result(simulation, action, on, &simulation.evaluate(iam, cx, action, on))
        };
        Ok(SimulatePolicyResponse {
            evaluation_results: Some(page.items.into_iter().map(result).collect()),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        })
    }
}

/// What came of one question. With a resource, it is told once more under the resource.
fn result(simulation: &Simulation, action: &str, on: &str, evaluation: &Evaluation) -> EvaluationResult {
    let decision = evaluation.decision();
    let matched = evaluation.matched(simulation);
    let boundary = evaluation.verdict(Layer::Boundary).map(|verdict| PermissionsBoundaryDecisionDetail {
        allowed_by_permissions_boundary: Some(matches!(verdict, Verdict::Allows { .. })),
    });
    let details = (on != EVERYTHING).then(|| evaluation.details());
    let specific = (on != EVERYTHING).then(|| ResourceSpecificResult {
        eval_resource_name: on.to_owned(),
        eval_resource_decision: decision,
        matched_statements: Some(matched.clone()),
        missing_context_values: Some(evaluation.missing.clone()),
        eval_decision_details: details.clone(),
        permissions_boundary_decision_detail: boundary.clone(),
    });
    EvaluationResult {
        eval_action_name: action.to_owned(),
        eval_resource_name: Some(on.to_owned()),
        eval_decision: decision,
        matched_statements: Some(matched),
        missing_context_values: Some(if specific.is_some() {
            Vec::new()
        } else {
            evaluation.missing.clone()
        }),
        organizations_decision_detail: None,
        permissions_boundary_decision_detail: boundary,
        eval_decision_details: details,
        resource_specific_results: specific.map(|specific| vec![specific]),
    }
}

impl Evaluation {
    fn decision(&self) -> Shown {
        // What another account owns it has to open by a policy; without one nobody else is let in.
        let closed = self.crosses && self.resource_policy.is_none();
        match (self.decision.is_allowed(), self.decision.is_explicit()) {
            (_, true) => Shown::ExplicitDeny,
            (true, false) if !closed => Shown::Allowed,
            _ => Shown::ImplicitDeny,
        }
    }

    /// What each side says, if the caller is not of the resource's account.
    fn details(&self) -> BTreeMap<String, Shown> {
        let shown = |layer| match self.verdict(layer) {
            Some(Verdict::Denies { .. }) => Shown::ExplicitDeny,
            Some(Verdict::Allows { .. }) => Shown::Allowed,
            Some(Verdict::Silent) | None => Shown::ImplicitDeny,
        };
        let sides = [("IAM Policy", Layer::Identity), ("Resource Policy", Layer::Resource)];
        let sides = sides.into_iter().filter(|_| self.crosses);
        sides.map(|(name, layer)| (name.to_owned(), shown(layer))).collect()
    }

    /// The statements that make the decision: those that deny, else those that allow.
    fn matched(&self, simulation: &Simulation) -> Vec<Statement> {
        let effect = match self.decision() {
            Shown::ExplicitDeny => Effect::Deny,
            Shown::Allowed => Effect::Allow,
            _ => return Vec::new(),
        };
        let own = matches!(self.verdict(Layer::Identity), Some(Verdict::Allows { .. }));
        let mut matched = Vec::new();
        for trace in &self.layers {
            if let (Layer::Grant, Verdict::Allows { by, .. }) = (trace.layer, &trace.verdict) {
                matched.push(statement(by.clone(), PolicySourceType::None, None));
            }
            // A key policy that names the caller itself needs no help of one that hands the decision on to the
            // account, and that one needs the account's.
            let naming = match &trace.verdict {
                Verdict::Allows { naming: Some(Naming::Account), .. } if !self.crosses && !own => continue,
                Verdict::Allows { naming, .. } => *naming,
                Verdict::Denies { .. } | Verdict::Silent => None,
            };
            let matching = trace.statements.iter().filter(|statement| {
                statement.effect == effect && statement.outcome == StatementOutcome::Matches(naming)
            });
            matched.extend(matching.filter_map(|found| self.shown(simulation, trace.layer, found)));
        }
        matched
    }

    /// A statement by its policy and its place in the policy's text. Boundaries are told apart by a detail.
    fn shown(&self, simulation: &Simulation, layer: Layer, found: &StatementTrace) -> Option<Statement> {
        let (id, kind, text) = match layer {
            Layer::Identity => {
                let source = simulation.policies.get(found.policy)?;
                (source.id.clone(), source.kind, source.document.text())
            }
            Layer::Boundary if found.effect == Effect::Deny => {
                let source = simulation.boundary.as_ref()?;
                (source.id.clone(), source.kind, source.document.text())
            }
            Layer::Resource => {
                ("ResourcePolicy".to_owned(), PolicySourceType::Resource, self.resource_policy.as_deref()?)
            }
            Layer::Boundary | Layer::Session | Layer::Grant | Layer::Limit => return None,
        };
        Some(statement(id, kind, positions(text).get(found.place).copied()))
    }
}

fn statement(
    id: String,
    kind: PolicySourceType,
    place: Option<(policy::Position, policy::Position)>,
) -> Statement {
    let shown = |position: policy::Position| Position {
        line: i32::try_from(position.line).ok(),
        column: i32::try_from(position.column).ok(),
    };
    Statement {
        source_policy_id: Some(id),
        source_policy_type: Some(kind),
        start_position: place.map(|(start, _)| shown(start)),
        end_position: place.map(|(_, end)| shown(end)),
    }
}

/// A service, a colon and a name; wildcards are for policies.
fn is_action(action: &str) -> bool {
    let parts = action.split_once(':');
    parts.is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
        && !action.contains(['*', '?'])
}

fn is_resource(resource: &str) -> bool {
    resource == EVERYTHING || (resource.starts_with("arn:") && resource.splitn(6, ':').count() == 6)
}
