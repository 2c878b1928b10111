//! `AddClientIDToOpenIDConnectProvider`: adds an audience to an OpenID Connect provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::AddClientIDToOpenIDConnectProviderRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    providers,
};

/// The operation.
pub(crate) struct AddClientIDToOpenIDConnectProvider;

impl Operation for AddClientIDToOpenIDConnectProvider {
    type Service = Iam;
    type Input = AddClientIDToOpenIDConnectProviderRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing(
        "AddClientIDToOpenIDConnectProvider",
        "OpenIDConnectProviderArn={provider}&ClientID=other",
    )
    .shows(&["openIDConnectProviderArn", "clientID"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let provider = gate::provider(
            iam,
            cx,
            "iam:AddClientIDToOpenIDConnectProvider",
            &input.open_id_connect_provider_arn,
            &Asked::default(),
        )?;
        let change = provider.changed(|provider| {
            if !provider.client_ids.contains(&input.client_id) {
                let added = provider.client_ids.iter().cloned().chain([input.client_id]).collect();
                provider.client_ids = providers::check_client_ids(added)?;
            }
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
