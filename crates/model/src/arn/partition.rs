//! Partitions: the parts that AWS is divided into, each with accounts, identities and keys of its own.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use std::fmt::{self, Display};

use super::Malformed;

/// A partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partition {
    /// The usual one.
    Aws,
    /// China.
    Cn,
    /// The Regions of the government of the United States.
    UsGov,
    /// The European Sovereign Cloud.
    Eusc,
    /// An isolated one.
    Iso,
    /// An isolated one.
    IsoB,
    /// An isolated one.
    IsoE,
    /// An isolated one.
    IsoF,
}

impl Partition {
    /// Those that there are.
    pub const ALL: [Self; 8] =
        [Self::Aws, Self::Cn, Self::UsGov, Self::Eusc, Self::Iso, Self::IsoB, Self::IsoE, Self::IsoF];

    /// From its name in ARNs.
    ///
    /// # Errors
    /// [`Malformed`] for the name of none.
    pub fn parse(name: &str) -> Result<Self, Malformed> {
        Self::ALL.into_iter().find(|partition| partition.as_str() == name).ok_or(Malformed)
    }

    /// Its name in ARNs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Cn => "aws-cn",
            Self::UsGov => "aws-us-gov",
            Self::Eusc => "aws-eusc",
            Self::Iso => "aws-iso",
            Self::IsoB => "aws-iso-b",
            Self::IsoE => "aws-iso-e",
            Self::IsoF => "aws-iso-f",
        }
    }

    /// The Region for which calls to IAM are signed, as identities have none.
    /// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
    #[must_use]
    pub const fn global_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::Cn => "cn-north-1",
            Self::UsGov => "us-gov-west-1",
            Self::Eusc => "eusc-de-east-1",
            Self::Iso => "us-iso-east-1",
            Self::IsoB => "us-isob-east-1",
            Self::IsoE => "eu-isoe-west-1",
            Self::IsoF => "us-isof-south-1",
        }
    }

    /// That of the Region with this name.
    pub(super) fn of_region(name: &str) -> Self {
        let own = |partition: &Self| partition.region_prefix().is_some_and(|prefix| name.starts_with(prefix));
        Self::ALL.into_iter().find(own).unwrap_or(Self::Aws)
    }

    /// How the names of its Regions begin; `None` for the partition of all that begin otherwise.
    const fn region_prefix(self) -> Option<&'static str> {
        match self {
            Self::Aws => None,
            Self::Cn => Some("cn-"),
            Self::UsGov => Some("us-gov-"),
            Self::Eusc => Some("eusc-"),
            Self::Iso => Some("us-iso-"),
            Self::IsoB => Some("us-isob-"),
            Self::IsoE => Some("eu-isoe-"),
            Self::IsoF => Some("us-isof-"),
        }
    }

    /// The ARN of an identity or a policy: `arn:<partition>:iam::<owner>:<resource>`. The owner is an account, or `aws`.
    pub fn iam_arn(self, owner: impl Display, resource: impl Display) -> String {
        format!("arn:{self}:iam::{owner}:{resource}")
    }

    /// The ARN of a session: `arn:<partition>:sts::<account>:<resource>`.
    pub fn sts_arn(self, account: impl Display, resource: impl Display) -> String {
        format!("arn:{self}:sts::{account}:{resource}")
    }

    /// The owner and the resource of an ARN that [`Partition::iam_arn`] makes; `None` for every other text, such as an
    /// ARN of another partition.
    #[must_use]
    pub fn of_iam(self, arn: &str) -> Option<(&str, &str)> {
        self.of_service("iam", arn)
    }

    /// The account and the resource of an ARN that [`Partition::sts_arn`] makes; `None` for every other text.
    #[must_use]
    pub fn of_sts(self, arn: &str) -> Option<(&str, &str)> {
        self.of_service("sts", arn)
    }

    fn of_service<'a>(self, service: &str, arn: &'a str) -> Option<(&'a str, &'a str)> {
        let behind = self.behind(arn)?.strip_prefix(service)?.strip_prefix("::")?;
        behind.split_once(':')
    }

    /// The one that an ARN names; `None` for a text that names none.
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|partition| partition.has(arn))
    }

    /// An ARN as it is in this partition. Every other text stays as it is.
    #[must_use]
    pub fn adopted(self, arn: &str) -> String {
        match arn.splitn(3, ':').collect::<Vec<_>>().as_slice() {
            ["arn", _, behind] => format!("arn:{self}:{behind}"),
            _ => arn.to_owned(),
        }
    }

    /// Whether an ARN is of this partition.
    #[must_use]
    pub fn has(self, arn: &str) -> bool {
        self.behind(arn).is_some()
    }

    fn behind(self, arn: &str) -> Option<&str> {
        arn.strip_prefix("arn:")?.strip_prefix(self.as_str())?.strip_prefix(':')
    }
}

impl Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::Region;

    #[test]
    fn partitions_have_names_and_a_region_for_what_has_none() {
        for partition in Partition::ALL {
            assert_eq!(Partition::parse(partition.as_str()), Ok(partition));
            assert_eq!(Region::parse(partition.global_region()).unwrap().partition(), partition);
        }
        for wrong in ["", "awss", "AWS", "aws-", "aws*"] {
            assert_eq!(Partition::parse(wrong), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn arns_are_adopted() {
        for (arn, adopted) in [
            ("arn:aws:iam::aws:policy/a/b", "arn:aws-cn:iam::aws:policy/a/b"),
            ("arn:aws-cn:iam::1:policy/a:b", "arn:aws-cn:iam::1:policy/a:b"),
            ("no ARN", "no ARN"),
            ("arn:aws", "arn:aws"),
        ] {
            assert_eq!(Partition::Cn.adopted(arn), adopted);
        }
    }

    #[test]
    fn arns_are_taken_apart_in_their_own_partition_alone() {
        for partition in Partition::ALL {
            let user = partition.iam_arn("111122223333", "user/a:b");
            assert_eq!(user, format!("arn:{partition}:iam::111122223333:user/a:b"));
            assert_eq!(Partition::of_arn(&user), Some(partition));
            let session = partition.sts_arn("111122223333", "assumed-role/r/s");
            assert_eq!(session, format!("arn:{partition}:sts::111122223333:assumed-role/r/s"));
            for other in Partition::ALL {
                let own = |behind| (other == partition).then_some(("111122223333", behind));
                assert_eq!(other.of_iam(&user), own("user/a:b"));
                assert_eq!(other.of_sts(&session), own("assumed-role/r/s"));
                assert_eq!(other.has(&user), other == partition);
                assert_eq!((other.of_sts(&user), other.of_iam(&session)), (None, None));
            }
        }
        for wrong in ["", "arn:aws", "arn:aws:iam:us-east-1:1:root", "arn:aws:iam::root", "aws:iam::1:root"] {
            assert_eq!(Partition::Aws.of_iam(wrong), None, "{wrong}");
        }
        for wrong in ["", "arn:aws", "arn:awss:iam::1:root", "111122223333"] {
            assert_eq!(Partition::of_arn(wrong), None, "{wrong}");
        }
    }
}
