//! `ListAccessKeys`: the access keys of a user, without their secrets.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{AccessKeyMetadata, ListAccessKeysRequest, ListAccessKeysResponse, StatusType};

use crate::{Iam, access_keys, pages};

/// The operation.
pub(crate) struct ListAccessKeys;

impl Operation for ListAccessKeys {
    type Service = Iam;
    type Input = ListAccessKeysRequest;
    type Output = ListAccessKeysResponse;
    const FACTS: Facts = Facts { name: "ListAccessKeys", read_only: true, example: "UserName={user}" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let holder = access_keys::holder(iam, cx, "iam:ListAccessKeys", input.user_name.as_deref())?;
        let name = holder.name().unwrap_or_default();
        let asked = pages::Asked {
            name: "ListAccessKeys",
            of: name,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, holder.keys(), |key| key.id.clone())?;
        let keys = page.items.into_iter().map(|key| AccessKeyMetadata {
            user_name: holder.name().map(Into::into),
            access_key_id: Some(key.id.clone()),
            status: Some(if key.active { StatusType::Active } else { StatusType::Inactive }),
            create_date: Some(key.created),
        });
        Ok(ListAccessKeysResponse {
            access_key_metadata: keys.collect(),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
