//! `GetServiceLastAccessedDetailsWithEntities`: which users and roles can call a service by the policies that a report is about,
//! and when each of them last did.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetailsWithEntities.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Page};
use model::{
    Timestamp,
    iam::{
        EntityDetails, EntityInfo, GetServiceLastAccessedDetailsWithEntitiesRequest,
        GetServiceLastAccessedDetailsWithEntitiesResponse, JobStatusType,
    },
};

use crate::{
    Iam,
    activity::SERVICES,
    entities::Entity,
    gate::{self, Asked},
    granting, pages,
};

/// The operation.
pub(crate) struct GetServiceLastAccessedDetailsWithEntities;

impl Operation for GetServiceLastAccessedDetailsWithEntities {
    type Service = Iam;
    type Input = GetServiceLastAccessedDetailsWithEntitiesRequest;
    type Output = GetServiceLastAccessedDetailsWithEntitiesResponse;
    const FACTS: Facts = Facts::reading(
        "GetServiceLastAccessedDetailsWithEntities",
        "JobId={access-report}&ServiceNamespace=kms",
    )
    .shows(&["jobId", "serviceNamespace", "maxItems", "marker"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let action = "iam:GetServiceLastAccessedDetailsWithEntities";
        let (tables, account) = gate::account(iam, cx, action, "*", &Asked::default())?;
        let report = super::report(&tables, cx, &input.job_id)?;
        let about = super::about(&account, &report);
        let service = SERVICES.iter().find(|service| service.namespace == input.service_namespace);
        let last = |entity: &Entity| tables.activities.last(&entity.id, service?, cx.now).map(|last| last.at);
        let entitled = about.as_ref().ok().filter(|about| {
            about.policies(&tables, &account).iter().any(|policy| policy.allows(&input.service_namespace))
        });
        let callers = entitled.map_or_else(Vec::new, |about| about.callers(&account));
        let mut callers: Vec<_> = callers.into_iter().map(|entity| (last(entity), entity)).collect();
        callers.sort_by_key(order);
        let asked = pages::Wish {
            name: "GetServiceLastAccessedDetailsWithEntities",
            of: &format!("{} {}", input.job_id, input.service_namespace),
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, callers, order)?;
        let Page { items, truncated, next_marker } = pages::shown(page, |(last, entity)| EntityDetails {
            entity_info: EntityInfo {
                arn: entity.arn(),
                name: entity.name.clone(),
                r#type: granting::owner(entity.kind),
                id: entity.id.clone(),
                path: Some(entity.path.clone()),
            },
            last_authenticated: last,
        });
        Ok(GetServiceLastAccessedDetailsWithEntitiesResponse {
            job_status: if about.is_ok() { JobStatusType::Completed } else { JobStatusType::Failed },
            job_creation_date: report.created,
            job_completion_date: report.created,
            entity_details_list: items,
            is_truncated: Some(truncated),
            marker: next_marker,
            error: about.err(),
        }
        .into())
    }
}

/// What callers are sorted by, and resumed after: the latest first, and those last who never called.
fn order((last, entity): &(Option<Timestamp>, &Entity)) -> String {
    let ago = last.map_or(i64::MAX, |at| i64::MAX - 1 - at.as_millis().max(0));
    format!("{ago:019} {}", entity.id)
}
