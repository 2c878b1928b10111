//! What an operation is, and the row it gets in its service's table.
//!
//! An operation declares its facts as data and its behaviour as one function. Everything else (routing,
//! decoding, constraints, the record, the commit) is done around it, alike for all.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use model::shape::{Input, Output};
use state::{Snapshot, Stateful, View};
use store::Batch;

use crate::{Arrival, Caller, Cx, Facts, Fault, wire};

/// One operation of a service.
pub trait Operation: 'static {
    /// The service at one revision: a [`View`].
    type Service: Send + Sync + 'static;
    /// Checked input.
    type Input: Input;
    /// Output as the model has it.
    type Output: Output;
    /// Name, kind and example.
    const FACTS: Facts;

    /// Does the work on what is in memory and returns the output, with the change to commit if there is one.
    /// When another change got in between, it runs again on newer memory, so it must have no effect of its own.
    fn run(
        service: &Self::Service,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Outcome<Self::Output>, Fault>> + Send;
}

/// One operation that no access key signs: what it is sent says who calls, and proves it. It changes nothing.
pub trait Unsigned: 'static {
    /// The service at one revision: a [`View`].
    type Service: Send + Sync + 'static;
    /// Checked input.
    type Input: Input;
    /// Output as the model has it.
    type Output: Output;
    /// What the proof says beyond who calls.
    type Proven: Send;
    /// Name, kind and example.
    const FACTS: Facts;

    /// Establishes who calls. This is the authentication: whatever it does not believe it refuses.
    fn caller(
        service: &Self::Service,
        arrival: &mut Arrival<'_>,
        input: &Self::Input,
    ) -> impl Future<Output = Result<(Caller, Self::Proven), Fault>> + Send;

    /// Does the work, as an [`Operation`] does.
    fn run(
        service: &Self::Service,
        cx: &mut Cx<'_>,
        input: Self::Input,
        proven: Self::Proven,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}

/// What an operation returns: the output, and the change that must be committed before it may leave.
pub struct Outcome<T> {
    /// For the caller.
    pub output: T,
    /// For the store; `None` when nothing changes.
    pub change: Option<Batch>,
}

impl<T> Outcome<T> {
    /// An output that leaves once `change` is committed together with the call's record.
    pub fn changing(output: T, change: Batch) -> Self {
        Self { output, change: Some(change) }
    }
}

impl<T> From<T> for Outcome<T> {
    fn from(output: T) -> Self {
        Self { output, change: None }
    }
}

/// A row of a service's table: an operation with its types erased.
pub struct Row<S: 'static> {
    /// The operation's facts.
    pub facts: &'static Facts,
    run: Erased<S>,
}

/// How an operation is run, by what its calls prove.
enum Erased<S: 'static> {
    Signed(for<'a> fn(S, &'a mut Cx<'a>, wire::Body<'a>) -> Running<'a>),
    Unsigned(for<'a> fn(S, &'a mut Arrival<'a>, wire::Body<'a>) -> Running<'a>),
}

/// An encoded answer and the change it waits for.
pub(crate) struct Answered {
    pub(crate) body: Bytes,
    pub(crate) change: Option<Batch>,
}

pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<Answered, Fault>> + Send + 'a>>;

impl<S: Send + Sync + 'static> Row<S> {
    /// The row of operation `O`.
    #[must_use]
    pub const fn of<O: Operation<Service = S>>() -> Self {
        Self { facts: &O::FACTS, run: Erased::Signed(erased::<O>) }
    }

    /// The row of operation `O`, whose calls are not signed.
    #[must_use]
    pub const fn unsigned<O: Unsigned<Service = S>>() -> Self {
        Self { facts: &O::FACTS, run: Erased::Unsigned(unsigned::<O>) }
    }
}

fn erased<'a, O: Operation>(service: O::Service, cx: &'a mut Cx<'a>, body: wire::Body<'a>) -> Running<'a> {
    Box::pin(async move {
        let input = body.decode::<O::Input>()?;
        cx.notes.requested(&O::FACTS, &input);
        let outcome = O::run(&service, cx, input).await?;
        cx.notes.responded(&O::FACTS, &outcome.output);
        Ok(Answered { body: body.encode(O::FACTS.name, &outcome.output)?, change: outcome.change })
    })
}

fn unsigned<'a, O: Unsigned>(
    service: O::Service,
    arrival: &'a mut Arrival<'a>,
    body: wire::Body<'a>,
) -> Running<'a> {
    Box::pin(async move {
        let input = body.decode::<O::Input>()?;
        arrival.notes.requested(&O::FACTS, &input);
        let (caller, proven) = O::caller(&service, arrival, &input).await?;
        let caller = Arc::new(caller);
        let output = O::run(&service, &mut arrival.by(&caller), input, proven).await?;
        arrival.notes.responded(&O::FACTS, &output);
        Ok(Answered { body: body.encode(O::FACTS.name, &output)?, change: None })
    })
}

/// A service: a name, a protocol, a table, and what its operations work on.
pub struct Service<S: Stateful> {
    /// Name in ARNs, in the credential scope and in host names: `kms`.
    pub name: &'static str,
    /// How its calls look on the wire.
    pub protocol: wire::Protocol,
    /// Its operations, sorted by name.
    pub table: &'static [Row<View<S>>],
    /// Operations that the API has and this service does not offer.
    pub unsupported: &'static [&'static str],
    /// What the operations work on, with the service's tables.
    pub state: Arc<S>,
}

/// A service with the names of its operations.
struct Offered<S: Stateful> {
    service: Service<S>,
    names: HashMap<&'static str, LookedUp>,
}

/// A service with its state's type erased.
pub(crate) trait AnyService: Send + Sync {
    fn name(&self) -> &'static str;
    fn protocol(&self) -> wire::Protocol;
    fn facts(&self) -> Vec<&'static Facts>;
    fn find(&self, operation: &str) -> LookedUp;
    /// Whether an operation's calls are not signed.
    fn is_unsigned(&self, row: usize) -> bool;
    fn run<'a>(
        &'a self,
        row: usize,
        memory: &Arc<Snapshot>,
        cx: &'a mut Cx<'a>,
        body: wire::Body<'a>,
    ) -> Running<'a>;
    fn run_unsigned<'a>(
        &'a self,
        row: usize,
        memory: &Arc<Snapshot>,
        arrival: &'a mut Arrival<'a>,
        body: wire::Body<'a>,
    ) -> Running<'a>;
}

/// What a look-up in the table gave.
#[derive(Clone, Copy)]
pub(crate) enum LookedUp {
    Row(usize, &'static Facts),
    Unsupported(&'static str),
    Unknown,
}

impl<S: Stateful> Service<S> {
    /// The service as calls find it.
    pub(crate) fn offered(self) -> Box<dyn AnyService> {
        let rows = self.table.iter().enumerate();
        let rows = rows.map(|(index, row)| (row.facts.name, LookedUp::Row(index, row.facts)));
        let unsupported = self.unsupported.iter().map(|name| (*name, LookedUp::Unsupported(name)));
        // What is offered stands last, and so counts, where a name is in both.
        let names = unsupported.chain(rows).collect();
        Box::new(Offered { service: self, names })
    }
}

impl<S: Stateful> AnyService for Offered<S> {
    fn name(&self) -> &'static str {
        self.service.name
    }

    fn protocol(&self) -> wire::Protocol {
        self.service.protocol
    }

    fn facts(&self) -> Vec<&'static Facts> {
        self.service.table.iter().map(|row| row.facts).collect()
    }

    fn find(&self, operation: &str) -> LookedUp {
        self.names.get(operation).copied().unwrap_or(LookedUp::Unknown)
    }

    fn is_unsigned(&self, row: usize) -> bool {
        self.service.table.get(row).is_some_and(|row| matches!(row.run, Erased::Unsigned(_)))
    }

    fn run<'a>(
        &'a self,
        row: usize,
        memory: &Arc<Snapshot>,
        cx: &'a mut Cx<'a>,
        body: wire::Body<'a>,
    ) -> Running<'a> {
        match (self.row(row), self.view(memory)) {
            (Some(Erased::Signed(run)), Some(view)) => run(view, cx, body),
            _ => no_such_row(),
        }
    }

    fn run_unsigned<'a>(
        &'a self,
        row: usize,
        memory: &Arc<Snapshot>,
        arrival: &'a mut Arrival<'a>,
        body: wire::Body<'a>,
    ) -> Running<'a> {
        match (self.row(row), self.view(memory)) {
            (Some(Erased::Unsigned(run)), Some(view)) => run(view, arrival, body),
            _ => no_such_row(),
        }
    }
}

impl<S: Stateful> Offered<S> {
    fn row(&self, row: usize) -> Option<&Erased<View<S>>> {
        self.service.table.get(row).map(|row| &row.run)
    }

    fn view(&self, memory: &Arc<Snapshot>) -> Option<View<S>> {
        View::of(&self.service.state, memory)
    }
}

fn no_such_row<'a>() -> Running<'a> {
    Box::pin(std::future::ready(Err(Fault::internal("the service has no such row, or no tables in memory"))))
}
