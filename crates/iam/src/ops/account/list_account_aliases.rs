//! `ListAccountAliases`: the alias of the account, if it has one.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListAccountAliasesRequest, ListAccountAliasesResponse};

use crate::{
    Iam,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct ListAccountAliases;

impl Operation for ListAccountAliases {
    type Service = Iam;
    type Input = ListAccountAliasesRequest;
    type Output = ListAccountAliasesResponse;
    const FACTS: Facts = Facts::reading("ListAccountAliases", "").shows(&["marker", "maxItems"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, _: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (_, account) = gate::account(iam, cx, "iam:ListAccountAliases", "*", &Asked::default())?;
        let alias = account.known.as_ref().and_then(|known| known.alias.clone());
        Ok(ListAccountAliasesResponse {
            account_aliases: alias.into_iter().collect(),
            is_truncated: Some(false),
            marker: None,
        }
        .into())
    }
}
