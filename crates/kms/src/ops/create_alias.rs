//! `CreateAlias`: a name for a key, unique in the account and Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::CreateAliasRequest};
use state::{created, unchanged};

use crate::{
    Kms, aliases,
    aliases::Alias,
    faults,
    gate::{self, Asked, ToCreateAlias},
    layout::Place,
};

/// The operation.
pub(super) struct CreateAlias;

impl Operation for CreateAlias {
    type Service = Kms;
    type Input = CreateAliasRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("CreateAlias", r#"{"AliasName":"alias/new","TargetKeyId":"{key}"}"#)
        .at(Rate::PerSecond(5))
        .shows(&["aliasName", "targetKeyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let name = aliases::parse(&input.alias_name)?;
        aliases::check_target(&input.target_key_id)?;

        let arn = gate::alias(kms, cx, "kms:CreateAlias", &name)?;
        let key = gate::key::<ToCreateAlias>(kms, cx, &input.target_key_id, &Asked::nothing())?;
        let place = Place::of(cx);
        if kms.tables().alias(&place, &name).is_some() {
            let text = format!("An alias with the name {arn} already exists");
            return Err(Fault::new(&faults::ALREADY_EXISTS, text));
        }
        kms.quotas.check_aliases(kms.tables(), &place, key.record())?;

        let alias = Alias::new(place, name, key.id(), cx.now);
        // The target's record is a precondition too: a key on its way out gets no new names.
        Ok(Outcome::changing(Nothing {}, created(&alias).only_if(unchanged(key.record()))))
    }
}
