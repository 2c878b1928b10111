//! Whom grants name: an account, a principal of one, or a service.

use dispatch::Principals;
use model::arn::AccountId;
use policy::{Principal, PrincipalPattern};

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
        /// The unique id it had then, where it has one: whoever gets the same name later is another.
        unique_id: Option<String>,
    },
    /// A service.
    Service(String),
}

/// How a party is like a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// It is the caller's account.
    Account,
    /// It is the caller, or the role whose session calls.
    Itself,
}

impl Party {
    /// From the ARN of an account, user, role, session or federated user that exists. `None` otherwise.
    pub(super) fn find(principals: &dyn Principals, arn: &str) -> Option<Self> {
        let pattern = Self::pattern(arn)?;
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

    /// What an ARN names, in the terms of policies; `None` for what cannot hold or retire a grant.
    pub(crate) fn pattern(arn: &str) -> Option<PrincipalPattern> {
        let pattern = PrincipalPattern::parse_aws(arn)?;
        let whole = arn.starts_with("arn:");
        matches!(pattern, PrincipalPattern::Account(_) | PrincipalPattern::Arn(_))
            .then_some(pattern)
            .filter(|_| whole)
    }

    /// The name under which grants for what an ARN names are filed, whether it exists or not.
    pub(crate) fn name_of(arn: &str) -> Option<String> {
        match Self::pattern(arn)? {
            PrincipalPattern::Account(account) => Some(account),
            _ => Some(arn.to_owned()),
        }
    }

    /// The name under which grants are filed: the account's number, the ARN, or the service's name.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Account { account, .. } => account.to_string(),
            Self::Principal { arn, .. } => arn.clone(),
            Self::Service(name) => name.clone(),
        }
    }

    /// How this is like a caller, if it is.
    pub(crate) fn likeness(&self, principal: &Principal) -> Option<Likeness> {
        use Principal as P;
        let same_id = |unique_id: &Option<String>, own: &str| {
            unique_id.as_deref().is_none_or(|unique_id| unique_id == own)
        };
        let itself = match (self, principal) {
            (Self::Account { account, .. }, _) => {
                let own = principal.account() == Some(account.to_string().as_str());
                return own.then_some(Likeness::Account);
            }
            (Self::Principal { arn: named, unique_id }, P::User { arn, unique_id: own, .. }) => {
                named == arn && same_id(unique_id, own)
            }
            (Self::Principal { arn, .. }, P::Session { session_arn, .. }) if arn == session_arn => true,
            (Self::Principal { arn, unique_id }, P::Session { role_arn, role_id, .. }) => {
                arn == role_arn && same_id(unique_id, role_id)
            }
            (Self::Principal { arn: named, .. }, P::FederatedUser { arn, .. }) => named == arn,
            (Self::Service(named), P::Service { name }) => named == name,
            (Self::Principal { .. }, P::Root { .. } | P::WebIdentity { .. } | P::Service { .. })
            | (Self::Service(_), _) => false,
        };
        itself.then_some(Likeness::Itself)
    }
}

/// The names under which grants for a caller are filed.
pub(crate) fn names(principal: &Principal) -> impl Iterator<Item = &str> {
    use Principal as P;
    let own = match principal {
        P::Root { .. } | P::WebIdentity { .. } => [None, None],
        P::User { arn, .. } | P::FederatedUser { arn, .. } => [Some(arn), None],
        P::Session { session_arn, role_arn, .. } => [Some(session_arn), Some(role_arn)],
        P::Service { name } => [Some(name), None],
    };
    own.into_iter().flatten().map(String::as_str).chain(principal.account())
}
