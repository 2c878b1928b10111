//! `CreatePolicyVersion`: gives a managed policy another version.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{CreatePolicyVersionRequest, CreatePolicyVersionResponse};

use crate::{
    Iam,
    faults::LIMIT_EXCEEDED,
    gate::{self, Asked},
    limits::POLICY_VERSIONS,
    managed::{ManagedPolicy, Version},
    shown, written,
};

/// The operation.
pub(crate) struct CreatePolicyVersion;

impl Operation for CreatePolicyVersion {
    type Service = Iam;
    type Input = CreatePolicyVersionRequest;
    type Output = CreatePolicyVersionResponse;
    const FACTS: Facts = Facts::changing(
        "CreatePolicyVersion",
        r#"PolicyArn={managed-policy}&PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}&SetAsDefault=true"#,
    ).shows(&["policyArn", "policyDocument", "setAsDefault"]).answers(&["policyVersion"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let policy =
            gate::own_policy(iam, cx, "iam:CreatePolicyVersion", &input.policy_arn, &Asked::default())?;
        if policy.found.versions.len() >= POLICY_VERSIONS {
            return Err(Fault::new(
                &LIMIT_EXCEEDED,
                format!(
                    "A managed policy can have up to {POLICY_VERSIONS} versions. Before you create a new version, you \
                     must delete an existing version."
                ),
            ));
        }
        let version =
            Version { created: cx.now, document: written::managed(iam, cx.region, &input.policy_document)? };
        let mut changed = ManagedPolicy::clone(&policy.found);
        let number = changed.next_version;
        changed.next_version += 1;
        changed.updated = cx.now;
        if input.set_as_default == Some(true) {
            changed.default_version = number;
        }
        let shown = shown::version(&changed, number, &version);
        changed.versions.insert(number, version);
        let change = policy.changed(|policy| {
            *policy = changed;
            Ok(())
        })?;
        Ok(gate::outcome(CreatePolicyVersionResponse { policy_version: Some(shown) }, change))
    }
}
