//! What an event is about.

use serde::Serialize;

/// A resource that an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EventResource<'r> {
    /// The account that owns it.
    #[serde(rename = "accountId", skip_serializing_if = "str::is_empty")]
    pub account: &'r str,
    /// What it is, such as `AWS::KMS::Key`; empty where CloudTrail has no name for it.
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    pub kind: &'static str,
    /// Its ARN.
    #[serde(rename = "ARN")]
    pub arn: &'r str,
}

impl<'r> EventResource<'r> {
    /// The resource with this ARN.
    #[must_use]
    pub fn of(arn: &'r str) -> Self {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, account) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        let resource = parts.next().unwrap_or_default();
        let kind = resource.split_once('/').map_or(resource, |(kind, _)| kind);
        Self { account, kind: named(service, kind), arn }
    }

    /// The name in the ARN, without its path: `alice` of `arn:aws:iam::111122223333:user/staff/alice`.
    #[must_use]
    pub fn name(&self) -> &'r str {
        self.arn.rsplit_once('/').map_or(self.arn, |(_, name)| name)
    }

    /// Whether it is a KMS key or an alias of one.
    #[must_use]
    pub fn is_of_kms(&self) -> bool {
        self.kind == KEY
    }

    /// Whether it is a KMS key itself.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.is_of_kms() && self.arn.contains(":key/")
    }
}

const KEY: &str = "AWS::KMS::Key";

/// CloudTrail's name for a kind of resource. An alias has a key's.
fn named(service: &str, kind: &str) -> &'static str {
    match (service, kind) {
        ("kms", "key" | "alias") => KEY,
        ("iam", "user") => "AWS::IAM::User",
        ("iam", "group") => "AWS::IAM::Group",
        ("iam", "role") => "AWS::IAM::Role",
        ("iam", "policy") => "AWS::IAM::Policy",
        ("iam", "instance-profile") => "AWS::IAM::InstanceProfile",
        ("iam", "oidc-provider") => "AWS::IAM::OIDCProvider",
        ("sts", "assumed-role") => "AWS::STS::AssumedRole",
        ("sts", "federated-user") => "AWS::STS::FederatedUser",
        ("cloudtrail", "trail") => "AWS::CloudTrail::Trail",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_say_what_they_name() {
        for (arn, account, kind, name) in [
            ("arn:aws:kms:us-east-1:111122223333:key/a-b", "111122223333", KEY, "a-b"),
            ("arn:aws:kms:us-east-1:111122223333:alias/x", "111122223333", KEY, "x"),
            ("arn:aws:iam::111122223333:user/staff/alice", "111122223333", "AWS::IAM::User", "alice"),
            ("arn:aws-cn:iam::aws:policy/AWSDenyAll", "aws", "AWS::IAM::Policy", "AWSDenyAll"),
            ("arn:aws:s3:::bucket", "", "", "arn:aws:s3:::bucket"),
            ("no arn", "", "", "no arn"),
        ] {
            let resource = EventResource::of(arn);
            assert_eq!((resource.account, resource.kind, resource.name()), (account, kind, name), "{arn}");
        }
    }
}
