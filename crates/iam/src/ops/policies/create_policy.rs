//! `CreatePolicy`: makes a managed policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>

use std::collections::BTreeMap;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{CreatePolicyRequest, CreatePolicyResponse};
use state::created;
use store::Revision;

use crate::{
    Iam,
    faults::ENTITY_ALREADY_EXISTS,
    gate::{self, Asked},
    ids::{self, Prefix},
    managed::{self, ManagedPolicy, Version},
    shown, tags, written,
};

/// The operation.
pub(crate) struct CreatePolicy;

impl Operation for CreatePolicy {
    type Service = Iam;
    type Input = CreatePolicyRequest;
    type Output = CreatePolicyResponse;
    const FACTS: Facts = Facts::changing(
        "CreatePolicy",
        r#"PolicyName=new&PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}&Path=%2Fstaff%2F&Description=made&Tags.member.1.Key=team&Tags.member.1.Value=pay"#,
    ).shows(&["policyName", "path", "policyDocument", "description", "tags"]).answers(&["policy"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let path = ids::path(input.path)?;
        let tags = tags::parse(input.tags.as_deref())?;
        let asked = Asked { tags: Some(&tags), ..Asked::default() };
        let arn = managed::arn(cx.partition(), cx.account(), &path, &input.policy_name);
        let (_, account) = gate::account(iam, cx, "iam:CreatePolicy", &arn, &asked)?;
        if !tags.is_empty() {
            gate::account(iam, cx, "iam:TagPolicy", &arn, &asked)?;
        }
        if account.has_policy_named(&input.policy_name) {
            return Err(Fault::new(
                &ENTITY_ALREADY_EXISTS,
                format!(
                    "A policy called {} already exists. Duplicate names are not allowed.",
                    input.policy_name
                ),
            ));
        }
        let version =
            Version { created: cx.now, document: written::managed(iam, cx.region, &input.policy_document)? };
        let policy = ManagedPolicy {
            account: Some(cx.account()),
            name: input.policy_name,
            path,
            id: ids::generate(cx, Prefix::Policy)?,
            arn,
            created: cx.now,
            updated: cx.now,
            description: input.description,
            tags,
            versions: BTreeMap::from([(1, version)]),
            default_version: 1,
            next_version: 2,
            revision: Revision(0),
        };
        let shown =
            model::iam::Policy { tags: tags::shown(&policy.tags), ..shown::listed_policy(&account, &policy) };
        Ok(Outcome::changing(CreatePolicyResponse { policy: Some(shown) }, created(&policy)))
    }
}
