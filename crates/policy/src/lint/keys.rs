//! The condition keys that there are.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

/// A condition key.
pub(super) struct Key {
    /// Its name; what stands between `<` and `>` is up to the policy.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether it can have several values.
    pub(super) many: bool,
}

/// What a key's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// An account's twelve digits.
    Account,
    Arn,
    Flag,
    Number,
    Date,
    Address,
}

impl Key {
    /// What precedes the part that is up to the policy, and what separates them, if anything does.
    pub(super) fn family(&self) -> Option<(&'static str, Option<char>)> {
        let (stem, _) = self.name.split_once('<')?;
        let separated = |sign: char| Some((stem.strip_suffix(sign)?, Some(sign)));
        Some(separated(':').or_else(|| separated('/')).unwrap_or((stem, None)))
    }
}

const fn one(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, many: false }
}

const fn many(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, many: true }
}

use Kind::{Account, Address, Arn, Date, Flag, Number, Text};

/// In the order of the documentation.
pub(super) const KEYS: &[Key] = &[
    one("kms:BypassPolicyLockoutSafetyCheck", Flag),
    one("kms:CallerAccount", Account),
    one("kms:CustomerMasterKeySpec", Text),
    one("kms:CustomerMasterKeyUsage", Text),
    one("kms:DataKeyPairSpec", Text),
    one("kms:EncryptionAlgorithm", Text),
    one("kms:EncryptionContext:<key>", Text),
    many("kms:EncryptionContextKeys", Text),
    one("kms:ExpirationModel", Text),
    one("kms:GrantConstraintSourceArn", Arn),
    one("kms:GrantConstraintType", Text),
    one("kms:GrantIsForAWSResource", Flag),
    many("kms:GrantOperations", Text),
    one("kms:GranteePrincipal", Arn),
    one("kms:GranteeServicePrincipal", Text),
    one("kms:KeyAgreementAlgorithm", Text),
    one("kms:KeyOrigin", Text),
    one("kms:KeySpec", Text),
    one("kms:KeyUsage", Text),
    one("kms:MacAlgorithm", Text),
    one("kms:MessageType", Text),
    one("kms:MultiRegion", Flag),
    one("kms:MultiRegionKeyType", Text),
    many("kms:PrimaryRegion", Text),
    one("kms:ReEncryptOnSameKey", Flag),
    one("kms:RecipientAttestation:ImageSha384", Text),
    one("kms:RecipientAttestation:PCR<number>", Text),
    one("kms:RecipientAttestation:NitroTPMPCR<number>", Text),
    many("kms:ReplicaRegion", Text),
    one("kms:RequestAlias", Text),
    many("kms:ResourceAliases", Text),
    one("kms:RetiringPrincipal", Arn),
    one("kms:RetiringServicePrincipal", Text),
    one("kms:RotationPeriodInDays", Number),
    one("kms:ScheduleKeyDeletionPendingWindowInDays", Number),
    one("kms:SigningAlgorithm", Text),
    one("kms:TrailingDaysWithoutKeyUsage", Number),
    one("kms:ValidTo", Date),
    one("kms:ViaService", Text),
    one("kms:WrappingAlgorithm", Text),
    one("kms:WrappingKeySpec", Text),
    many("aws:CalledVia", Text),
    one("aws:CalledViaFirst", Text),
    one("aws:CalledViaLast", Text),
    one("aws:CurrentTime", Date),
    one("aws:EpochTime", Date),
    one("aws:FederatedProvider", Text),
    one("aws:MultiFactorAuthAge", Number),
    one("aws:MultiFactorAuthPresent", Flag),
    one("aws:PrincipalAccount", Account),
    one("aws:PrincipalArn", Arn),
    one("aws:PrincipalIsAWSService", Flag),
    one("aws:PrincipalOrgID", Text),
    many("aws:PrincipalOrgPaths", Text),
    one("aws:PrincipalServiceName", Text),
    many("aws:PrincipalServiceNamesList", Text),
    one("aws:PrincipalTag/<tag>", Text),
    one("aws:PrincipalType", Text),
    one("aws:Referer", Text),
    one("aws:RequestTag/<tag>", Text),
    one("aws:RequestedRegion", Text),
    one("aws:ResourceAccount", Account),
    one("aws:ResourceOrgID", Text),
    many("aws:ResourceOrgPaths", Text),
    one("aws:ResourceTag/<tag>", Text),
    one("aws:SecureTransport", Flag),
    one("aws:SourceAccount", Account),
    one("aws:SourceArn", Arn),
    one("aws:SourceIdentity", Text),
    one("aws:SourceIp", Address),
    one("aws:SourceOrgID", Text),
    many("aws:SourceOrgPaths", Text),
    one("aws:SourceVpc", Text),
    one("aws:SourceVpce", Text),
    many("aws:TagKeys", Text),
    one("aws:TokenIssueTime", Date),
    one("aws:UserAgent", Text),
    one("aws:userid", Text),
    one("aws:username", Text),
    one("aws:ViaAWSService", Flag),
    one("aws:VpcSourceIp", Address),
    one("iam:AWSServiceName", Text),
    one("iam:PassedToService", Text),
    one("iam:PermissionsBoundary", Arn),
    one("iam:PolicyARN", Arn),
    one("iam:ResourceTag/<tag>", Text),
    one("sts:DurationSeconds", Number),
    one("sts:ExternalId", Text),
    one("sts:RoleSessionName", Text),
    one("sts:SourceIdentity", Text),
    many("sts:TransitiveTagKeys", Text),
];
