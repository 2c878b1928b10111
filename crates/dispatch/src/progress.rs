//! How far a request has come on the line.

use std::sync::Arc;

use bytes::Bytes;
use model::arn::Region;
use sigv4::Claim;

use crate::{BodyFault, Credential, Dialect, Facts, forward::Acting, operation::AnyService, wire::Call};

/// A request that has been read, and of which nothing is believed yet.
pub(crate) struct Incoming<'a> {
    pub(crate) service: Option<&'a dyn AnyService>,
    pub(crate) call: &'a Call<'a>,
    pub(crate) dialect: Dialect,
    pub(crate) claim: &'a Result<Claim<'a>, sigv4::AuthError>,
    pub(crate) body: &'a Result<Bytes, BodyFault>,
    pub(crate) request_id: &'a str,
}

/// A request for an operation that there is, here and now, by somebody who may ask.
pub(crate) struct Admitted<'a> {
    pub(crate) service: &'a dyn AnyService,
    pub(crate) row: usize,
    pub(crate) facts: &'static Facts,
    pub(crate) region: Region,
    pub(crate) by: By,
}

/// How it is known who calls.
pub(crate) enum By {
    /// By the signature of whoever holds the access key, who may have signed for somebody else.
    Signature { credential: Arc<dyn Credential>, acting: Option<Arc<Acting>> },
    /// By a proof in the input.
    Proof,
}

/// What became of one attempt.
pub(crate) enum Attempt {
    Done(Done),
    /// Another change got in between. Memory has it.
    Overtaken,
}

/// A call that succeeded.
pub(crate) struct Done {
    pub(crate) body: Bytes,
    /// The record was committed with the change.
    pub(crate) recorded: bool,
}
