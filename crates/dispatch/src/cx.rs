//! What an operation knows of the call it serves.

use std::{net::IpAddr, sync::Arc};

use model::{
    Timestamp,
    arn::{AccountId, Partition, Region},
};
use strongroom::Entropy;

use crate::{Caller, Facts, Via, notes::Notes};

/// The call, as an operation sees it: who calls, where, when, and the notes for the record.
pub struct Cx<'c> {
    /// The operation.
    pub operation: &'static Facts,
    /// The principal that the call is for: it is decided about.
    pub caller: &'c Caller,
    /// The principal that signed: the same, unless a service calls for somebody, or as itself.
    pub signer: &'c Caller,
    /// The Region that the call was signed for.
    pub region: &'c Region,
    /// When the call was received. The only time an operation knows.
    pub now: Timestamp,
    /// Where it came from and how.
    pub origin: Origin<'c>,
    /// The source of random bytes. Shared, because work that takes long draws from it on a thread of its own.
    pub entropy: &'c Arc<dyn Entropy>,
    /// Whether policies are asked.
    pub policies: Policies,
    /// What the record will say.
    pub notes: &'c mut Notes,
}

/// Whether policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policies {
    /// They decide.
    Enforced,
    /// Everything is allowed, and the record says so. For a server for development.
    Ignored,
}

/// A call that no access key signs, before it is known who makes it.
pub struct Arrival<'c> {
    /// The operation.
    pub operation: &'static Facts,
    /// The Region that was addressed.
    pub region: &'c Region,
    /// When the call was received.
    pub now: Timestamp,
    /// Where it came from and how.
    pub origin: Origin<'c>,
    /// The source of random bytes.
    pub entropy: &'c Arc<dyn Entropy>,
    /// Whether policies are asked.
    pub policies: Policies,
    /// What the record will say.
    pub notes: &'c mut Notes,
}

impl Arrival<'_> {
    /// The call, once it is known who makes it. The record says so from here on.
    pub(crate) fn by<'c>(&'c mut self, caller: &'c Arc<Caller>) -> Cx<'c> {
        self.notes.identified(Arc::clone(caller));
        let Self { operation, region, now, origin, entropy, policies, notes } = self;
        Cx {
            operation,
            caller,
            signer: caller,
            region,
            now: *now,
            origin: *origin,
            entropy,
            policies: *policies,
            notes,
        }
    }
}

impl Cx<'_> {
    /// The same call, to be seen in another way for a while.
    #[must_use]
    pub fn reborrowed(&mut self) -> Cx<'_> {
        let Cx { operation, caller, signer, region, now, origin, entropy, policies, .. } = *self;
        Cx { operation, caller, signer, region, now, origin, entropy, policies, notes: self.notes }
    }

    /// The caller's account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.caller.account
    }

    /// The partition that everything is of.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.region.partition()
    }
}

/// Where a call came from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'c> {
    /// Address of the peer.
    pub address: IpAddr,
    /// Its `User-Agent`, as sent.
    pub user_agent: &'c str,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The service that makes it for the caller, or as itself.
    pub via: Option<&'c Via>,
}

impl<'c> Origin<'c> {
    /// The service that makes the call for the caller.
    #[must_use]
    pub fn for_user(&self) -> Option<&'c Via> {
        self.via.filter(|via| via.for_user)
    }
}
