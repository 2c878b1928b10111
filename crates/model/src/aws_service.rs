//! The services of AWS that use the key management service for their users.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service>

use std::fmt;

use crate::arn::Region;

/// A service, by the name that begins its `kms:ViaService`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AwsService(&'static str);

/// The suffix of all their names, in every partition.
const SUFFIX: &str = "amazonaws.com";

/// Every service, sorted.
const NAMES: &[&str] = &[
    "airflow",
    "appflow",
    "apprunner",
    "athena",
    "auditmanager",
    "backup",
    "backup-gateway",
    "cassandra",
    "codeartifact",
    "codeguru-reviewer",
    "comprehend",
    "connect",
    "dax",
    "directoryservice",
    "dms",
    "dynamodb",
    "ec2",
    "ecr",
    "eks",
    "elasticache",
    "elasticfilesystem",
    "es",
    "finspace",
    "firehose",
    "forecast",
    "fsx",
    "geo",
    "glue",
    "groundstation",
    "healthlake",
    "importexport",
    "iotsitewise",
    "kafka",
    "kendra",
    "kinesis",
    "kinesisvideo",
    "lambda",
    "lex",
    "license-manager",
    "lookoutequipment",
    "lookoutmetrics",
    "lookoutvision",
    "macie",
    "malware-protection",
    "managedblockchain",
    "mediatailor",
    "memorydb",
    "mgn",
    "monitron",
    "mq",
    "nimble",
    "omics",
    "profile",
    "proton",
    "qldb",
    "rds",
    "redshift",
    "redshift-serverless",
    "rekognition",
    "s3",
    "sagemaker",
    "secretsmanager",
    "ses",
    "sns",
    "sqlworkbench",
    "sqs",
    "ssm",
    "ssm-contacts",
    "ssm-incidents",
    "storagegateway",
    "supportauthz",
    "timestream",
    "translate",
    "wisdom",
    "workmail",
    "workspaces",
    "workspaces-web",
    "xray",
];

impl AwsService {
    /// The service of this name; `None` if there is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|known| **known == name).map(|known| Self(known))
    }

    /// The names of all services, in order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().copied()
    }

    /// Its name, such as `s3`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Its name as a principal, such as `s3.amazonaws.com`.
    #[must_use]
    pub fn principal(self) -> String {
        format!("{}.{SUFFIX}", self.0)
    }

    /// Its name as `kms:ViaService` has it, such as `s3.eu-west-1.amazonaws.com`.
    #[must_use]
    pub fn in_region(self, region: &Region) -> String {
        format!("{}.{region}.{SUFFIX}", self.0)
    }
}

impl fmt::Display for AwsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_have_the_names_that_policies_use() {
        let s3 = AwsService::parse("s3").unwrap();
        assert_eq!((s3.as_str(), s3.principal().as_str()), ("s3", "s3.amazonaws.com"));
        assert_eq!(s3.in_region(&Region::parse("eu-west-1").unwrap()), "s3.eu-west-1.amazonaws.com");
        for wrong in ["", "S3", "ebs", "s3.amazonaws.com"] {
            assert_eq!(AwsService::parse(wrong), None, "{wrong}");
        }
        assert!(NAMES.is_sorted());
    }
}
