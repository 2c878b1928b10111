//! `GetSessionToken`: temporary credentials of the caller itself. Needs no permission.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::sts::{GetSessionTokenRequest, GetSessionTokenResponse};

use crate::{
    Sts,
    sessions::{Bearer, Claims, mint},
    sts::{
        faults,
        gate::{self, Asked},
        passed::SessionTags,
        shown,
    },
};

/// The operation.
pub(super) struct GetSessionToken;

impl Operation for GetSessionToken {
    type Service = Sts;
    type Input = GetSessionTokenRequest;
    type Output = GetSessionTokenResponse;
    const FACTS: Facts = Facts::reading("GetSessionToken", "DurationSeconds=900")
        .shows(&["durationSeconds", "serialNumber", "minimumSessionTokenSize"])
        .answers(&["credentials.accessKeyId", "credentials.expiration"]);

    async fn run(sts: &Sts, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let tags = SessionTags::default();
        let asked =
            Asked { session_name: None, external_id: None, source_identity: None, tags: &tags, claims: None };
        gate::unless_denied(cx, "sts:GetSessionToken", &asked)?;
        let bearer = match gate::long_term(cx, "GetSessionToken")? {
            Some(id) => Bearer::User { id },
            None => Bearer::Root,
        };
        if input.serial_number.is_some() || input.token_code.is_some() {
            return Err(faults::no_second_factor());
        }
        let seconds = gate::own_seconds(&bearer, input.duration_seconds)?;
        let claims = Claims::new(cx.account(), bearer, cx.now, seconds);
        let credentials = shown::credentials(mint(&sts.tables().strongroom, cx, &claims)?);
        Ok(GetSessionTokenResponse { credentials: Some(credentials), ..Default::default() }.into())
    }
}
