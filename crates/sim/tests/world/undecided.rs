//! An operation that answers without a decision does not answer.

use std::sync::Arc;

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Protocol, Row, Service};
use model::shape::Nothing;
use sim::{Scope, World, json, sign};
use state::View;

/// Forgets to ask anyone.
struct Forgetful;

impl Operation for Forgetful {
    type Service = View<()>;
    type Input = Nothing;
    type Output = Nothing;
    const FACTS: Facts = Facts::reading("Forget", "{}");

    async fn run(_: &View<()>, _: &mut Cx<'_>, _: Nothing) -> Result<Outcome<Nothing>, Fault> {
        Ok(Nothing {}.into())
    }
}

static TABLE: &[Row<View<()>>] = &[Row::of::<Forgetful>()];

#[test]
fn an_operation_that_asks_nobody_gets_no_answer_out() {
    let service = Service {
        name: "forgetful",
        protocol: Protocol::AwsJson { target: "Forgetful" },
        table: TABLE,
        unsupported: &[],
        state: Arc::new(()),
    };
    let world = World::new().with(service);
    let scope = Scope { service: "forgetful", region: "us-east-1", at: world.now() };
    let answer = world.send(sign(json("Forgetful", "Forget", "{}"), &world.root(), &scope));
    assert_eq!((answer.status, answer.fault()), (500, "KMSInternalException"));
    let records = world.records();
    let [record] = &records[..] else { panic!("one record: {records:?}") };
    assert_eq!(record.detail.as_deref(), Some("the operation answered without a decision"));
}
