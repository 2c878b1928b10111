//! `GenerateServiceLastAccessedDetails`: asks for a report of the services that a user, a role, the members of a group, or
//! whomever a policy is attached to, called last.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{
    AccessAdvisorUsageGranularityType, GenerateServiceLastAccessedDetailsRequest,
    GenerateServiceLastAccessedDetailsResponse,
};
use state::{Kept, created};

use crate::{Iam, access_reports::AccessReport};

/// How many reports an account has. A further one takes the place of the oldest.
const REPORTS_MAX: usize = 100;

/// The operation.
pub(crate) struct GenerateServiceLastAccessedDetails;

impl Operation for GenerateServiceLastAccessedDetails {
    type Service = Iam;
    type Input = GenerateServiceLastAccessedDetailsRequest;
    type Output = GenerateServiceLastAccessedDetailsResponse;
    const FACTS: Facts =
        Facts::changing("GenerateServiceLastAccessedDetails", "Arn={user-arn}&Granularity=ACTION_LEVEL")
            .shows(&["arn", "granularity"])
            .answers(&["jobId"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        super::entitled(iam, cx, "iam:GenerateServiceLastAccessedDetails", &input.arn)?;
        let actions = input.granularity == Some(AccessAdvisorUsageGranularityType::ActionLevel);
        let report = AccessReport::asked(cx, input.arn, actions)?;
        let mut earlier: Vec<_> = iam.tables().reports(cx.account()).collect();
        earlier.sort_by_key(|report| report.created);
        let too_many = (earlier.len() + 1).saturating_sub(REPORTS_MAX);
        let oldest = earlier.iter().take(too_many);
        let batch = oldest.fold(created(&report), |batch, report| batch.delete(report.key()));
        let output = GenerateServiceLastAccessedDetailsResponse { job_id: Some(report.id) };
        Ok(Outcome::changing(output, batch))
    }
}
