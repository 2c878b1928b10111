//! `TagOpenIDConnectProvider`: adds tags to an OpenID Connect provider, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::TagOpenIDConnectProviderRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    providers, tags,
};

/// The operation.
pub(crate) struct TagOpenIDConnectProvider;

impl Operation for TagOpenIDConnectProvider {
    type Service = Iam;
    type Input = TagOpenIDConnectProviderRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "TagOpenIDConnectProvider",
        read_only: false,
        example: "OpenIDConnectProviderArn={provider}&Tags.member.1.Key=team&Tags.member.1.Value=pay",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: TagOpenIDConnectProviderRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let new = tags::parse(Some(&input.tags))?;
        let provider = providers::permitted(
            iam,
            cx,
            "iam:TagOpenIDConnectProvider",
            &input.open_id_connect_provider_arn,
            &Asked { tags: Some(&new), ..Asked::default() },
        )?;
        let change = provider.changed(|provider| tags::merge(&mut provider.tags, &new))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
