//! `DeleteOpenIDConnectProvider`: forgets an OpenID Connect provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteOpenIDConnectProviderRequest};

use crate::{Iam, gate::Asked, providers};

/// The operation.
pub(crate) struct DeleteOpenIDConnectProvider;

impl Operation for DeleteOpenIDConnectProvider {
    type Service = Iam;
    type Input = DeleteOpenIDConnectProviderRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "DeleteOpenIDConnectProvider",
        read_only: false,
        example: "OpenIDConnectProviderArn={provider}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DeleteOpenIDConnectProviderRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let provider = providers::permitted(
            iam,
            cx,
            "iam:DeleteOpenIDConnectProvider",
            &input.open_id_connect_provider_arn,
            &Asked::default(),
        )?;
        Ok(Outcome::changing(Nothing {}, provider.deleted()))
    }
}
