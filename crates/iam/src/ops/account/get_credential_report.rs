//! `GetCredentialReport`: the users of the account with their access keys.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{
    Nothing,
    iam::{GetCredentialReportResponse, ReportFormatType},
};

use crate::{
    Iam,
    gate::{self, Asked},
    report,
    tables::inconsistent,
};

/// The operation.
pub(crate) struct GetCredentialReport;

impl Operation for GetCredentialReport {
    type Service = Iam;
    type Input = Nothing;
    type Output = GetCredentialReportResponse;
    const FACTS: Facts = Facts::reading("GetCredentialReport", "");

    async fn run(iam: &Iam, cx: &mut Cx<'_>, _: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (tables, account) = gate::account(iam, cx, "iam:GetCredentialReport", "*", &Asked::default())?;
        let known = account.known.as_ref().ok_or_else(|| inconsistent("the account"))?;
        Ok(GetCredentialReportResponse {
            content: Some(report::of(&tables, &account, known).into_bytes().into()),
            report_format: Some(ReportFormatType::TextCsv),
            generated_time: Some(cx.now),
        }
        .into())
    }
}
