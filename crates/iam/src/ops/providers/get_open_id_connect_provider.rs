//! `GetOpenIDConnectProvider`: an OpenID Connect provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetOpenIDConnectProviderRequest, GetOpenIDConnectProviderResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    tags,
};

/// The operation.
pub(crate) struct GetOpenIDConnectProvider;

impl Operation for GetOpenIDConnectProvider {
    type Service = Iam;
    type Input = GetOpenIDConnectProviderRequest;
    type Output = GetOpenIDConnectProviderResponse;
    const FACTS: Facts = Facts::reading("GetOpenIDConnectProvider", "OpenIDConnectProviderArn={provider}")
        .shows(&["openIDConnectProviderArn"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let provider = gate::provider(
            iam,
            cx,
            "iam:GetOpenIDConnectProvider",
            &input.open_id_connect_provider_arn,
            &Asked::default(),
        )?;
        let provider = &provider.found;
        Ok(GetOpenIDConnectProviderResponse {
            url: Some(provider.url.clone()),
            client_id_list: Some(provider.client_ids.clone()),
            thumbprint_list: Some(provider.thumbprints.clone()),
            create_date: Some(provider.created),
            tags: Some(tags::list(&provider.tags)),
        }
        .into())
    }
}
