//! `GetServiceLastAccessedDetails`: the services that somebody's policies let it call, and when it last did.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html>
//!
//! Single actions are not tracked: an answer about them says as much as one about services.

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Page};
use model::{
    Timestamp,
    iam::{
        AccessAdvisorUsageGranularityType, GetServiceLastAccessedDetailsRequest,
        GetServiceLastAccessedDetailsResponse, JobStatusType, ServiceLastAccessed,
    },
};

use crate::{
    Iam,
    activity::{CalledService, SERVICES},
    entities::Entity,
    gate::{self, Asked},
    pages,
    tables::Tables,
};

/// The operation.
pub(crate) struct GetServiceLastAccessedDetails;

impl Operation for GetServiceLastAccessedDetails {
    type Service = Iam;
    type Input = GetServiceLastAccessedDetailsRequest;
    type Output = GetServiceLastAccessedDetailsResponse;
    const FACTS: Facts = Facts::reading("GetServiceLastAccessedDetails", "JobId={access-report}")
        .shows(&["jobId", "maxItems", "marker"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let action = "iam:GetServiceLastAccessedDetails";
        let (tables, account) = gate::account(iam, cx, action, "*", &Asked::default())?;
        let report = super::report(&tables, cx, &input.job_id)?;
        let about = super::about(&account, &report);
        let asked = pages::Wish {
            name: "GetServiceLastAccessedDetails",
            of: &input.job_id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let entitled = about.as_ref().ok();
        let policies = entitled.map_or_else(Vec::new, |about| about.policies(&tables, &account));
        let callers = entitled.map_or_else(Vec::new, |about| about.callers(&account));
        let reachable =
            |service: &&CalledService| policies.iter().any(|policy| policy.allows(service.namespace));
        let page = pages::page_of(iam, cx, &asked, SERVICES.iter().filter(reachable), |service| {
            service.namespace.to_owned()
        })?;
        let Page { items, truncated, next_marker } =
            pages::shown(page, |service| last_accessed(&tables, service, &callers, cx.now));
        let granularity = if report.actions {
            AccessAdvisorUsageGranularityType::ActionLevel
        } else {
            AccessAdvisorUsageGranularityType::ServiceLevel
        };
        Ok(GetServiceLastAccessedDetailsResponse {
            job_status: if about.is_ok() { JobStatusType::Completed } else { JobStatusType::Failed },
            job_type: Some(granularity),
            job_creation_date: report.created,
            services_last_accessed: items,
            job_completion_date: report.created,
            is_truncated: Some(truncated),
            marker: next_marker,
            error: about.err(),
        }
        .into())
    }
}

/// When one of these callers last called a service.
fn last_accessed(
    tables: &Tables,
    service: &CalledService,
    callers: &[&Entity],
    now: Timestamp,
) -> ServiceLastAccessed {
    let calls = callers.iter().filter_map(|entity| {
        let last = tables.activities.last(&entity.id, service, now)?;
        Some((last.at, last.region, entity.arn()))
    });
    let calls: Vec<_> = calls.collect();
    let total_authenticated_entities = i32::try_from(calls.len()).ok();
    let last = calls.into_iter().max();
    ServiceLastAccessed {
        service_name: service.title.to_owned(),
        service_namespace: service.namespace.to_owned(),
        last_authenticated: last.as_ref().map(|(at, ..)| *at),
        last_authenticated_region: last.as_ref().map(|(_, region, _)| region.clone()),
        last_authenticated_entity: last.map(|(.., arn)| arn),
        total_authenticated_entities,
        tracked_actions_last_accessed: None,
    }
}
