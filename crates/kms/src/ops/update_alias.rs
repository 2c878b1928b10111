//! `UpdateAlias`: lets an alias name another key of the same kind.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::UpdateAliasRequest};
use state::{replaced, unchanged};

use crate::{
    Kms, aliases,
    aliases::Alias,
    faults,
    gate::{self, Asked, ToUpdateAlias, ToUpdateAliasFrom},
    layout::Place,
};

/// The operation.
pub(super) struct UpdateAlias;

impl Operation for UpdateAlias {
    type Service = Kms;
    type Input = UpdateAliasRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("UpdateAlias", r#"{"AliasName":"{alias}","TargetKeyId":"{key}"}"#)
        .at(Rate::PerSecond(5))
        .shows(&["aliasName", "targetKeyId"])
        .answers(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let name = aliases::parse(&input.alias_name)?;
        aliases::check_target(&input.target_key_id)?;

        let arn = gate::alias(kms, cx, "kms:UpdateAlias", &name)?;
        let place = Place::of(cx);
        let alias = kms.tables().alias(&place, &name).ok_or_else(|| faults::alias_not_found(&arn))?;
        let from = gate::related::<ToUpdateAliasFrom>(kms, cx, alias.target, &Asked::nothing())?;
        let to = gate::key::<ToUpdateAlias>(kms, cx, &input.target_key_id, &Asked::nothing())?;
        aliases::check_same_kind(&name, from.record(), to.record())?;
        if from.id() != to.id() {
            kms.quotas.check_aliases(kms.tables(), &place, to.record())?;
        }

        cx.notes.answered("keyId", to.arn());
        let changed = Alias { target: to.id(), updated: cx.now, ..Alias::clone(alias) };
        Ok(Outcome::changing(Nothing {}, replaced(&**alias, &changed).only_if(unchanged(to.record()))))
    }
}
