//! Who calls, and whom policies name.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::fmt;

use crate::partition::PARTITIONS;

/// A caller, as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The root user of an account.
    Root {
        /// The account, twelve digits.
        account: String,
    },
    /// A user.
    User {
        /// Its account.
        account: String,
        /// `arn:aws:iam::<account>:user/<path><name>`.
        arn: String,
        /// `AIDA…`.
        unique_id: String,
    },
    /// A session of a role.
    Session {
        /// The role's account.
        account: String,
        /// `arn:aws:iam::<account>:role/<path><name>`.
        role_arn: String,
        /// `AROA…`.
        role_id: String,
        /// `arn:aws:sts::<account>:assumed-role/<role>/<session>`.
        session_arn: String,
    },
    /// A federated user: a session that somebody asked for by `GetFederationToken`.
    FederatedUser {
        /// The account.
        account: String,
        /// `arn:aws:sts::<account>:federated-user/<name>`.
        arn: String,
        /// The user who asked; `None` if it was the account's root user.
        user: Option<Federator>,
    },
    /// Somebody for whom an identity provider vouches, and who has no account.
    WebIdentity {
        /// The provider's ARN: `arn:aws:iam::<account>:oidc-provider/<url>`.
        provider: String,
    },
    /// A service.
    Service {
        /// Such as `logs.us-east-1.amazonaws.com`.
        name: String,
    },
}

/// The user who asked for a federated user's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federator {
    /// `arn:aws:iam::<account>:user/<path><name>`.
    pub arn: String,
    /// `AIDA…`.
    pub unique_id: String,
}

/// A principal in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// `*`.
    Anyone,
    /// An account: its number, or the ARN of its root. In a resource policy it delegates to the account.
    Account(String),
    /// The ARN of a user, role, session or federated user.
    Arn(String),
    /// The unique id of a user or role, or `<role id>:<session>`.
    UniqueId(String),
    /// A service.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// A kind that no caller here is of.
    CanonicalUser(String),
}

/// How a policy names a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// By its account, for the account's own policies to decide on.
    Account,
    /// By what its session is made of, within boundary and session policies: by its role, or, if it is a federated
    /// user, by the user who asked for it or among everybody.
    Bounded,
    /// Itself, or among everybody.
    Directly,
}

impl Principal {
    /// The root user of an account.
    #[must_use]
    pub fn root(account: &str) -> Self {
        Self::Root { account: account.to_owned() }
    }

    /// The account that it belongs to; none for services.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::Session { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::WebIdentity { .. } | Self::Service { .. } => None,
        }
    }

    /// Everything that it goes by: its account, its role or the user who asked for it, itself.
    pub(crate) fn forms(&self) -> &'static [Naming] {
        match self {
            Self::Root { .. } | Self::WebIdentity { .. } | Self::Service { .. } => &[Naming::Directly],
            Self::User { .. } | Self::FederatedUser { user: None, .. } => {
                &[Naming::Account, Naming::Directly]
            }
            Self::Session { .. } | Self::FederatedUser { user: Some(_), .. } => {
                &[Naming::Account, Naming::Bounded, Naming::Directly]
            }
        }
    }
}

impl PrincipalPattern {
    /// The ARN of a user, role, session or federated user, if that is what it is.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn),
            _ => None,
        }
    }

    /// The element that it stands in.
    #[must_use]
    pub fn element(&self) -> &'static str {
        match self {
            Self::Anyone | Self::Account(_) | Self::Arn(_) | Self::UniqueId(_) => "AWS",
            Self::Service(_) => "Service",
            Self::Federated(_) => "Federated",
            Self::CanonicalUser(_) => "CanonicalUser",
        }
    }

    /// Its value; an account's is its number.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Anyone => "*",
            Self::Account(text)
            | Self::Arn(text)
            | Self::UniqueId(text)
            | Self::Service(text)
            | Self::Federated(text)
            | Self::CanonicalUser(text) => text,
        }
    }

    /// Reads a value of `"AWS": …`; `None` when it is nothing that AWS takes.
    #[must_use]
    pub fn parse_aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Anyone);
        }
        if is_account(text) {
            return Some(Self::Account(text.to_owned()));
        }
        if ["AIDA", "AROA"].iter().any(|prefix| text.starts_with(prefix))
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Some(Self::UniqueId(text.to_owned()));
        }
        let mut parts = text.splitn(6, ':');
        let (Some("arn"), Some(partition), Some(service), Some(""), Some(account), Some(resource)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        // Wildcards are for conditions; a principal is one principal.
        let whole = !text.contains(['*', '?']);
        if !PARTITIONS.contains(&partition) || !is_account(account) || !whole {
            return None;
        }
        let named = |kinds: &[&str]| {
            kinds.iter().any(|kind| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty()))
        };
        match service {
            "iam" if resource == "root" => Some(Self::Account(account.to_owned())),
            "iam" if named(&["user/", "role/"]) => Some(Self::Arn(text.to_owned())),
            "sts" if named(&["federated-user/"]) => Some(Self::Arn(text.to_owned())),
            "sts" if named(&["assumed-role/"]) && resource.matches('/').count() == 2 => {
                Some(Self::Arn(text.to_owned()))
            }
            _ => None,
        }
    }

    /// How this names a caller, if it does.
    ///
    /// A federated user is allowed what its session policies leave, unless a policy names it by its own ARN: neither
    /// `*` nor its user's ARN does.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
    pub(crate) fn names(&self, principal: &Principal) -> Option<Naming> {
        use Principal as P;
        match (self, principal) {
            (Self::Anyone, P::FederatedUser { .. }) => Some(Naming::Bounded),
            (Self::Anyone, _) => Some(Naming::Directly),
            (Self::Account(named), P::Root { account }) if named == account => Some(Naming::Directly),
            (Self::Account(named), _) if principal.account() == Some(named) => Some(Naming::Account),
            (Self::Arn(named), _) => named_by_arn(named, principal),
            (Self::UniqueId(named), _) => named_by_id(named, principal),
            (Self::Service(named), P::Service { name }) if named == name => Some(Naming::Directly),
            (Self::Federated(named), P::WebIdentity { provider }) if named == provider => {
                Some(Naming::Directly)
            }
            _ => None,
        }
    }
}

fn named_by_arn(named: &str, principal: &Principal) -> Option<Naming> {
    use Principal as P;
    let (own, behind) = match principal {
        P::User { arn, .. } => (arn, None),
        P::Session { session_arn, role_arn, .. } => (session_arn, Some(role_arn)),
        P::FederatedUser { arn, user, .. } => (arn, user.as_ref().map(|user| &user.arn)),
        P::Root { .. } | P::WebIdentity { .. } | P::Service { .. } => return None,
    };
    if named == own {
        return Some(Naming::Directly);
    }
    behind.is_some_and(|behind| named == behind).then_some(Naming::Bounded)
}

fn named_by_id(named: &str, principal: &Principal) -> Option<Naming> {
    use Principal as P;
    match principal {
        P::User { unique_id, .. } => (named == unique_id).then_some(Naming::Directly),
        P::Session { role_id, .. } if named == role_id => Some(Naming::Bounded),
        P::Session { role_id, session_arn, .. } => {
            let session = session_arn.rsplit('/').next();
            let is = |(id, name): (&str, &str)| id == role_id && Some(name) == session;
            named.split_once(':').is_some_and(is).then_some(Naming::Directly)
        }
        P::FederatedUser { user, .. } => {
            user.as_ref().is_some_and(|user| named == user.unique_id).then_some(Naming::Bounded)
        }
        P::Root { .. } | P::WebIdentity { .. } | P::Service { .. } => None,
    }
}

/// As a policy writes it.
impl fmt::Display for PrincipalPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anyone => "*",
            Self::Account(name)
            | Self::Arn(name)
            | Self::UniqueId(name)
            | Self::Service(name)
            | Self::Federated(name)
            | Self::CanonicalUser(name) => name,
        })
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
