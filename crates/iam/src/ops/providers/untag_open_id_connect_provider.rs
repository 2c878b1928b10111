//! `UntagOpenIDConnectProvider`: takes tags off an OpenID Connect provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagOpenIDConnectProvider.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UntagOpenIDConnectProviderRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    providers, tags,
};

/// The operation.
pub(crate) struct UntagOpenIDConnectProvider;

impl Operation for UntagOpenIDConnectProvider {
    type Service = Iam;
    type Input = UntagOpenIDConnectProviderRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "UntagOpenIDConnectProvider",
        read_only: false,
        example: "OpenIDConnectProviderArn={provider}&TagKeys.member.1=team",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: UntagOpenIDConnectProviderRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let provider = providers::permitted(
            iam,
            cx,
            "iam:UntagOpenIDConnectProvider",
            &input.open_id_connect_provider_arn,
            &Asked { tag_keys: Some(&input.tag_keys), ..Asked::default() },
        )?;
        let change = provider.changed(|provider| {
            tags::remove_all(&mut provider.tags, &input.tag_keys);
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
