//! `GenerateCredentialReport`: asks for the report. It is made when it is fetched, so it is always complete.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{
    Nothing,
    iam::{GenerateCredentialReportResponse, ReportStateType},
};

use crate::{
    Iam,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct GenerateCredentialReport;

impl Operation for GenerateCredentialReport {
    type Service = Iam;
    type Input = Nothing;
    type Output = GenerateCredentialReportResponse;
    const FACTS: Facts = Facts::reading("GenerateCredentialReport", "").answers(&["state", "description"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, _: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        gate::account(iam, cx, "iam:GenerateCredentialReport", "*", &Asked::default())?;
        Ok(GenerateCredentialReportResponse { state: Some(ReportStateType::Complete), description: None }
            .into())
    }
}
