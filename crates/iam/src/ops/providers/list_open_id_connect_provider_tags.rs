//! `ListOpenIDConnectProviderTags`: the tags of an OpenID Connect provider.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviderTags.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListOpenIDConnectProviderTagsRequest, ListOpenIDConnectProviderTagsResponse};

use crate::{Iam, gate::Asked, pages, providers, tags};

/// The operation.
pub(crate) struct ListOpenIDConnectProviderTags;

impl Operation for ListOpenIDConnectProviderTags {
    type Service = Iam;
    type Input = ListOpenIDConnectProviderTagsRequest;
    type Output = ListOpenIDConnectProviderTagsResponse;
    const FACTS: Facts = Facts {
        name: "ListOpenIDConnectProviderTags",
        read_only: true,
        example: "OpenIDConnectProviderArn={provider}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListOpenIDConnectProviderTagsRequest,
    ) -> Result<Outcome<ListOpenIDConnectProviderTagsResponse>, Fault> {
        let provider = providers::permitted(
            iam,
            cx,
            "iam:ListOpenIDConnectProviderTags",
            &input.open_id_connect_provider_arn,
            &Asked::default(),
        )?;
        let asked = pages::Asked {
            name: "ListOpenIDConnectProviderTags",
            of: &provider.found.url,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, tags::list(&provider.found.tags), |tag| tag.key.clone())?;
        Ok(ListOpenIDConnectProviderTagsResponse {
            tags: page.items,
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
