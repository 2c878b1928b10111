//! Roles that are linked to a service of AWS: who they are, and what nobody changes about them.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
//!
//! No service of AWS is here to assume them. They are there to be named: key policies for volumes of auto scaling groups
//! name such a role, and tools make it first.

use crate::entities::Entity;

/// Under which all of them stand.
pub(crate) const PATH: &str = "/aws-service-role/";
/// How the names of all of them begin.
const PREFIX: &str = "AWSServiceRoleFor";

/// A kind of role that is linked to a service.
pub(crate) struct Template {
    /// The service's name as a principal.
    pub(crate) service: &'static str,
    /// What follows the prefix in the role's name.
    name: &'static str,
    /// Whether an account can have several, told apart by a suffix.
    pub(crate) suffixes: bool,
}

const fn one(service: &'static str, name: &'static str) -> Template {
    Template { service, name, suffixes: false }
}

/// Those whose services use keys, and those that tools make most often. AWS has no list of all.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
const TEMPLATES: [Template; 24] = [
    one("access-analyzer.amazonaws.com", "AccessAnalyzer"),
    Template { service: "autoscaling.amazonaws.com", name: "AutoScaling", suffixes: true },
    one("backup.amazonaws.com", "Backup"),
    one("batch.amazonaws.com", "Batch"),
    one("cloudtrail.amazonaws.com", "CloudTrail"),
    one("config.amazonaws.com", "Config"),
    one("ecs.amazonaws.com", "ECS"),
    one("eks-nodegroup.amazonaws.com", "AmazonEKSNodegroup"),
    one("eks.amazonaws.com", "AmazonEKS"),
    one("elasticache.amazonaws.com", "ElastiCache"),
    one("elasticfilesystem.amazonaws.com", "AmazonElasticFileSystem"),
    one("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"),
    one("guardduty.amazonaws.com", "AmazonGuardDuty"),
    one("inspector2.amazonaws.com", "AmazonInspector2"),
    one("kafka.amazonaws.com", "Kafka"),
    one("macie.amazonaws.com", "AmazonMacie"),
    one("memorydb.amazonaws.com", "MemoryDB"),
    one("mrk.kms.amazonaws.com", "KeyManagementServiceMultiRegionKeys"),
    one("opensearchservice.amazonaws.com", "AmazonOpenSearchService"),
    one("rds.amazonaws.com", "RDS"),
    one("redshift.amazonaws.com", "Redshift"),
    one("securityhub.amazonaws.com", "SecurityHub"),
    one("spot.amazonaws.com", "EC2Spot"),
    one("spotfleet.amazonaws.com", "EC2SpotFleet"),
];

/// The kind of role that a service has; `None` if none is known.
pub(crate) fn template(service: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.service == service)
}

impl Template {
    /// The role's name.
    pub(crate) fn role_name(&self, suffix: Option<&str>) -> String {
        match suffix {
            Some(suffix) => format!("{PREFIX}{}_{suffix}", self.name),
            None => format!("{PREFIX}{}", self.name),
        }
    }

    /// The role's path.
    pub(crate) fn path(&self) -> String {
        format!("{PATH}{}/", self.service)
    }

    /// The role's trust policy.
    pub(crate) fn trust(&self) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":["{}"]}},"Action":["sts:AssumeRole"]}}]}}"#,
            self.service
        )
    }
}

/// Whether a role is linked to a service.
pub(crate) fn is_linked(role: &Entity) -> bool {
    role.path.starts_with(PATH)
}

/// Whether AWS alone does this to such a role; customers may still describe and tag it.
pub(crate) fn is_for_aws(action: &str) -> bool {
    matches!(
        action,
        "iam:AttachRolePolicy"
            | "iam:DeleteRole"
            | "iam:DeleteRolePermissionsBoundary"
            | "iam:DeleteRolePolicy"
            | "iam:DetachRolePolicy"
            | "iam:PutRolePermissionsBoundary"
            | "iam:PutRolePolicy"
            | "iam:UpdateAssumeRolePolicy"
            | "iam:UpdateRole"
    )
}

#[cfg(test)]
mod tests {
    use policy::{Policy, PolicyKind};

    use super::*;

    #[test]
    fn templates_make_roles() {
        assert!(TEMPLATES.is_sorted_by_key(|template| template.service));
        for template in &TEMPLATES {
            Policy::parse(&template.trust(), PolicyKind::TrustPolicy).unwrap();
            assert!(template.role_name(None).len() <= 64, "{}", template.service);
        }
        let scaling = template("autoscaling.amazonaws.com").unwrap();
        assert_eq!(scaling.role_name(Some("web")), "AWSServiceRoleForAutoScaling_web");
        assert_eq!(scaling.path(), "/aws-service-role/autoscaling.amazonaws.com/");
        assert!(template("autoscaling").is_none());
    }
}
