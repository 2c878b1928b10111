//! `GetAccessKeyInfo`: the account that an access key belongs to.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::sts::{GetAccessKeyInfoRequest, GetAccessKeyInfoResponse};

use crate::{
    Sts,
    sessions::account_of,
    sts::{
        faults,
        gate::{self, Asked},
        passed::SessionTags,
    },
};

/// The operation.
pub(super) struct GetAccessKeyInfo;

impl Operation for GetAccessKeyInfo {
    type Service = Sts;
    type Input = GetAccessKeyInfoRequest;
    type Output = GetAccessKeyInfoResponse;
    // An id in the form of a temporary one, which nobody needs to have.
    const FACTS: Facts =
        Facts::reading("GetAccessKeyInfo", "AccessKeyId=ASIADHPWNEHFEXAMPLE2").shows(&["accessKeyId"]);

    async fn run(sts: &Sts, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let tags = SessionTags::default();
        let asked =
            Asked { session_name: None, external_id: None, source_identity: None, tags: &tags, claims: None };
        gate::permit(cx, "sts:GetAccessKeyInfo", "*", &asked)?;
        let tables = sts.tables();
        let account = match tables.access_key(&input.access_key_id) {
            Some(key) => Some(key.account),
            None => account_of(&input.access_key_id).filter(|account| tables.account(*account).is_some()),
        };
        let account = account.ok_or_else(|| faults::validation("The access key id is not known."))?;
        Ok(GetAccessKeyInfoResponse { account: Some(account.to_string()) }.into())
    }
}
