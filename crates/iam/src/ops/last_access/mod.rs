//! When somebody last called which service.

pub(crate) mod generate_service_last_accessed_details;
pub(crate) mod get_service_last_accessed_details;
pub(crate) mod get_service_last_accessed_details_with_entities;
pub(crate) mod list_policies_granting_service_access;

use std::sync::Arc;

use dispatch::{Cx, Fault};
use model::iam::ErrorDetails;

use crate::{
    Iam,
    access_reports::AccessReport,
    faults,
    gate::{self, Asked},
    granting::Entitled,
    tables::{Account, Tables},
};

/// Whom or what a request names by its ARN, for an action on it.
fn entitled(iam: &Iam, cx: &mut Cx<'_>, action: &'static str, arn: &str) -> Result<Entitled, Fault> {
    gate::check_own(cx, action, arn)?;
    let (_, account) = gate::here(iam, cx)?;
    let found = Entitled::find(&account, arn);
    let (tags, entity) = (found.as_ref().and_then(Entitled::tags), found.as_ref().and_then(Entitled::entity));
    gate::permit(cx, action, arn, &Asked::default(), tags, entity)?;
    found.ok_or_else(|| faults::no_such(not_found(arn)))
}

/// The report with this id.
///
/// # Errors
/// `NoSuchEntity` unless the caller asked for it.
fn report(tables: &Tables, cx: &Cx<'_>, id: &str) -> Result<Arc<AccessReport>, Fault> {
    let found = tables.reports(cx.account()).find(|report| report.id == id && report.is_for(cx));
    found.cloned().ok_or_else(|| faults::no_such(format!("Job {id} cannot be found.")))
}

/// What a report is about, if it is still there; else what the report's answer says about that.
fn about(account: &Account, report: &AccessReport) -> Result<Entitled, ErrorDetails> {
    Entitled::find(account, &report.about)
        .ok_or_else(|| ErrorDetails { message: not_found(&report.about), code: "NoSuchEntity".to_owned() })
}

fn not_found(arn: &str) -> String {
    format!("{arn} cannot be found.")
}
