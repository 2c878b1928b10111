//! The straight line: one request, from bytes to bytes.
//!
//! ```text
//! bytes → call → record opened → signature → operation → input → gate → strongroom → change → record → bytes
//! ```
//! [`Dispatcher::answer`] waits for the record and cannot fail; `carry_out` opens and closes it; `work` does the work
//! and may fail. Nothing else stands between a request and its operation.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{Response, header::DATE, request::Parts};
use model::{Timestamp, arn::Region};
use sigv4::Claim;
use state::{Snapshot, Stateful};
use store::Batch;

use crate::{
    Arrival, Authentication, Backstage, BodyFault, Caller, ConnectionInfo, Cx, Dialect, Facts, Fault,
    Observer, Origin, Policies, Protocol, Regions, Services, Usage,
    authentication::unread,
    commit::{Commit, Committed, Recorded},
    date::DateHeader,
    ending::{Closed, Ending, unrecorded},
    fault,
    forward::{ACT_FOR, Acting, Request},
    head::Head,
    ids::Ids,
    notes::First,
    operation::{Answered, AnyService, LookedUp, Service},
    panics,
    progress::{Admitted, Attempt, By, Done, Incoming},
    record::OpenRecord,
    route, standing,
    wire::{self, Body, Call},
};

/// Answers requests.
pub struct Dispatcher {
    services: Vec<Box<dyn AnyService>>,
    wiring: Wiring,
    date: DateHeader,
}

/// What a dispatcher works with.
pub struct Wiring {
    /// How it is established who signed.
    pub authentication: Arc<dyn Authentication>,
    /// Who may call for others.
    pub services: Services,
    /// Whether policies are asked.
    pub policies: Policies,
    /// Store, journal, clock and randomness.
    pub backstage: Backstage,
    /// When a reply may leave.
    pub durability: Durability,
    /// The Regions that are served.
    pub regions: Regions,
    /// Who counts.
    pub observer: Arc<dyn Observer>,
}

/// When a reply to a call that changes nothing may leave. Changes are always durable, with their records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When its record is on disk.
    Durable,
    /// When the journal has taken its record over; a crash may lose the last tenth of a second of records.
    HandedOver,
}

/// How often a call is attempted when other changes get in between.
const ATTEMPTS: usize = 64;

impl Dispatcher {
    /// A dispatcher without services.
    #[must_use]
    pub fn new(wiring: Wiring) -> Self {
        Self { services: Vec::new(), wiring, date: DateHeader::default() }
    }

    /// Adds a service.
    #[must_use]
    pub fn with<S: Stateful>(mut self, service: Service<S>) -> Self {
        self.services.push(service.offered());
        self
    }

    /// Every operation that is offered, with the name of its service.
    #[must_use]
    pub fn operations(&self) -> Vec<(&'static str, &'static Facts)> {
        let of = |service: &dyn AnyService| {
            let name = service.name();
            service.facts().into_iter().map(move |facts| (name, facts))
        };
        self.services.iter().flat_map(|service| of(&**service)).collect()
    }

    /// The protocol of a service; `None` if there is none of that name.
    #[must_use]
    pub fn protocol(&self, service: &str) -> Option<Protocol> {
        self.services.iter().find(|offered| offered.name() == service).map(|service| service.protocol())
    }

    /// Answers one request. Whatever it is, it gets one response; and one record, unless a stranger's is only counted.
    pub fn answer(
        &self,
        head: Parts,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> impl Future<Output = Response<Bytes>> + Send {
        self.answer_unless(None, head, body, connection)
    }

    /// Whether a request names an access key that there is. That proves nothing yet.
    #[must_use]
    pub fn knows(&self, Parts { method, uri, headers, .. }: &Parts) -> bool {
        let Wiring { backstage, authentication, .. } = &self.wiring;
        let claim = Claim::parse(sigv4::Head { method, uri, headers });
        let knows = |claim: &Claim<'_>| {
            authentication.knows(&backstage.mirror.snapshot(), claim, backstage.clock.now()).is_ok()
        };
        claim.is_ok_and(|claim| knows(&claim))
    }

    /// A client did not get as far as a request.
    pub fn turned_away(&self, address: IpAddr, kind: &'static str) {
        self.wiring.backstage.strangers.refused(address, kind);
    }

    /// Answers one request with a fault, whatever it asks for. It is recorded like any other.
    pub fn refuse(
        &self,
        fault: Fault,
        head: Parts,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> impl Future<Output = Response<Bytes>> + Send {
        self.answer_unless(Some(fault), head, body, connection)
    }

    async fn answer_unless(
        &self,
        refusal: Option<Fault>,
        head: Parts,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> Response<Bytes> {
        let started = self.wiring.backstage.clock.elapsed();
        let now = self.wiring.backstage.clock.now();
        let Some(ids) = self.ids() else { return wire::without_entropy() };
        let mut ending = self.carry_out(refusal, head, body, connection, (ids, now)).await;
        ending.recorded().await;
        let took = self.wiring.backstage.clock.elapsed().saturating_sub(started);
        ending.report(&*self.wiring.observer, took);
        let Ending { dialect, request_id, result, .. } = ending;
        let mut response = match result {
            Ok(body) => wire::success(dialect, request_id, body),
            Err(fault) => wire::failure(dialect, request_id, &fault),
        };
        response.headers_mut().insert(DATE, self.date.at(now));
        response
    }

    /// Does what a request asks for, and puts its record on the way.
    async fn carry_out(
        &self,
        refusal: Option<Fault>,
        head: Parts,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
        (ids, now): (Ids, Timestamp),
    ) -> Ending {
        let request_id = ids.request_id();
        let head = Head::of(&head);
        let call = Call::parse(&head, body.as_deref().unwrap_or_default());
        let Parts { method, uri, headers, .. } = head.parts;
        let claim = Claim::parse(sigv4::Head { method, uri, headers });
        let mut record = OpenRecord::open(&self.wiring.backstage, &head, connection, ids, now);
        let service = route::service(&self.services, &call, record.host(), claim.as_ref().ok());
        let dialect = Dialect::of(service.map_or(route::protocol(&call), AnyService::protocol), &head);

        record.service = service.map_or("", AnyService::name);
        record.operation = call.operation();
        record.region = claim.as_ref().map_or("", |claim| claim.scope().region).into();
        record.claimed = claim.as_ref().ok().map(Claim::access_key_id);
        record.is_turned_away = refusal.is_some();
        let incoming =
            Incoming { service, call: &call, dialect, claim: &claim, body: &body, request_id: &request_id };
        let work = async {
            match refusal {
                Some(fault) => Err(fault),
                None => self.work(&mut record, &incoming).await,
            }
        };
        let worked = panics::catch(work).await.unwrap_or_else(|| Err(panics::fault()));
        if record.is_of_known() {
            connection.recognise();
        }
        let Closed { result, record: appended, is_told } = self.close(&mut record, dialect, worked);
        Ending {
            ids,
            request_id,
            dialect,
            service: record.service,
            known: record.known,
            asked: result.is_err().then(|| record.operation.to_owned()),
            result,
            is_told,
            record: appended,
            after_success: record.notes.take_after_success(),
        }
    }

    /// What a request asks for, done; the record is left open unless the change was committed with it.
    ///
    /// Each attempt sees memory at one revision, from the signature to the change. When another change gets in between,
    /// the next attempt begins once memory has that change.
    async fn work(&self, record: &mut OpenRecord<'_>, incoming: &Incoming<'_>) -> Result<Done, Fault> {
        for _ in 0..ATTEMPTS {
            let memory = self.wiring.backstage.mirror.snapshot();
            let admitted = self.admit(&memory, record, incoming)?;
            match self.attempt(&memory, record, incoming, &admitted).await? {
                Attempt::Done(done) => return Ok(done),
                Attempt::Overtaken => record.notes.clear(),
            }
        }
        Err(Fault::contended(format!(
            "{ATTEMPTS} attempts were overtaken by other changes of the same records"
        )))
    }

    /// The caller and the operation of a request. What does not get through here has not been decoded.
    fn admit<'a>(
        &self,
        memory: &Snapshot,
        record: &mut OpenRecord<'_>,
        incoming: &Incoming<'a>,
    ) -> Result<Admitted<'a>, Fault> {
        // No work whose record could not be kept, and none on memory that is not current.
        self.check_ready()?;
        // No request whose body is too large, or came only in part.
        let unread = |fault: &BodyFault| {
            unread(&*self.wiring.authentication, memory, incoming.claim, *fault, record.time())
        };
        let body = incoming.body.as_ref().map_err(unread)?;
        let found = incoming.service.map(|service| (service, service.find(incoming.call.operation())));
        if let Some((service, LookedUp::Row(row, facts))) = found
            && service.is_unsigned(row)
        {
            // No proof of identity stands for a service that calls for others: only signatures do.
            return self.admit_unsigned(record, service, (row, facts));
        }
        if let Some((service, found @ LookedUp::Unsupported(route::BY_ASSERTION))) = found {
            route::operation(found, service.protocol(), incoming.call.operation())?;
        }
        // No request without a whole signature, nor one that is signed for another service or Region.
        let claim = incoming.claim.as_ref().map_err(|error| Fault::from(error.clone()))?;
        let (service, found) = found.ok_or_else(|| Fault::silent(&fault::UNKNOWN_OPERATION))?;
        let region = route::check_scope(claim, service, record.host(), &self.wiring.regions)?;
        // No request that the holder of the access key did not sign, or signed for another body or at another time.
        let credential = self.wiring.authentication.authenticate(memory, claim, body, record.time())?;
        record.credential = Some(Arc::clone(&credential));
        credential.used(Usage { at: record.time(), service: service.name(), region: &region });
        // Strangers do not learn which operations there are.
        let (row, facts) = route::operation(found, service.protocol(), incoming.call.operation())?;
        record.is_of(facts);
        // Nobody calls for others whom the configuration does not name.
        let acting = self.acting(memory, record, claim, (credential.caller(), facts, &region))?;
        Ok(Admitted { service, row, facts, region, by: By::Signature { credential, acting } })
    }

    /// The same for an operation that is sent a proof of who calls in place of a signature. The proof is looked at once
    /// the input is decoded.
    fn admit_unsigned<'a>(
        &self,
        record: &mut OpenRecord<'_>,
        service: &'a dyn AnyService,
        (row, facts): (usize, &'static Facts),
    ) -> Result<Admitted<'a>, Fault> {
        record.is_of(facts);
        if record.head().acts_for {
            let message = format!("{ACT_FOR} takes a signature");
            return Err(Fault::new(&fault::ACCESS_DENIED, message));
        }
        let region = route::region(record.host(), &self.wiring.regions)?;
        record.region = region.to_string().into();
        Ok(Admitted { service, row, facts, region, by: By::Proof })
    }

    /// One run of the operation, and the commit of what it changes.
    async fn attempt(
        &self,
        memory: &Arc<Snapshot>,
        record: &mut OpenRecord<'_>,
        incoming: &Incoming<'_>,
        admitted: &Admitted<'_>,
    ) -> Result<Attempt, Fault> {
        let answered = self.run(memory, record, incoming, admitted).await;
        // What the operation needs to be there is made first, whatever it answered without that.
        if let Some(first) = record.notes.take_first() {
            self.wiring.backstage.commit(&[first.event], first.change).await?;
            return Ok(Attempt::Overtaken);
        }
        let answered = answered?;
        // No answer without a decision.
        if !record.notes.is_allowed() {
            return Err(Fault::internal("the operation answered without a decision"));
        }
        let Some(change) = answered.change else {
            return Ok(Attempt::Done(Done { body: answered.body, recorded: false }));
        };
        // No change without its record, and no answer before memory has the change.
        if self.commit(record, change).await? {
            Ok(Attempt::Done(Done { body: answered.body, recorded: true }))
        } else {
            Ok(Attempt::Overtaken)
        }
    }

    /// Runs the operation: the input is decoded and constrained, then the operation asks for permission.
    async fn run(
        &self,
        memory: &Arc<Snapshot>,
        record: &mut OpenRecord<'_>,
        incoming: &Incoming<'_>,
        admitted: &Admitted<'_>,
    ) -> Result<Answered, Fault> {
        let Admitted { service, row, facts: operation, region, by } = admitted;
        let body = incoming.body.as_deref().unwrap_or_default();
        let input = Body::new(incoming.dialect, incoming.call.input(body), incoming.request_id);
        let (now, origin) = (record.time(), record.origin());
        let (entropy, policies) = (&self.wiring.backstage.entropy, self.wiring.policies);
        match by {
            By::Signature { credential, acting } => {
                let signer = credential.caller();
                let caller = acting.as_deref().map_or(signer, Acting::caller);
                let via = acting.as_deref().map(|acting| &acting.via);
                let origin = Origin { via, ..origin };
                let notes = &mut record.notes;
                service
                    .run(
                        *row,
                        memory,
                        &mut Cx { operation, caller, signer, region, now, origin, entropy, policies, notes },
                        input,
                    )
                    .await
            }
            By::Proof => {
                let notes = &mut record.notes;
                let mut arrival = Arrival { operation, region, now, origin, entropy, policies, notes };
                service.run_unsigned(*row, memory, &mut arrival, input).await
            }
        }
    }

    /// For whom a service has signed the call; `None` when whoever signed calls for itself.
    fn acting(
        &self,
        memory: &Snapshot,
        record: &mut OpenRecord<'_>,
        claim: &Claim<'_>,
        (signer, operation, region): (&Caller, &'static Facts, &Region),
    ) -> Result<Option<Arc<Acting>>, Fault> {
        let (head, now, origin) = (record.head(), record.time(), record.origin());
        if !head.acts_for {
            return Ok(None);
        }
        let request = Request { memory, head, claim, signer, operation, region, now };
        let acting = self.wiring.services.acting(&request).and_then(|acting| {
            let (entropy, policies) = (&self.wiring.backstage.entropy, self.wiring.policies);
            let notes = &mut record.notes;
            let cx = Cx { operation, caller: signer, signer, region, now, origin, entropy, policies, notes };
            standing::check_unopposed(&cx, &acting.caller().arn).map(|()| acting)
        });
        match acting {
            Ok(mut acting) => {
                if let Some(First { event, change }) = acting.first_use.take() {
                    record.notes.first(event, change);
                }
                record.acting = Some(Arc::new(acting));
                Ok(record.acting.clone())
            }
            Err(fault) => {
                record.notes.denied(standing::LAYER, None);
                Err(fault)
            }
        }
    }

    /// Nothing is done that could not be recorded, or would be decided on what was true once.
    fn check_ready(&self) -> Result<(), Fault> {
        if !self.wiring.backstage.mirror.is_following() {
            return Err(Fault::internal("this node does not hear from its store"));
        }
        match self.wiring.backstage.journal.health() {
            audit::JournalHealth::Good => Ok(()),
            health => Err(Fault::internal(format!("the journal does not take records: {health}"))),
        }
    }

    /// Commits a change with the record of its call, and waits until memory has it. `false` when another change got in
    /// between; memory has that one then.
    async fn commit(&self, record: &mut OpenRecord<'_>, change: Batch) -> Result<bool, Fault> {
        let other = self.ids().ok_or_else(|| Fault::internal("no random bytes for a record"))?;
        let event = record.ids().event;
        let own = Recorded { event, record: record.encode(None, 200).into() };
        let (now, entropy) = (record.time(), &*self.wiring.backstage.entropy);
        let events = record.notes.events().iter().map(|event| event.record(now, entropy));
        let records: Result<Vec<_>, _> = std::iter::once(Ok(own)).chain(events).collect();
        let records = records.map_err(|_| Fault::internal("no random bytes for a record"))?;
        // What is recorded from here on, if not the change, tells of the failure.
        record.renumber(other.event);
        let commit = Commit {
            store: Arc::clone(&self.wiring.backstage.store),
            journal: Arc::clone(&self.wiring.backstage.journal),
            outbox: self.wiring.backstage.outbox.clone(),
            records,
            abandoned: Some(record.encode(Some(&OpenRecord::abandoned()), 0)),
        };
        // From here on the commit goes on even if the client hangs up, and takes care of the record.
        record.close();
        match commit.detach(change).await {
            Committed::At(revision) => {
                self.wiring.backstage.mirror.reach(revision).await;
                Ok(true)
            }
            Committed::Conflict(revision) => {
                record.renumber(event);
                record.reopen();
                self.wiring.backstage.mirror.reach(revision).await;
                Ok(false)
            }
            Committed::Failed(error) => {
                record.reopen();
                Err(error.into())
            }
        }
    }

    /// Puts the record of a call on its way, unless its change carried it.
    fn close(&self, record: &mut OpenRecord<'_>, dialect: Dialect, worked: Result<Done, Fault>) -> Closed {
        let (fault, status) = match &worked {
            Ok(done) if done.recorded => return Closed::told(worked.map(|done| done.body), None),
            Ok(_) => (None, 200),
            Err(fault) => (Some(fault), dialect.status(fault.kind)),
        };
        if let Some(fault) = fault
            && record.is_of_stranger()
        {
            let is_told = record.close_of_stranger(fault, status);
            return Closed { is_told, ..Closed::told(worked.map(|done| done.body), None) };
        }
        let payload = record.encode(fault, status);
        record.close();
        let journal = &self.wiring.backstage.journal;
        let result = worked.map(|done| done.body);
        match self.wiring.durability {
            Durability::Durable => Closed::told(result, Some(journal.append(&payload))),
            Durability::HandedOver => match journal.hand_over(&payload) {
                Ok(()) => Closed::told(result, None),
                Err(refused) => Closed::told(Err(unrecorded(refused)), None),
            },
        }
    }

    fn ids(&self) -> Option<Ids> {
        let mut random = [[0; 16]; 2];
        self.wiring.backstage.entropy.fill(random.as_flattened_mut()).ok()?;
        Some(Ids::from_random(random))
    }
}
