//! Who a session makes its holder.

use std::sync::Arc;

use dispatch::{Caller, Credential, Fault, IdentityPolicies};
use model::{
    Timestamp,
    arn::{AccountId, Partition},
};
use policy::{Federator, Policy, Principal};
use sigv4::{AuthError, SKEW_SECONDS};

use super::{Bearer, session::Session};
use crate::{
    callers::{self, Powers},
    tables::{Account, Tables},
};

/// The credential behind an access key id and a token.
///
/// # Errors
/// `UnrecognizedClientException` when the token is not genuine or its bearer is gone, `ExpiredTokenException`
/// when its time is over, or has not come: a clock that was wrong for a while leaves no sessions of the future behind.
pub(crate) fn find(
    tables: &Tables,
    (access_key_id, token): (&str, &str),
    now: Timestamp,
) -> Result<Arc<dyn Credential>, Fault> {
    let session = tables.sessions.session(access_key_id, token, &tables.strongroom)?;
    let latest = now.as_millis().saturating_add(i64::from(SKEW_SECONDS) * 1000);
    if now.as_millis() >= session.claims.expires || session.claims.issued > latest {
        return Err(AuthError::ExpiredToken.into());
    }
    let gone = || Fault::from(AuthError::UnrecognizedClient);
    let account = tables.account(session.account).ok_or_else(gone)?;
    session.composed(account.changed, &tables.activities, || session.caller(tables, account))
}

impl Session {
    /// The caller, its bearer as it is in `tables`.
    ///
    /// # Errors
    /// `UnrecognizedClientException` when the bearer is gone.
    pub(super) fn caller(&self, tables: &Tables, account: &Account) -> Result<Caller, Fault> {
        let gone = || Fault::from(AuthError::UnrecognizedClient);
        let mut caller = match &self.claims.bearer {
            Bearer::Role { id, session } => self.of_role(tables, id, session)?,
            Bearer::User { id } => {
                let (account, user) = tables.user(id).ok_or_else(gone)?;
                callers::user(tables, account, user, self.access_key_id())?
            }
            Bearer::Root => callers::root((tables.partition, self.account), self.access_key_id()),
            Bearer::Federated { name, user } => {
                let vouching = match user {
                    Some(id) => {
                        let (account, user) = tables.user(id).ok_or_else(gone)?;
                        callers::user(tables, account, user, self.access_key_id())?
                    }
                    None => callers::root((tables.partition, self.account), self.access_key_id()),
                };
                self.federated(tables.partition, vouching, name)
            }
        };
        // Names of tags are compared without regard to case, so a session tag replaces its like.
        let replaced = |key: &str| self.claims.tags.keys().any(|tag| tag.eq_ignore_ascii_case(key));
        caller.tags.retain(|key, _| !replaced(key));
        caller.tags.extend(self.claims.tags.clone());
        caller.session = Some(dispatch::Session {
            issued: Timestamp::from_millis(self.claims.issued),
            policies: self.policies(account),
            second_factor: self.claims.second_factor.map(Timestamp::from_millis),
            source_identity: self.claims.source_identity.clone(),
            transitive_tags: self.claims.transitive_tags.clone(),
            federated_provider: self.claims.federated_provider.clone(),
            claims: self.claims.claimed.clone().unwrap_or_default(),
        });
        Ok(caller)
    }

    fn of_role(&self, tables: &Tables, id: &str, session: &str) -> Result<Caller, Fault> {
        let (account, role) = tables.role(id).ok_or_else(|| Fault::from(AuthError::UnrecognizedClient))?;
        let entity = &role.entity;
        let Powers { policies, boundary } = Powers::of(account, entity)?;
        let arn = entity.session_arn(session);
        Ok(Caller {
            account: self.account,
            principal: Principal::Session {
                account: self.account.to_string(),
                role_arn: entity.arn(),
                role_id: entity.id.clone(),
                session_arn: arn.clone(),
            },
            arn,
            unique_id: format!("{id}:{session}"),
            user_name: None,
            access_key_id: self.access_key_id().to_owned(),
            tags: entity.tags.clone(),
            policies: IdentityPolicies::Attached(policies),
            boundary,
            session: None,
        })
    }

    /// A federated user may do at most what the user may who vouched for it, and has that user's tags.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
    fn federated(&self, partition: Partition, vouching: Caller, name: &str) -> Caller {
        let arn = federated_arn(partition, self.account, name);
        let user = match &vouching.principal {
            Principal::User { arn, unique_id, .. } => {
                Some(Federator { arn: arn.clone(), unique_id: unique_id.clone() })
            }
            _ => None,
        };
        Caller {
            principal: Principal::FederatedUser { account: self.account.to_string(), arn: arn.clone(), user },
            arn,
            unique_id: format!("{}:{name}", self.account),
            user_name: None,
            ..vouching
        }
    }

    /// What limits the session. A managed policy that is gone may have denied something, so that without it
    /// nothing is allowed.
    fn policies(&self, account: &Account) -> Option<Vec<Arc<Policy>>> {
        let passed = self.policy.is_some() || !self.claims.policy_arns.is_empty();
        if !passed && !matches!(self.claims.bearer, Bearer::Federated { .. }) {
            return None;
        }
        let managed = |arn: &String| Some(Arc::clone(account.policy(arn)?.current()?));
        let managed: Option<Vec<_>> = self.claims.policy_arns.iter().map(managed).collect();
        Some(
            managed.map_or_else(Vec::new, |managed| managed.into_iter().chain(self.policy.clone()).collect()),
        )
    }
}

/// The ARN of a federated user.
pub(crate) fn federated_arn(partition: Partition, account: AccountId, name: &str) -> String {
    partition.sts_arn(account, format_args!("federated-user/{name}"))
}
