//! `GetTagValues`: the values that tags of a key have in the account and Region.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetTagValues.html>

use std::collections::BTreeSet;

use base16ct::lower::encode_string as hex;
use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::tagging::{GetTagValuesInput, GetTagValuesOutput};

use super::pages::{Tokens, next};
use crate::{Kms, gate, layout::Place};

/// The operation.
pub(super) struct GetTagValues;

impl Operation for GetTagValues {
    type Service = Kms;
    type Input = GetTagValuesInput;
    type Output = GetTagValuesOutput;
    const FACTS: Facts =
        Facts::reading("GetTagValues", r#"{"Key":"team"}"#).shows(&["paginationToken", "key"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        gate::permit(kms, cx, "tag:GetTagValues", "*", &())?;
        let of = hex(input.key.as_bytes());
        let shelf = kms.tables().shelf(&Place::of(cx));
        let keys = shelf.into_iter().flat_map(|shelf| shelf.keys.values());
        let used: BTreeSet<&String> = keys.filter_map(|key| key.tags.get(&input.key)).collect();
        let tokens = Tokens::new(kms, cx, "GetTagValues", &of);
        let page = tokens.of_texts(input.pagination_token.as_deref(), &used)?;
        Ok(GetTagValuesOutput { tag_values: Some(page.items), pagination_token: next(page.next_marker) }
            .into())
    }
}
