//! `DeleteAccountAlias`: takes the alias from the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountAlias.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteAccountAliasRequest};
use state::replaced;

use crate::{
    Iam, faults,
    gate::{self, Asked},
    known::Known,
    layout,
    tables::inconsistent,
};

/// The operation.
pub(crate) struct DeleteAccountAlias;

impl Operation for DeleteAccountAlias {
    type Service = Iam;
    type Input = DeleteAccountAliasRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("DeleteAccountAlias", "AccountAlias={account-alias}").shows(&["accountAlias"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (_, account) = gate::account(iam, cx, "iam:DeleteAccountAlias", "*", &Asked::default())?;
        let known = account.known.as_ref().ok_or_else(|| inconsistent("the account"))?;
        if known.alias.as_ref() != Some(&input.account_alias) {
            return Err(faults::no_such(format!(
                "The account alias {} cannot be found.",
                input.account_alias
            )));
        }
        let claim = layout::account_alias(&input.account_alias);
        let change = replaced(known, &Known { alias: None, ..known.clone() }).delete(claim);
        Ok(Outcome::changing(Nothing {}, change))
    }
}
