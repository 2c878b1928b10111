//! `UpdateAlias`: lets an alias name another key of the same kind.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, kms::UpdateAliasRequest};
use store::{Batch, Precondition};

use crate::{
    Kms, aliases, faults,
    gate::{self, Asked, ToUpdateAlias, ToUpdateAliasFrom},
    tables::Alias,
};

/// The operation.
pub(super) struct UpdateAlias;

impl Operation for UpdateAlias {
    type Service = Kms;
    type Input = UpdateAliasRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "UpdateAlias",
        read_only: false,
        example: r#"{"AliasName":"{alias}","TargetKeyId":"{key}"}"#,
    };

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: UpdateAliasRequest) -> Result<Outcome<Nothing>, Fault> {
        let name = aliases::parse(&input.alias_name)?;
        aliases::check_target(&input.target_key_id)?;

        let arn = gate::alias(kms, cx, "kms:UpdateAlias", &name)?;
        let place = gate::place(cx);
        let tables = kms.tables();
        let alias = tables.shelf(&place).and_then(|shelf| shelf.aliases.get(&name));
        let Some(alias) = alias else { return Err(faults::alias_not_found(&arn)) };
        let from = gate::key::<ToUpdateAliasFrom>(kms, cx, &alias.target.to_string(), &Asked::nothing())?;
        let to = gate::key::<ToUpdateAlias>(kms, cx, &input.target_key_id, &Asked::nothing())?;
        aliases::check_same_kind(&name, from.record(), to.record())?;
        if from.id() != to.id() {
            aliases::check_quota(kms, &place, to.record())?;
        }

        let at = place.alias(&name);
        let changed = Alias { target: to.id(), updated: cx.now, ..Alias::clone(alias) };
        let change = Batch {
            preconditions: vec![Precondition::At(at.clone(), alias.revision), to.unchanged()],
            puts: vec![(at, changed.encode())],
            deletes: Vec::new(),
        };
        Ok(Outcome::changing(Nothing {}, change))
    }
}
