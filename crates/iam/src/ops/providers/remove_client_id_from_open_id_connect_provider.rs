//! `RemoveClientIDFromOpenIDConnectProvider`: takes an audience from an OpenID Connect provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::RemoveClientIDFromOpenIDConnectProviderRequest};

use crate::{
    Iam,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct RemoveClientIDFromOpenIDConnectProvider;

impl Operation for RemoveClientIDFromOpenIDConnectProvider {
    type Service = Iam;
    type Input = RemoveClientIDFromOpenIDConnectProviderRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing(
        "RemoveClientIDFromOpenIDConnectProvider",
        "OpenIDConnectProviderArn={provider}&ClientID=app",
    )
    .shows(&["openIDConnectProviderArn", "clientID"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let provider = gate::provider(
            iam,
            cx,
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            &input.open_id_connect_provider_arn,
            &Asked::default(),
        )?;
        let change = provider.changed(|provider| {
            provider.client_ids.retain(|id| *id != input.client_id);
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
