//! `GetCallerIdentity`: who the caller is. Needs no permission.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};

use crate::Sts;

/// The operation.
pub(super) struct GetCallerIdentity;

impl Operation for GetCallerIdentity {
    type Service = Sts;
    type Input = GetCallerIdentityRequest;
    type Output = GetCallerIdentityResponse;
    const FACTS: Facts = Facts::reading("GetCallerIdentity", "");

    async fn run(_: &Sts, cx: &mut Cx<'_>, _: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        cx.notes.needs_no_permission();
        Ok(GetCallerIdentityResponse {
            user_id: Some(cx.caller.unique_id.clone()),
            account: Some(cx.account().to_string()),
            arn: Some(cx.caller.arn.clone()),
        }
        .into())
    }
}
