//! `CreateAlias`: a name for a key, unique in the account and Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, kms::CreateAliasRequest};
use store::{Batch, Precondition};

use crate::{
    Kms, aliases, faults,
    gate::{self, Asked, ToCreateAlias},
    tables::Alias,
};

/// The operation.
pub(super) struct CreateAlias;

impl Operation for CreateAlias {
    type Service = Kms;
    type Input = CreateAliasRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "CreateAlias",
        read_only: false,
        example: r#"{"AliasName":"alias/new","TargetKeyId":"{key}"}"#,
    };

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: CreateAliasRequest) -> Result<Outcome<Nothing>, Fault> {
        let name = aliases::parse(&input.alias_name)?;
        aliases::check_target(&input.target_key_id)?;

        let arn = gate::alias(kms, cx, "kms:CreateAlias", &name)?;
        let key = gate::key::<ToCreateAlias>(kms, cx, &input.target_key_id, &Asked::nothing())?;
        let place = gate::place(cx);
        if kms.tables().shelf(&place).is_some_and(|shelf| shelf.aliases.contains_key(&name)) {
            let text = format!("An alias with the name {arn} already exists");
            return Err(Fault::new(&faults::ALREADY_EXISTS, text));
        }
        aliases::check_quota(kms, &place, key.record())?;

        let alias =
            Alias { target: key.id(), created: cx.now, updated: cx.now, revision: store::Revision(0) };
        let at = place.alias(&name);
        // The target's record is a precondition too: a key on its way out gets no new names.
        let change = Batch {
            preconditions: vec![Precondition::Absent(at.clone()), key.unchanged()],
            puts: vec![(at, alias.encode())],
            deletes: Vec::new(),
        };
        Ok(Outcome::changing(Nothing {}, change))
    }
}
