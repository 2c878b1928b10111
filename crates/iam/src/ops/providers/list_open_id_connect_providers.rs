//! `ListOpenIDConnectProviders`: the OpenID Connect providers of the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html>

use std::sync::Arc;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{
    ListOpenIDConnectProvidersRequest, ListOpenIDConnectProvidersResponse, OpenIDConnectProviderListEntry,
};

use crate::{
    Iam,
    gate::{self, Asked},
    providers::Provider,
};

/// The operation.
pub(crate) struct ListOpenIDConnectProviders;

impl Operation for ListOpenIDConnectProviders {
    type Service = Iam;
    type Input = ListOpenIDConnectProvidersRequest;
    type Output = ListOpenIDConnectProvidersResponse;
    const FACTS: Facts = Facts::reading("ListOpenIDConnectProviders", "");

    async fn run(iam: &Iam, cx: &mut Cx<'_>, _: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (_, account) = gate::account(iam, cx, "iam:ListOpenIDConnectProviders", "*", &Asked::default())?;
        let entry = |provider: &Arc<Provider>| OpenIDConnectProviderListEntry { arn: Some(provider.arn()) };
        Ok(ListOpenIDConnectProvidersResponse {
            open_id_connect_provider_list: Some(account.providers.values().map(entry).collect()),
        }
        .into())
    }
}
