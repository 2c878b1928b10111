//! `CreateOpenIDConnectProvider`: makes an OpenID Connect provider known to the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{CreateOpenIDConnectProviderRequest, CreateOpenIDConnectProviderResponse};
use state::created;
use store::Revision;

use crate::{
    Iam,
    faults::ENTITY_ALREADY_EXISTS,
    gate::{self, Asked},
    providers::{self, Provider},
    tags,
};

/// The operation.
pub(crate) struct CreateOpenIDConnectProvider;

impl Operation for CreateOpenIDConnectProvider {
    type Service = Iam;
    type Input = CreateOpenIDConnectProviderRequest;
    type Output = CreateOpenIDConnectProviderResponse;
    const FACTS: Facts = Facts::changing(
        "CreateOpenIDConnectProvider",
        "Url=https%3A%2F%2Fnew.example.com%2Fa&ClientIDList.member.1=app&ThumbprintList.member.1=0123456789abcdef0123456789abcdef01234567&Tags.member.1.Key=team&Tags.member.1.Value=pay",
    ).shows(&["url", "clientIDList", "thumbprintList", "tags"]).answers(&["openIDConnectProviderArn", "tags"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let url = providers::check_url(&input.url)?;
        let client_ids = providers::check_client_ids(input.client_id_list.unwrap_or_default())?;
        let thumbprints = providers::check_thumbprints(input.thumbprint_list.unwrap_or_default())?;
        let tags = tags::parse(input.tags.as_deref())?;
        let asked = Asked { tags: Some(&tags), ..Asked::default() };
        let arn = providers::arn(cx.partition(), cx.account(), url);
        let (_, account) = gate::account(iam, cx, "iam:CreateOpenIDConnectProvider", &arn, &asked)?;
        if !tags.is_empty() {
            gate::account(iam, cx, "iam:TagOpenIDConnectProvider", &arn, &asked)?;
        }
        if account.providers.contains_key(url) {
            return Err(Fault::new(
                &ENTITY_ALREADY_EXISTS,
                format!("Provider with url https://{url} already exists."),
            ));
        }
        let provider = Provider {
            partition: cx.partition(),
            account: cx.account(),
            url: url.to_owned(),
            created: cx.now,
            client_ids,
            thumbprints,
            tags,
            revision: Revision(0),
        };
        let output = CreateOpenIDConnectProviderResponse {
            open_id_connect_provider_arn: Some(arn),
            tags: tags::shown(&provider.tags),
        };
        Ok(Outcome::changing(output, created(&provider)))
    }
}
