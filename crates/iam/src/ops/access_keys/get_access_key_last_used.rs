//! `GetAccessKeyLastUsed`: when an access key was last used, and for what.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{AccessKeyLastUsed, GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse};

use crate::{
    Iam, access_keys,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct GetAccessKeyLastUsed;

impl Operation for GetAccessKeyLastUsed {
    type Service = Iam;
    type Input = GetAccessKeyLastUsedRequest;
    type Output = GetAccessKeyLastUsedResponse;
    const FACTS: Facts =
        Facts::reading("GetAccessKeyLastUsed", "AccessKeyId={access-key}").shows(&["accessKeyId"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (tables, _) = gate::here(iam, cx)?;
        let key = tables.access_key(&input.access_key_id).filter(|key| key.account == cx.account());
        let user = key.and_then(|key| key.user_id()).and_then(|id| tables.user(id));
        let arn = user.map_or_else(|| "*".to_owned(), |(_, user)| user.entity.arn());
        let tags = user.map(|(_, user)| &user.entity.tags);
        gate::permit(cx, "iam:GetAccessKeyLastUsed", &arn, &Asked::default(), tags, None)?;
        let key = key.ok_or_else(|| access_keys::unknown(&input.access_key_id))?;
        let latest = key.used.latest();
        let not_known = || "N/A".to_owned();
        Ok(GetAccessKeyLastUsedResponse {
            user_name: user.map(|(_, user)| user.entity.name.clone()),
            access_key_last_used: Some(AccessKeyLastUsed {
                last_used_date: latest.as_ref().map(|used| used.at),
                service_name: latest.as_ref().map_or_else(not_known, |used| used.service.clone()),
                region: latest.as_ref().map_or_else(not_known, |used| used.region.clone()),
            }),
        }
        .into())
    }
}
