//! A grant as it is asked for: the rules of requests, and what policies can ask about them.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>

use audit::Value;
use dispatch::{Cx, Fault, Notes, Principals, Says};
use model::{
    arn::{GrantId, KeyArn, Partition},
    kms::{CreateGrantRequest, GrantConstraints, GrantOperation, KeySpec},
};
use policy::{ConditionKey, Values};
use state::Kept;
use store::Revision;

use super::{Context, ContextConstraint, Grant, Party, constraint, operations};
use crate::{
    faults,
    key::Key,
    limits::{GRANT_CONTEXT_CHARACTERS, GRANT_CONTEXT_PAIRS},
};

/// A grant that a request asks for. The principals it names may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) grantee: NamedParty,
    pub(crate) retiring: Option<NamedParty>,
    pub(crate) operations: Vec<GrantOperation>,
    pub(crate) context: Option<ContextConstraint>,
    pub(crate) source_arn: Option<String>,
}

/// A party as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NamedParty {
    /// By ARN.
    Principal(String),
    /// By the name of a service.
    Service(String),
}

impl Wanted {
    /// Checks what needs no key.
    pub(crate) fn parse(input: &CreateGrantRequest) -> Result<Self, Fault> {
        let grantee = one_of(&input.grantee_principal, &input.grantee_service_principal, "Grantee")?;
        let retiring = one_of(&input.retiring_principal, &input.retiring_service_principal, "Retiring")?;
        let grantee = grantee.ok_or_else(|| {
            faults::validation("Either GranteePrincipal or GranteeServicePrincipal must be specified.")
        })?;
        let (context, source_arn) = constraints(input.constraints.as_ref())?;
        if matches!(grantee, NamedParty::Service(_)) && (source_arn.is_none() || retiring.is_none()) {
            return Err(faults::validation(
                "GranteeServicePrincipal requires a SourceArn grant constraint and a retiring principal.",
            ));
        }
        let mut operations: Vec<GrantOperation> = Vec::new();
        for operation in &input.operations {
            if !operations.contains(operation) {
                operations.push(*operation);
            }
        }
        if operations.is_empty() {
            return Err(faults::validation(
                "1 validation error detected: Value '[]' at 'operations' failed to satisfy constraint: \
                 Member must have length greater than or equal to 1",
            ));
        }
        let name = input.name.clone().unwrap_or_default();
        Ok(Self { name, grantee, retiring, operations, context, source_arn })
    }

    /// The grant that is made of it, on a key that it fits. With a name, the same request gives the same id, so
    /// that a retry cannot make a second grant, not even while the first is under way.
    pub(crate) fn grant(&self, principals: &dyn Principals, cx: &Cx<'_>, key: &Key) -> Result<Grant, Fault> {
        self.check_fits(key)?;
        let mut grant = Grant {
            id: GrantId::FIRST,
            key: KeyArn::clone(&key.arn),
            name: self.name.clone(),
            created: model::Timestamp::default(),
            grantee: self.grantee.find(principals, cx.partition())?,
            retiring: self
                .retiring
                .as_ref()
                .map(|party| party.find(principals, cx.partition()))
                .transpose()?,
            issuing_account: cx.account(),
            operations: self.operations.clone(),
            context: self.context.clone(),
            source_arn: self.source_arn.clone(),
            revision: Revision(0),
        };
        let mut id = [0; 32];
        if self.name.is_empty() {
            cx.entropy.fill(&mut id).map_err(|_| Fault::internal("the source of random bytes failed"))?;
        } else {
            let what = [format!("keywright/grant-id/v1 {} ", key.arn).as_bytes(), &grant.encode()].concat();
            id = strongroom::sha256(&what);
        }
        grant.id = GrantId::from_bytes(id);
        grant.created = cx.now;
        Ok(grant)
    }

    /// Whether it allows nothing that `parent` does not.
    pub(crate) fn is_covered_by(&self, parent: &Grant) -> bool {
        self.operations.iter().all(|operation| parent.operations.contains(operation))
            && constraint::is_as_strict(self.context.as_ref(), parent.context.as_ref())
            && (parent.source_arn.is_none() || self.source_arn == parent.source_arn)
    }

    /// Notes for the record what constrains it.
    pub(crate) fn note(&self, notes: &mut Notes) {
        let context = self.context.as_ref().map(|constraint| {
            let kind = match constraint {
                ContextConstraint::Equals(_) => "encryptionContextEquals",
                ContextConstraint::Subset(_) => "encryptionContextSubset",
            };
            (kind, Value::map(constraint.pairs().clone()))
        });
        let source = self.source_arn.clone().map(|arn| ("sourceArn", Value::from(arn)));
        if context.is_some() || source.is_some() {
            notes.parameter("constraints", Value::map(context.into_iter().chain(source)));
        }
    }

    /// The operations and the constraint must be ones that the key has a use for.
    fn check_fits(&self, key: &Key) -> Result<(), Fault> {
        let offered = |asked: &GrantOperation| {
            operations::offered(key.spec, key.usage).any(|offered| offered == *asked)
        };
        if let Some(wrong) = self.operations.iter().find(|operation| !offered(operation)) {
            return Err(faults::validation(format!(
                "Operation {wrong} is not supported for KMS key {} with key spec {} and key usage {}.",
                key.arn, key.spec, key.usage
            )));
        }
        if self.context.is_some() && key.spec != KeySpec::SymmetricDefault {
            return Err(faults::validation(
                "Encryption context grant constraints are only supported for symmetric encryption KMS keys.",
            ));
        }
        Ok(())
    }
}

impl NamedParty {
    /// As it was sent.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Principal(text) | Self::Service(text) => text,
        }
    }

    fn find(&self, principals: &dyn Principals, partition: Partition) -> Result<Party, Fault> {
        match self {
            Self::Principal(arn) => {
                Party::find(principals, partition, arn).ok_or_else(|| faults::invalid_arn(arn))
            }
            Self::Service(name) => Ok(Party::Service(name.clone())),
        }
    }
}

/// A principal or a service, not both.
fn one_of(
    principal: &Option<String>,
    service: &Option<String>,
    role: &str,
) -> Result<Option<NamedParty>, Fault> {
    match (principal, service) {
        (Some(_), Some(_)) => Err(faults::validation(format!(
            "{role}Principal and {role}ServicePrincipal cannot be specified together."
        ))),
        (Some(arn), None) => Ok(Some(NamedParty::Principal(arn.clone()))),
        (None, Some(name)) => Ok(Some(NamedParty::Service(name.clone()))),
        (None, None) => Ok(None),
    }
}

type Constraints = (Option<ContextConstraint>, Option<String>);

/// What constrains the grant. An empty map constrains nothing: Terraform sends the one that it does not use so.
fn constraints(sent: Option<&GrantConstraints>) -> Result<Constraints, Fault> {
    let Some(sent) = sent else { return Ok((None, None)) };
    let filled = |pairs: &Option<Context>| pairs.clone().filter(|pairs| !pairs.is_empty());
    let context = match (filled(&sent.encryption_context_equals), filled(&sent.encryption_context_subset)) {
        (Some(_), Some(_)) => return Err(faults::validation("More than one constraint supplied")),
        (Some(pairs), None) => Some(ContextConstraint::Equals(pairs)),
        (None, Some(pairs)) => Some(ContextConstraint::Subset(pairs)),
        (None, None) => None,
    };
    let pairs = context.as_ref().map(ContextConstraint::pairs);
    if pairs.is_some_and(|pairs| pairs.len() > GRANT_CONTEXT_PAIRS) {
        return Err(faults::validation(format!(
            "A grant constraint can have at most {GRANT_CONTEXT_PAIRS} encryption context pairs."
        )));
    }
    let too_long = |text: &String| text.chars().count() > GRANT_CONTEXT_CHARACTERS;
    if pairs.is_some_and(|pairs| pairs.iter().any(|(key, value)| too_long(key) || too_long(value))) {
        return Err(faults::validation(format!(
            "An encryption context key or value in a grant constraint can have at most \
             {GRANT_CONTEXT_CHARACTERS} characters."
        )));
    }
    Ok((context, sent.source_arn.clone()))
}

/// What policies can ask about a grant that is to be made.
impl Says for Wanted {
    fn lookup<'a>(&'a self, _: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
        let principal = |asker: &'_ NamedParty| matches!(asker, NamedParty::Principal(_));
        let one = |asker: &'_ NamedParty| Values::one(asker.as_str().to_owned());
        match key.name() {
            "kms:grantoperations" => {
                Some(Values::many(self.operations.iter().map(|operation| operation.as_str())))
            }
            "kms:granteeprincipal" => Some(&self.grantee).filter(|asker| principal(asker)).map(one),
            "kms:granteeserviceprincipal" => Some(&self.grantee).filter(|asker| !principal(asker)).map(one),
            "kms:retiringprincipal" => self.retiring.as_ref().filter(|asker| principal(asker)).map(one),
            "kms:retiringserviceprincipal" => {
                self.retiring.as_ref().filter(|asker| !principal(asker)).map(one)
            }
            "kms:grantconstraintsourcearn" => self.source_arn.as_deref().map(Values::one),
            _ => of_context(self.context.as_ref(), key),
        }
    }
}

/// What policies can ask about a grant that is to be retired.
pub(crate) struct Retired<'a>(pub(crate) &'a Grant);

impl Says for Retired<'_> {
    fn lookup<'a>(&'a self, _: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
        of_context(self.0.context.as_ref(), key)
    }
}

fn of_context<'a>(constraint: Option<&'a ContextConstraint>, key: &ConditionKey) -> Option<Values<'a>> {
    let constraint = constraint?;
    match (key.name(), key.variable()) {
        ("kms:grantconstrainttype", None) => Some(Values::one(constraint.kind())),
        ("kms:encryptioncontextkeys", None) if !constraint.pairs().is_empty() => {
            Some(Values::many(constraint.pairs().keys().map(String::as_str)))
        }
        ("kms:encryptioncontext", Some(name)) => Values::of(name, constraint.pairs()),
        _ => None,
    }
}
