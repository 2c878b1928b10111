//! `DeleteAlias`: removes a name; the key stays.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, kms::DeleteAliasRequest};
use store::{Batch, Precondition};

use crate::{
    Kms, aliases, faults,
    gate::{self, Asked, ToDeleteAlias},
};

/// The operation.
pub(super) struct DeleteAlias;

impl Operation for DeleteAlias {
    type Service = Kms;
    type Input = DeleteAliasRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "DeleteAlias", read_only: false, example: r#"{"AliasName":"{alias}"}"# };

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: DeleteAliasRequest) -> Result<Outcome<Nothing>, Fault> {
        let name = aliases::parse(&input.alias_name)?;

        let arn = gate::alias(kms, cx, "kms:DeleteAlias", &name)?;
        let place = gate::place(cx);
        let tables = kms.tables();
        let alias = tables.shelf(&place).and_then(|shelf| shelf.aliases.get(&name));
        let Some(alias) = alias else { return Err(faults::alias_not_found(&arn)) };
        gate::key::<ToDeleteAlias>(kms, cx, &alias.target.to_string(), &Asked::nothing())?;

        let at = place.alias(&name);
        let change = Batch {
            preconditions: vec![Precondition::At(at.clone(), alias.revision)],
            deletes: vec![at],
            puts: Vec::new(),
        };
        Ok(Outcome::changing(Nothing {}, change))
    }
}
