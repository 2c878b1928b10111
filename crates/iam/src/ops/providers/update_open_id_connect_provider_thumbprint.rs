//! `UpdateOpenIDConnectProviderThumbprint`: replaces the thumbprints of an OpenID Connect provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UpdateOpenIDConnectProviderThumbprintRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    providers,
};

/// The operation.
pub(crate) struct UpdateOpenIDConnectProviderThumbprint;

impl Operation for UpdateOpenIDConnectProviderThumbprint {
    type Service = Iam;
    type Input = UpdateOpenIDConnectProviderThumbprintRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing(
        "UpdateOpenIDConnectProviderThumbprint",
        "OpenIDConnectProviderArn={provider}&ThumbprintList.member.1=0123456789abcdef0123456789abcdef01234567",
    ).shows(&["openIDConnectProviderArn", "thumbprintList"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let provider = gate::provider(
            iam,
            cx,
            "iam:UpdateOpenIDConnectProviderThumbprint",
            &input.open_id_connect_provider_arn,
            &Asked::default(),
        )?;
        let change = provider.changed(|provider| {
            provider.thumbprints = providers::check_thumbprints(input.thumbprint_list)?;
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
