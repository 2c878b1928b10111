//! `DeleteAlias`: removes a name; the key stays.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::DeleteAliasRequest};
use state::removed;

use crate::{
    Kms, aliases, faults,
    gate::{self, Asked, ToDeleteAlias},
    layout::Place,
};

/// The operation.
pub(super) struct DeleteAlias;

impl Operation for DeleteAlias {
    type Service = Kms;
    type Input = DeleteAliasRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("DeleteAlias", r#"{"AliasName":"{alias}"}"#)
        .at(Rate::PerSecond(15))
        .shows(&["aliasName"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let name = aliases::parse(&input.alias_name)?;

        let arn = gate::alias(kms, cx, "kms:DeleteAlias", &name)?;
        let place = Place::of(cx);
        let alias = kms.tables().alias(&place, &name).ok_or_else(|| faults::alias_not_found(&arn))?;
        gate::related::<ToDeleteAlias>(kms, cx, alias.target, &Asked::nothing())?;
        Ok(Outcome::changing(Nothing {}, removed(&**alias)))
    }
}
