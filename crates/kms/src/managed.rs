//! AWS managed keys: for each service, account and Region one, made when it is first used, and managed by nobody but the
//! service. <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key>
//!
//! Its policy lets everybody in the account use it who comes through the service, and the account look at it.

use dispatch::Fault;
use model::arn::AliasName;

use crate::{faults, layout::Place, tables::Shelf};

/// A kind of AWS managed key.
#[derive(Debug)]
pub(crate) struct ManagedKey {
    /// What its alias is called behind `alias/aws/`.
    name: &'static str,
    /// The service, as it begins `kms:ViaService`.
    pub(crate) service: &'static str,
    /// The service, as its policy calls it.
    title: &'static str,
    /// What the key protects, as its description says.
    protects: &'static str,
    /// Whether the service makes grants.
    grants: bool,
}

const fn kind(
    name: &'static str,
    service: &'static str,
    title: &'static str,
    protects: &'static str,
    grants: bool,
) -> ManagedKey {
    ManagedKey { name, service, title, protects, grants }
}

/// All of them, in the order of their names.
static ALL: [ManagedKey; 13] = [
    kind("backup", "backup", "Backup", "Backup data", true),
    kind("dynamodb", "dynamodb", "DynamoDB", "DynamoDB data", true),
    kind("ebs", "ec2", "EBS", "EBS volumes", true),
    kind("elasticfilesystem", "elasticfilesystem", "EFS", "EFS file systems", true),
    kind("kinesis", "kinesis", "Kinesis", "Kinesis data", false),
    kind("lambda", "lambda", "Lambda", "Lambda functions", true),
    kind("rds", "rds", "RDS", "RDS database volumes", true),
    kind("redshift", "redshift", "Redshift", "Redshift clusters", true),
    kind("s3", "s3", "S3", "S3 objects", false),
    kind("secretsmanager", "secretsmanager", "Secrets Manager", "Secrets Manager data", true),
    kind("sns", "sns", "SNS", "SNS data", false),
    kind("sqs", "sqs", "SQS", "SQS messages", false),
    kind("ssm", "ssm", "SSM", "SSM parameters", false),
];

/// The aliases that every account has in every Region, in order.
pub(crate) fn aliases() -> impl Iterator<Item = AliasName> {
    ALL.iter().filter_map(|managed| managed.alias().ok())
}

/// How many of the keys of a place are such keys.
pub(crate) fn count(shelf: &Shelf) -> usize {
    aliases().filter(|name| shelf.aliases.contains_key(name)).count()
}

impl ManagedKey {
    /// The one with this alias.
    pub(crate) fn named(alias: &AliasName) -> Option<&'static Self> {
        let name = alias.as_str().strip_prefix("alias/aws/")?;
        ALL.iter().find(|managed| managed.name == name)
    }

    /// Its alias.
    pub(crate) fn alias(&self) -> Result<AliasName, Fault> {
        AliasName::parse(&format!("alias/aws/{}", self.name))
            .map_err(|_| faults::inconsistent(format_args!("{} is no name of an alias", self.name)))
    }

    /// What its key says of itself.
    pub(crate) fn description(&self) -> String {
        format!("Default key that protects my {} when no other key is defined", self.protects)
    }

    /// The policy of its key, in AWS's text. Line breaks and spaces are AWS's.
    pub(crate) fn policy(&self, place: &Place) -> String {
        let Self { name, service, title, .. } = self;
        let Place { account, region } = place;
        let root = region.partition().iam_arn(account, "root");
        let grants = if self.grants { r#""kms:CreateGrant", "# } else { "" };
        format!(
            r#"{{
  "Version" : "2012-10-17",
  "Id" : "auto-{name}-2",
  "Statement" : [ {{
    "Sid" : "Allow access through {title} for all principals in the account that are authorized to use {title}",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "*"
    }},
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", {grants}"kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {{
      "StringEquals" : {{
        "kms:CallerAccount" : "{account}",
        "kms:ViaService" : "{service}.{region}.amazonaws.com"
      }}
    }}
  }}, {{
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "{root}"
    }},
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  }} ]
}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use model::AwsService;

    use super::*;

    #[test]
    fn every_key_is_that_of_a_service_and_has_a_name() {
        assert!(ALL.is_sorted_by_key(|managed| managed.name));
        for managed in &ALL {
            assert!(AwsService::parse(managed.service).is_some(), "{managed:?}");
            let alias = managed.alias().unwrap();
            assert_eq!(ManagedKey::named(&alias).map(|found| found.name), Some(managed.name));
        }
        for other in ["alias/s3", "alias/aws/other", "alias/aws/s3/x", "alias/aws/ec2"] {
            assert!(ManagedKey::named(&AliasName::parse(other).unwrap()).is_none(), "{other}");
        }
    }
}
