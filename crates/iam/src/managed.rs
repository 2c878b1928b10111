//! Managed policies: an account's own, with their versions, and those of AWS.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use dispatch::Fault;
use model::{
    Timestamp,
    arn::{AccountId, Partition},
};
use policy::{Policy, PolicyKind};
use state::{Kept, encode};
use store::{Key, Revision};

use crate::{
    documents::SharedPolicies,
    entities::{Tags, fold, read_tags, write_tags},
    faults,
    layout::{self, Kind},
    records::{PolicyRecord, VersionRecord},
};

/// A managed policy.
#[derive(Debug, Clone)]
pub(crate) struct ManagedPolicy {
    /// Whose it is; none for a policy of AWS.
    pub(crate) account: Option<AccountId>,
    /// As it was given; unique without regard to case.
    pub(crate) name: String,
    /// From `/` to `/`.
    pub(crate) path: String,
    /// The unique id.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) created: Timestamp,
    /// When a version was last made or chosen.
    pub(crate) updated: Timestamp,
    pub(crate) description: Option<String>,
    pub(crate) tags: Tags,
    /// Versions by their numbers.
    pub(crate) versions: BTreeMap<u32, Version>,
    /// The number of the version that holds.
    pub(crate) default_version: u32,
    /// The number that the next version gets.
    pub(crate) next_version: u32,
    /// Where the record was last changed.
    pub(crate) revision: Revision,
}

/// A version of a managed policy.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) created: Timestamp,
    pub(crate) document: Arc<Policy>,
}

impl ManagedPolicy {
    /// What it says: its default version. `None` when there is none, which only a damaged store has.
    pub(crate) fn current(&self) -> Option<&Arc<Policy>> {
        self.versions.get(&self.default_version).map(|version| &version.document)
    }

    /// From its stored form.
    pub(crate) fn decode(
        (partition, account): (Partition, AccountId),
        bytes: &[u8],
        revision: Revision,
        shared: &SharedPolicies,
    ) -> Option<Self> {
        let record: PolicyRecord<'_> = minicbor::decode(bytes).ok()?;
        let versions = record.versions.into_iter().map(|version| {
            let document = shared.document(&version.text, PolicyKind::IdentityPolicy).ok()?;
            Some((version.number, Version { created: Timestamp::from_millis(version.created), document }))
        });
        Some(Self {
            account: Some(account),
            arn: arn(partition, account, &record.path, &record.name),
            name: record.name.into_owned(),
            path: record.path.into_owned(),
            id: record.id.into_owned(),
            created: Timestamp::from_millis(record.created),
            updated: Timestamp::from_millis(record.updated),
            description: record.description.map(Cow::into_owned),
            tags: read_tags(record.tags),
            versions: versions.collect::<Option<_>>()?,
            default_version: record.default_version,
            next_version: record.next_version,
            revision,
        })
    }

    /// Whether it is one of AWS's.
    pub(crate) fn is_aws(&self) -> bool {
        self.account.is_none()
    }
}

impl Kept for ManagedPolicy {
    /// Empty for a policy of AWS, which is kept nowhere: a store takes no empty keys.
    fn key(&self) -> Key {
        self.account.map_or_else(Key::new, |account| layout::key(account, Kind::Policy, &fold(&self.name)))
    }

    fn encode(&self) -> Bytes {
        encode(&PolicyRecord {
            created: self.created.as_millis(),
            name: self.name.as_str().into(),
            path: self.path.as_str().into(),
            id: self.id.as_str().into(),
            description: self.description.as_deref().map(Into::into),
            tags: write_tags(&self.tags),
            versions: self
                .versions
                .iter()
                .map(|(number, version)| VersionRecord {
                    number: *number,
                    created: version.created.as_millis(),
                    text: version.document.text().into(),
                })
                .collect(),
            default_version: self.default_version,
            next_version: self.next_version,
            updated: self.updated.as_millis(),
        })
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}

/// The ARN of a policy; `owner` is an account or `aws`.
pub(crate) fn arn(partition: Partition, owner: impl Display, path: &str, name: &str) -> String {
    partition.iam_arn(owner, format_args!("policy{path}{name}"))
}

/// Whether the ARN of a policy stands under a path.
pub(crate) fn is_under(arn: Option<&str>, prefix: &str) -> bool {
    let path = arn.and_then(|arn| arn.split_once(":policy")).map(|(_, path)| path);
    path.is_some_and(|path| path.starts_with(prefix))
}

/// The version of a policy with an id such as `v2`.
pub(crate) fn version<'a>(policy: &'a ManagedPolicy, id: &str) -> Result<(u32, &'a Version), Fault> {
    let number = id.strip_prefix('v').and_then(|number| number.parse().ok());
    let found = number.and_then(|number| Some((number, policy.versions.get(&number)?)));
    found.ok_or_else(|| {
        faults::no_such(format!("Policy {} version {id} does not exist or is not attachable.", policy.arn))
    })
}

/// The policies of AWS that are offered in a partition, in the order of their names.
pub(crate) fn of_aws(partition: Partition) -> &'static [Arc<ManagedPolicy>] {
    OF_AWS.get(&partition).map_or(&[], Vec::as_slice)
}

static OF_AWS: LazyLock<BTreeMap<Partition, Vec<Arc<ManagedPolicy>>>> = LazyLock::new(|| {
    let offered = |partition| TEXTS.iter().filter_map(move |text| of_text(partition, text)).map(Arc::new);
    Partition::ALL.into_iter().map(|partition| (partition, offered(partition).collect())).collect()
});

struct Text {
    name: &'static str,
    path: &'static str,
    id: &'static str,
    created: &'static str,
    description: &'static str,
    text: &'static str,
}

fn of_text(partition: Partition, of: &Text) -> Option<ManagedPolicy> {
    let created = Timestamp::parse_iso8601(of.created)?;
    let document = Arc::new(Policy::parse(of.text, PolicyKind::IdentityPolicy).ok()?);
    Some(ManagedPolicy {
        account: None,
        name: of.name.to_owned(),
        path: of.path.to_owned(),
        id: of.id.to_owned(),
        arn: arn(partition, "aws", of.path, of.name),
        created,
        updated: created,
        description: Some(of.description.to_owned()),
        tags: Tags::new(),
        versions: BTreeMap::from([(1, Version { created, document })]),
        default_version: 1,
        next_version: 2,
        revision: Revision(0),
    })
}

/// As far as they concern the services offered here; those of other services, such as S3, whole, for gateways that ask a
/// simulation. Ids are AWS's, but for that of `ServiceQuotasReadOnlyAccess`, which is not known. <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/>
const TEXTS: [Text; 13] = [
    Text {
        name: "AWSDenyAll",
        path: "/",
        id: "ANPAZKAPJZG4P43IUQ5E5",
        created: "2019-05-01T22:36:14Z",
        description: "Deny all access.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}]}"#,
    },
    Text {
        name: "AWSKeyManagementServicePowerUser",
        path: "/",
        id: "ANPAJNPP7PPPPMJRV2SA4",
        created: "2015-02-06T18:40:40Z",
        description: "Provides access to AWS Key Management Service (KMS).",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:CreateAlias","kms:CreateKey","kms:DeleteAlias","kms:Describe*","kms:GenerateRandom","kms:Get*","kms:List*","kms:TagResource","kms:UntagResource","iam:ListGroups","iam:ListRoles","iam:ListUsers"],"Resource":"*"}]}"#,
    },
    Text {
        name: "AWSSupportAccess",
        path: "/",
        id: "ANPAJSNKQX2OW67GF4S7E",
        created: "2015-02-06T18:41:11Z",
        description: "Allows users to access the AWS Support Center.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["support:*"],"Resource":"*"}]}"#,
    },
    Text {
        name: "AdministratorAccess",
        path: "/",
        id: "ANPAIWMBCKSKIEE64ZLYK",
        created: "2015-02-06T18:39:46Z",
        description: "Provides full access to AWS services and resources.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    },
    Text {
        name: "AmazonS3FullAccess",
        path: "/",
        id: "ANPAIFIR6V6BVTRAHWINE",
        created: "2015-02-06T18:40:58Z",
        description: "Provides full access to all buckets via the AWS Management Console.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}"#,
    },
    Text {
        name: "AmazonS3ReadOnlyAccess",
        path: "/",
        id: "ANPAIZTJ4DXE7G6AGAE6M",
        created: "2015-02-06T18:40:59Z",
        description: "Provides read only access to all buckets via the AWS Management Console.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}"#,
    },
    Text {
        name: "IAMFullAccess",
        path: "/",
        id: "ANPAI7XKCFMBPM3QQRRVQ",
        created: "2015-02-06T18:40:38Z",
        description: "Provides full access to IAM via the AWS Management Console.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*"],"Resource":"*"}]}"#,
    },
    Text {
        name: "IAMReadOnlyAccess",
        path: "/",
        id: "ANPAJKSO7NDY4T57MWDSQ",
        created: "2015-02-06T18:40:39Z",
        description: "Provides read only access to IAM via the AWS Management Console.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}"#,
    },
    Text {
        name: "PowerUserAccess",
        path: "/",
        id: "ANPAJYRXTHIB4FOVS3ZXS",
        created: "2015-02-06T18:39:47Z",
        description: "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles"],"Resource":"*"}]}"#,
    },
    Text {
        name: "ReadOnlyAccess",
        path: "/",
        id: "ANPAILL3HVNFSB6DCOWYQ",
        created: "2015-02-06T18:39:48Z",
        description: "Provides read-only access to AWS services and resources.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Generate*","iam:Get*","iam:List*","iam:Simulate*","kms:Describe*","kms:Get*","kms:List*","sts:GetAccessKeyInfo","sts:GetCallerIdentity","sts:GetSessionToken"],"Resource":"*"}]}"#,
    },
    Text {
        name: "SecurityAudit",
        path: "/",
        id: "ANPAIX2T3QCXHR2OGGCTO",
        created: "2015-02-06T18:41:01Z",
        description: "The security audit template grants access to read security configuration metadata. It is useful for software that audits the configuration of an AWS account.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Sid":"BaseSecurityAuditStatement","Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy","kms:Describe*","kms:Get*","kms:List*","sts:GetAccessKeyInfo","tag:GetResources","tag:GetTagKeys"],"Resource":"*"}]}"#,
    },
    Text {
        name: "ServiceQuotasReadOnlyAccess",
        path: "/",
        id: "ANPAQUOTASREADONLYAAA",
        created: "2019-06-24T15:31:06Z",
        description: "Provides read only access to Service Quotas.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetAccountSummary","tag:GetTagKeys","tag:GetTagValues"],"Resource":"*"}]}"#,
    },
    Text {
        name: "ViewOnlyAccess",
        path: "/job-function/",
        id: "ANPAID22R6XPJATWOFDK6",
        created: "2016-11-10T17:20:15Z",
        description: "This policy grants permissions to view resources and basic metadata across all AWS services.",
        text: r#"{"Version":"2012-10-17","Statement":[{"Sid":"GeneralViewOnlyAccessStatement","Effect":"Allow","Action":["iam:GetAccountSummary","iam:GetLoginProfile","iam:List*","kms:ListKeys","kms:ListResourceTags"],"Resource":"*"}]}"#,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_of_aws_are_policies() {
        for partition in Partition::ALL {
            let offered = of_aws(partition);
            assert_eq!(offered.len(), TEXTS.len());
            assert!(offered.is_sorted_by_key(|policy| policy.name.clone()));
            assert!(offered.iter().all(|policy| policy.is_aws() && policy.current().is_some()));
            assert!(offered.iter().all(|policy| partition.has(&policy.arn)));
        }
    }
}
