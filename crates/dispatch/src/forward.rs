//! Forward access: services that call for their users, or as themselves. `docs/services.md` is for operators.
//!
//! A storage gateway that encrypts for a user signs with credentials of its own, and states in a header for whom it
//! calls. The decision is then about that user, with `kms:ViaService` and its like set, and the record shows both.
//! Only identities that the configuration names may state anything; from everybody else the header is refused, and
//! not ignored: a gateway that lost its standing must not go on with rights of its own.

mod identity;
mod statement;

use std::{collections::BTreeMap, fmt, sync::Arc};

use audit::InvokedBy;
use model::{
    AwsService, Timestamp,
    arn::{AccountId, Region},
};
use policy::Principal;
use sigv4::Claim;
use state::Snapshot;

pub use self::identity::{Reach, ServiceIdentity};
pub(crate) use self::statement::ACT_FOR_ACTION;
use self::statement::Statement;
pub(crate) use self::statement::Wrong;
pub use self::statement::{ACT_FOR, SOURCE_ACCOUNT, SOURCE_ARN};
use crate::{
    Caller, Credential, Credentials, Facts, Fault, Find, IdentityPolicies, ServiceEvent, fault, head::Head,
    notes::First,
};
/// The identities that are trusted to call as services, and where those are found for whom they call.
pub struct Services {
    identities: BTreeMap<String, ServiceIdentity>,
    credentials: Find<dyn Credentials>,
}

/// A call of a service, as far as it differs from one of whoever signed.
pub(crate) struct Acting {
    whom: Whom,
    pub(crate) via: Via,
    /// The identity is used for the first time, and is to be bound to whoever bears its name now.
    pub(crate) first_use: Option<First>,
}

/// Whom the decision is about.
enum Whom {
    Principal(Box<Caller>),
    Session(Arc<dyn Credential>),
}

/// The service that makes a call.
#[derive(Debug)]
pub struct Via {
    /// The service.
    pub service: AwsService,
    /// Its name as a principal.
    pub name: String,
    /// Whether it calls for a user. Otherwise it calls as itself.
    pub for_user: bool,
    /// The resource on whose behalf it calls as itself.
    pub source_arn: Option<String>,
    /// That resource's account.
    pub source_account: Option<AccountId>,
    reach: Reach,
    identity_arn: String,
    access_key_id: String,
}

/// What is asked, beyond the statement itself.
pub(crate) struct Request<'a> {
    pub(crate) memory: &'a Snapshot,
    pub(crate) head: &'a Head<'a>,
    pub(crate) claim: &'a Claim<'a>,
    /// Who signed.
    pub(crate) signer: &'a Caller,
    pub(crate) operation: &'static Facts,
    pub(crate) region: &'a Region,
    pub(crate) now: Timestamp,
}

impl Services {
    /// These identities, and no others.
    pub fn new(
        identities: impl IntoIterator<Item = ServiceIdentity>,
        credentials: Find<dyn Credentials>,
    ) -> Self {
        let identities = identities.into_iter().map(|identity| (identity.arn().to_owned(), identity));
        Self { identities: identities.collect(), credentials }
    }

    /// Whom a request that states anything is for.
    ///
    /// # Errors
    /// `AccessDenied`, whatever is wrong. Why is for the operator alone: whoever could tell a principal that is gone
    /// from one that is not served could ask who exists.
    pub(crate) fn acting(&self, request: &Request<'_>) -> Result<Acting, Fault> {
        let Request { memory, head, claim, signer, operation, region, .. } = *request;
        let refused = |wrong: Wrong| refused(signer, &wrong);
        let credentials = (self.credentials)(memory);
        let (identity, first_use) = self.identity(credentials, request).map_err(refused)?;
        let statement = Statement::read(head.parts, claim, region.partition()).map_err(refused)?;
        if !operation.forwarded {
            return Err(refused(Wrong::Operation(operation.name)));
        }
        let mut via = Via {
            service: identity.service,
            name: identity.service.principal(),
            for_user: true,
            source_arn: None,
            source_account: None,
            reach: identity.reach.clone(),
            identity_arn: identity.arn().to_owned(),
            access_key_id: signer.access_key_id.clone(),
        };
        let whom = match statement {
            Statement::Principal(arn) => {
                let found = credentials.principal(arn)?;
                Whom::Principal(Box::new(
                    found.ok_or_else(|| refused(Wrong::NoSuchPrincipal(arn.to_owned())))?,
                ))
            }
            Statement::Session { access_key_id, token } => {
                let found = credentials.find(access_key_id, Some(token), request.now);
                Whom::Session(found.map_err(|fault| {
                    // What this server cannot do now is no reason to give up.
                    let own = fault.kind == &fault::INTERNAL;
                    if own { fault } else { refused(Wrong::Session(access_key_id.to_owned(), fault)) }
                })?)
            }
            Statement::Itself { source_arn, source_account } => {
                via.for_user = false;
                via.source_arn = source_arn.map(str::to_owned);
                via.source_account = source_account;
                Whom::Principal(Box::new(itself(&via, signer)))
            }
        };
        let acting = Acting { whom, via, first_use };
        let accounts = [Some(acting.caller().account), acting.via.source_account];
        if let Some(account) = accounts.into_iter().flatten().find(|account| !acting.via.reaches(*account)) {
            return Err(refused(Wrong::Account(account)));
        }
        Ok(acting)
    }

    /// The identity that signed, and what binds it to whoever signed if this is its first use.
    fn identity(
        &self,
        credentials: &dyn Credentials,
        &Request { signer, region, now, .. }: &Request<'_>,
    ) -> Result<(&ServiceIdentity, Option<First>), Wrong> {
        let (arn, unique_id) = match &signer.principal {
            Principal::User { arn, unique_id, .. } => (arn, unique_id),
            Principal::Session { role_arn, role_id, .. } => (role_arn, role_id),
            _ => return Err(Wrong::NoIdentity),
        };
        let identity = self.identities.get(arn).ok_or(Wrong::NoIdentity)?;
        // What limits a session would not limit those for whom it calls.
        if signer.session.as_ref().is_some_and(|session| session.policies.is_some()) {
            return Err(Wrong::LimitedSession);
        }
        match identity.unique_id().or_else(|| credentials.service_bearer(arn)) {
            Some(bearer) if bearer == unique_id => Ok((identity, None)),
            Some(_) => Err(Wrong::OtherBearer(unique_id.clone())),
            None => {
                let event = ServiceEvent {
                    service: "iam",
                    name: "BindServiceIdentity",
                    account: signer.account.to_string(),
                    region: region.to_string(),
                    resource: arn.clone(),
                    details: vec![("service", identity.service.principal()), ("uniqueId", unique_id.clone())],
                };
                let change = credentials.service_bound(arn, unique_id, now);
                Ok((identity, Some(First { event, change })))
            }
        }
    }
}

impl Acting {
    /// Whom the decision is about.
    pub(crate) fn caller(&self) -> &Caller {
        match &self.whom {
            Whom::Principal(caller) => caller,
            Whom::Session(credential) => credential.caller(),
        }
    }
}

impl Via {
    /// Whether the service has to do with this account at all. Its own name in a policy does not say whose gateway
    /// it is.
    #[must_use]
    pub fn reaches(&self, account: AccountId) -> bool {
        self.reach.includes(account)
    }

    /// Whether an ARN is that of the user or role that is the service, or of a session of that role.
    #[must_use]
    pub fn is_identity(&self, arn: &str) -> bool {
        let role = || {
            let (before, role) = self.identity_arn.split_once(":role/")?;
            let account = before.rsplit(':').next()?;
            let session = arn
                .split_once(":assumed-role/")
                .filter(|(before, _)| before.rsplit(':').next() == Some(account));
            Some(session?.1.split('/').next() == role.rsplit('/').next())
        };
        arn == self.identity_arn || role().unwrap_or(false)
    }

    /// As the record shows it.
    pub(crate) fn recorded(&self) -> InvokedBy<'_> {
        InvokedBy {
            service: self.name.as_str().into(),
            arn: self.identity_arn.as_str().into(),
            access_key_id: self.access_key_id.as_str().into(),
            source_arn: self.source_arn.as_deref().map(Into::into),
            source_account: self.source_account.map(|account| account.to_string().into()),
        }
    }
}

/// The refusal of a statement, whatever is wrong with it; what it is is for the operator alone.
pub(crate) fn refused(signer: &Caller, why: &dyn fmt::Display) -> Fault {
    let text =
        format!("User: {} is not authorized to act for another principal with {}", signer.arn, ACT_FOR);
    Fault::new(&fault::ACCESS_DENIED, text).with_detail(why.to_string())
}

/// The service as a principal. It has no account and no policies of its own; what it looks up without an account is
/// looked up in that of its identity.
fn itself(via: &Via, signer: &Caller) -> Caller {
    Caller {
        account: signer.account,
        principal: Principal::Service { name: via.name.clone() },
        arn: via.name.clone(),
        unique_id: via.name.clone(),
        user_name: None,
        access_key_id: String::new(),
        tags: BTreeMap::new(),
        policies: IdentityPolicies::Attached(Vec::new()),
        boundary: None,
        session: None,
    }
}
