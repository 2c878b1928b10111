//! `CreateAccountAlias`: gives the account an alias, in the place of the one it has. Aliases are unique in the deployment.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::CreateAccountAliasRequest};
use state::replaced;
use store::Precondition;

use crate::{
    Iam,
    faults::ENTITY_ALREADY_EXISTS,
    gate::{self, Asked},
    known::Known,
    layout,
    tables::inconsistent,
};

/// The operation.
pub(crate) struct CreateAccountAlias;

impl Operation for CreateAccountAlias {
    type Service = Iam;
    type Input = CreateAccountAliasRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("CreateAccountAlias", "AccountAlias=new-alias").shows(&["accountAlias"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (_, account) = gate::account(iam, cx, "iam:CreateAccountAlias", "*", &Asked::default())?;
        let known = account.known.as_ref().ok_or_else(|| inconsistent("the account"))?;
        if known.alias.as_ref() == Some(&input.account_alias) {
            return Ok(Nothing {}.into());
        }
        if iam.tables().alias_is_taken(&input.account_alias) {
            return Err(Fault::new(
                &ENTITY_ALREADY_EXISTS,
                format!("The account alias {} already exists.", input.account_alias),
            ));
        }
        let claim = layout::account_alias(&input.account_alias);
        let changed = Known { alias: Some(input.account_alias), ..known.clone() };
        let mut change = replaced(known, &changed)
            .only_if(Precondition::Absent(claim.clone()))
            .put(claim, cx.account().to_string().into());
        change.deletes = known.alias.iter().map(|alias| layout::account_alias(alias)).collect();
        Ok(Outcome::changing(Nothing {}, change))
    }
}
