//! `GetTagKeys`: the keys of all tags that are in use in the account and Region.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetTagKeys.html>

use std::collections::BTreeSet;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::tagging::{GetTagKeysInput, GetTagKeysOutput};

use super::pages::{Tokens, next};
use crate::{Kms, gate, layout::Place};

/// The operation.
pub(super) struct GetTagKeys;

impl Operation for GetTagKeys {
    type Service = Kms;
    type Input = GetTagKeysInput;
    type Output = GetTagKeysOutput;
    const FACTS: Facts = Facts::reading("GetTagKeys", "{}").shows(&["paginationToken"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        gate::permit(kms, cx, "tag:GetTagKeys", "*", &())?;
        let shelf = kms.tables().shelf(&Place::of(cx));
        let keys = shelf.into_iter().flat_map(|shelf| shelf.keys.values());
        let used: BTreeSet<&String> = keys.flat_map(|key| key.tags.keys()).collect();
        let tokens = Tokens::new(kms, cx, "GetTagKeys", "");
        let page = tokens.of_texts(input.pagination_token.as_deref(), &used)?;
        Ok(GetTagKeysOutput { tag_keys: Some(page.items), pagination_token: next(page.next_marker) }.into())
    }
}
