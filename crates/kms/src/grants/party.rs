//! Whom grants name: an account, a principal of one, or a service.

use std::borrow::Cow;

use dispatch::Principals;
use model::arn::{AccountId, Partition};
use policy::{Naming, Principal, PrincipalPattern};

/// A grantee, or a principal that may retire a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// An account, by the ARN of its root. For anybody in it, its identity policies decide.
    Account {
        /// The account.
        account: AccountId,
        /// As it was named.
        arn: String,
    },
    /// A user, role, session or federated user.
    Principal {
        /// As it was named.
        arn: String,
        /// The unique id of whoever was called so then, where it has one: whoever gets the same name later is another.
        unique_id: Option<String>,
    },
    /// A service.
    Service(String),
}

impl Party {
    /// From the ARN of an account, user, role, session or federated user that exists, in the key's partition.
    /// `None` otherwise.
    pub(super) fn find(principals: &dyn Principals, partition: Partition, arn: &str) -> Option<Self> {
        let pattern = Self::pattern(partition, arn)?;
        if !principals.exist(&pattern) {
            return None;
        }
        Some(match &pattern {
            PrincipalPattern::Account(account) => {
                Self::Account { account: AccountId::parse(account).ok()?, arn: arn.to_owned() }
            }
            _ => Self::Principal { arn: arn.to_owned(), unique_id: principals.unique_id(&pattern) },
        })
    }

    /// The name under which grants for what an ARN or a unique id stands for are filed, whether that exists or not.
    pub(crate) fn name_of(principals: &dyn Principals, partition: Partition, sent: &str) -> Option<String> {
        if is_unique_id(sent) {
            return Some(sent.to_owned());
        }
        match Self::pattern(partition, sent)? {
            PrincipalPattern::Account(account) => Some(account),
            pattern => Some(principals.unique_id(&pattern).unwrap_or_else(|| sent.to_owned())),
        }
    }

    /// The name under which grants are filed: the account's number, the unique id, or the ARN of what has no unique id,
    /// or the service's name.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Account { account, .. } => account.to_string(),
            Self::Principal { arn, unique_id } => unique_id.as_ref().unwrap_or(arn).clone(),
            Self::Service(name) => name.clone(),
        }
    }

    /// How this names a caller, if it does. What has a unique id goes by that, whatever it is called now; so nobody
    /// inherits a grant with a name.
    pub(crate) fn naming(&self, principal: &Principal) -> Option<Naming> {
        match (self, principal) {
            (Self::Service(named), Principal::Service { name }) => {
                (named == name).then_some(Naming::Directly)
            }
            (Self::Service(_), _) | (_, Principal::Service { .. }) => None,
            (Self::Account { .. } | Self::Principal { .. }, _) => {
                let own = self.name();
                names(principal).into_iter().find(|(name, _)| *name == own).map(|(_, naming)| naming)
            }
        }
    }

    /// What an ARN names, in the terms of policies; `None` for what cannot hold or retire a grant, such as whoever is of
    /// another partition.
    fn pattern(partition: Partition, arn: &str) -> Option<PrincipalPattern> {
        let pattern = PrincipalPattern::parse_aws(arn).filter(|_| partition.has(arn))?;
        matches!(pattern, PrincipalPattern::Account(_) | PrincipalPattern::Arn(_)).then_some(pattern)
    }
}

/// The names under which grants for a caller are filed, with how each names the caller: the most direct ones first.
pub(crate) fn names(principal: &Principal) -> Vec<(Cow<'_, str>, Naming)> {
    use Naming::{Account, Bounded, Directly};
    use Principal as P;
    let mut names: Vec<(Cow<'_, str>, Naming)> = match principal {
        P::Root { .. } | P::WebIdentity { .. } => Vec::new(),
        P::User { arn, unique_id, .. } => vec![(unique_id.into(), Directly), (arn.into(), Directly)],
        // A grant gives to whom it names; a federated user is another principal than the user who asked for it.
        P::FederatedUser { arn, .. } => vec![(arn.into(), Directly)],
        P::Session { session_arn, role_arn, role_id, .. } => {
            let session = session_arn.rsplit('/').next().unwrap_or_default();
            vec![
                (format!("{role_id}:{session}").into(), Directly),
                (session_arn.into(), Directly),
                (role_id.into(), Bounded),
                (role_arn.into(), Bounded),
            ]
        }
        P::Service { name } => vec![(name.into(), Directly)],
    };
    names.extend(principal.account().map(|account| (account.into(), Account)));
    names
}

/// Whether a text is the unique id of a user, a role, or a role's session (`AROA…:<session>`).
fn is_unique_id(text: &str) -> bool {
    let id = text.split(':').next().unwrap_or_default();
    matches!(PrincipalPattern::parse_aws(id), Some(PrincipalPattern::UniqueId(_)))
}
