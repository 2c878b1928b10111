//! Simulations: what the policies of a user, group or role, or policies that are only thought of, come to.
//!
//! They are decided by the evaluator that decides calls. A key of the account brings its own policy, its grants and
//! its condition keys, unless the request brings another policy for it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>

mod context;
mod shown;
mod sources;

use std::collections::BTreeSet;

use dispatch::{Asker, Cx, Fault, Principals, Resource};
use model::{arn::Partition, iam::ContextEntry};
use policy::{
    ConditionKey, ConditionKeys, Decision, Failure, Identity, Layer, LayerTrace, Layers, Malformed, Policy,
    PolicyKind, Principal, PrincipalPattern, Question, StatementOutcome, Trace, Verdict, trace,
};

pub(crate) use shown::Results;
pub(crate) use sources::{Source, passed, passed_boundary, subject};

use crate::{
    Iam,
    entities::{Entity, EntityKind},
    faults,
};
use context::{Keys, Known, encryption_context, given, of_caller};

/// Everything that has a say in a simulation, whatever is asked.
pub(crate) struct Simulation {
    principal: Principal,
    policies: Vec<Source>,
    boundary: Option<Source>,
    /// The policy that every resource is taken to have.
    resource_policy: Option<(String, Policy)>,
    /// The account of resources whose ARN names none.
    owner: String,
    given: Keys,
    caller: Keys,
}

/// What came of one question.
pub(crate) struct Evaluation {
    pub(crate) decision: Decision,
    pub(crate) layers: Vec<LayerTrace>,
    /// Whether the resource is another account's, so that both sides have to allow.
    pub(crate) crosses: bool,
    /// Condition keys that statements about the question ask about and nobody gave.
    pub(crate) missing: Vec<String>,
    /// The text of the resource's policy.
    pub(crate) resource_policy: Option<String>,
}

/// What a request says of its simulation, whoever is simulated.
pub(crate) struct Request {
    pub(crate) resource_policy: Option<String>,
    pub(crate) resource_owner: Option<String>,
    pub(crate) caller_arn: Option<String>,
    pub(crate) context_entries: Option<Vec<ContextEntry>>,
}

impl Request {
    /// The simulation of these policies. `subject` is whose they are, if anybody's.
    pub(crate) fn simulation(
        self,
        iam: &Iam,
        cx: &Cx<'_>,
        subject: Option<&Entity>,
        policies: Vec<Source>,
        boundary: Option<Source>,
    ) -> Result<Simulation, Fault> {
        let named = self.caller_arn.as_deref().map(|arn| caller(iam, arn)).transpose()?;
        let principal = match (named, subject) {
            (Some(named), _) => named,
            (None, Some(entity)) => of_entity(entity),
            (None, None) => nobody(cx),
        };
        let is_group = subject.is_none_or(|entity| entity.kind == EntityKind::Group);
        if self.resource_policy.is_some() && self.caller_arn.is_none() && is_group {
            return Err(faults::invalid(
                "CallerArn is required with a ResourcePolicy, which is about callers.",
            ));
        }
        let resource_policy = self.resource_policy.map(|text| match resource_policy(cx.partition(), &text) {
            Ok(parsed) => Ok((text, parsed)),
            Err(malformed) => Err(faults::invalid(format!("ResourcePolicy: {malformed}"))),
        });
        let account = principal.account().unwrap_or_default().to_owned();
        let owner = self
            .resource_owner
            .map(|owner| account_of(cx.partition(), &owner))
            .transpose()?
            .unwrap_or(account);
        let no_tags = Default::default();
        Ok(Simulation {
            caller: of_caller(cx, &principal, subject.map_or(&no_tags, |entity| &entity.tags)),
            given: given(self.context_entries)?,
            resource_policy: resource_policy.transpose()?,
            principal,
            policies,
            boundary,
            owner,
        })
    }
}

impl Simulation {
    /// Decides about an action on a resource, an ARN or `*`.
    pub(crate) fn evaluate(&self, iam: &Iam, cx: &Cx<'_>, action: &str, resource: &str) -> Evaluation {
        let found = self.found(iam, cx, action, resource);
        let (text, policy, account) = match (&self.resource_policy, &found) {
            (Some((text, policy)), _) => (Some(text), Some(policy), self.owner_of(resource)),
            (None, Some(found)) => (Some(&found.text), Some(&*found.policy), self.owner_of(resource)),
            (None, None) => (None, None, self.owner_of(resource)),
        };
        let keys = Known {
            given: &self.given,
            caller: &self.caller,
            resource: found.as_ref().map(|found| &*found.keys),
        };
        let policies: Vec<&Policy> = self.policies.iter().map(|source| &*source.document).collect();
        let question = Question { principal: &self.principal, action, resource, keys: &keys };
        let grant = found.as_ref().and_then(|found| found.grant.as_ref());
        let layers = Layers {
            resource_policy: policy,
            resource_policy_decides: is_decided_by_its_policy(action, resource),
            resource_account: Some(account),
            identity: Identity::Policies(&policies),
            boundary: self.boundary.as_ref().map(|source| &*source.document),
            session: None,
            grant: grant.map(|grant| (grant.id.as_str(), grant.naming)),
        };
        let Trace { decision, layers: traces } = trace(&question, &layers);
        let crosses = self.principal.account() != Some(account);
        let missing = self.missing(&traces, policy, &keys);
        Evaluation { decision, layers: traces, crosses, missing, resource_policy: text.cloned() }
    }

    /// A key of the account, as it would answer.
    fn found(&self, iam: &Iam, cx: &Cx<'_>, action: &str, resource: &str) -> Option<Resource> {
        let context = encryption_context(&self.given);
        let asker = Asker { principal: &self.principal, action, encryption_context: &context };
        let found = (iam.resources)(iam.snapshot()).find(&**iam.tables(), cx.account(), resource, &asker)?;
        Some(Resource { grant: found.grant.filter(|_| self.resource_policy.is_none()), ..found })
    }

    fn owner_of<'a>(&'a self, resource: &'a str) -> &'a str {
        let named = resource.split(':').nth(4).filter(|account| !account.is_empty() && *account != "aws");
        named.unwrap_or(&self.owner)
    }

    /// The keys that statements ask about which are about the question otherwise.
    fn missing(&self, traces: &[LayerTrace], resource: Option<&Policy>, keys: &Known<'_>) -> Vec<String> {
        let mut missing = BTreeSet::new();
        for LayerTrace { layer, statements, .. } in traces {
            for statement in statements {
                if !matches!(
                    statement.outcome,
                    StatementOutcome::Matches(_) | StatementOutcome::Fails(Failure::Condition { .. })
                ) {
                    continue;
                }
                let Some(policy) = self.policy(*layer, statement.policy, resource) else { continue };
                let Some(found) = policy.statements().get(statement.place) else { continue };
                let absent = |name: &&str| keys.lookup(&ConditionKey::parse(name)).is_none();
                missing.extend(policy.condition_keys_of(found).filter(absent).map(str::to_owned));
            }
        }
        missing.into_iter().collect()
    }

    fn policy<'a>(&'a self, layer: Layer, place: usize, resource: Option<&'a Policy>) -> Option<&'a Policy> {
        match layer {
            Layer::Resource => resource,
            Layer::Identity => self.policies.get(place).map(|source| &*source.document),
            Layer::Boundary => self.boundary.as_ref().map(|source| &*source.document),
            Layer::Session | Layer::Grant | Layer::Limit => None,
        }
    }
}

impl Evaluation {
    /// What a layer says; `None` if it is not there.
    pub(crate) fn verdict(&self, layer: Layer) -> Option<&Verdict> {
        self.layers.iter().find(|trace| trace.layer == layer).map(|trace| &trace.verdict)
    }
}

/// Whether nobody gets at a resource whom its policy does not let in: a key, and a role that is assumed. Of other
/// resources the caller's own policies are enough.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-id-rdp.html>
fn is_decided_by_its_policy(action: &str, resource: &str) -> bool {
    let service = resource.split(':').nth(2).unwrap_or(resource);
    service == "kms" || action.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sts:"))
}

/// Who calls when an entity's policies are simulated: a user itself, a role by a session. A group calls nothing.
fn of_entity(entity: &Entity) -> Principal {
    let (account, arn) = (entity.account.to_string(), entity.arn());
    match entity.kind {
        EntityKind::Role => Principal::Session {
            session_arn: entity.session_arn("simulated"),
            role_arn: arn,
            role_id: entity.id.clone(),
            account,
        },
        EntityKind::User => Principal::User { account, arn, unique_id: entity.id.clone() },
        EntityKind::Group => Principal::User { account, arn, unique_id: String::new() },
    }
}

/// The user that a request names as the caller.
fn caller(iam: &Iam, arn: &str) -> Result<Principal, Fault> {
    let here = iam.tables().partition.has(arn);
    let named = PrincipalPattern::parse_aws(arn).filter(|_| here && arn.contains(":user/"));
    let named = named.ok_or_else(|| faults::invalid(format!("Invalid Caller Arn: {arn}")))?;
    let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
    let unique_id = iam.tables().unique_id(&named).unwrap_or_default();
    Ok(Principal::User { account, arn: arn.to_owned(), unique_id })
}

/// The policy that a request gives every resource.
fn resource_policy(partition: Partition, text: &str) -> Result<Policy, Malformed> {
    let parsed = Policy::parse(text, PolicyKind::KeyPolicy)?;
    policy::check_partition(text, partition.as_str())?;
    Ok(parsed)
}

/// Somebody of the account whom no policy names.
fn nobody(cx: &Cx<'_>) -> Principal {
    let arn = cx.partition().iam_arn(cx.account(), "user/");
    Principal::User { arn, unique_id: String::new(), account: cx.account().to_string() }
}

/// An account: its number, or the ARN of its root user.
fn account_of(partition: Partition, owner: &str) -> Result<String, Fault> {
    let here = partition.has(owner) || !owner.starts_with("arn:");
    match PrincipalPattern::parse_aws(owner).filter(|_| here) {
        Some(PrincipalPattern::Account(account)) => Ok(account),
        // The words are AWS's.
        _ => Err(faults::invalid(format!("'{owner}' is not a valid as a Resource Owner."))),
    }
}
