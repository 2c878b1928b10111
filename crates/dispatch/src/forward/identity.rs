//! Who is trusted to call as a service, and for whom.

use std::collections::BTreeSet;

use model::{
    AwsService,
    arn::{AccountId, Malformed, Partition},
};
use policy::PrincipalPattern;

/// A user or role that is trusted to call as a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceIdentity {
    /// The service.
    pub service: AwsService,
    /// Whose principals it may act for, and whose keys it may use as itself.
    pub reach: Reach,
    arn: String,
    partition: Partition,
    unique_id: Option<String>,
}

/// Accounts that a service has to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Everywhere,
    /// These.
    Accounts(BTreeSet<AccountId>),
}

impl ServiceIdentity {
    /// The user or role with this ARN, as a service in these accounts; in its own if none are given.
    ///
    /// # Errors
    /// [`Malformed`] when the ARN is not that of a user or role.
    pub fn new(service: AwsService, arn: &str, reach: Option<Reach>) -> Result<Self, Malformed> {
        let whole = matches!(PrincipalPattern::parse_aws(arn), Some(PrincipalPattern::Arn(_)));
        let partition = Partition::of_arn(arn).filter(|_| whole).ok_or(Malformed)?;
        let (account, _) = partition.of_iam(arn).ok_or(Malformed)?;
        let own = AccountId::parse(account)?;
        let reach = reach.unwrap_or_else(|| Reach::Accounts(BTreeSet::from([own])));
        Ok(Self { service, reach, arn: arn.to_owned(), partition, unique_id: None })
    }

    /// The same, and only whoever has this unique id.
    #[must_use]
    pub fn borne_by(self, unique_id: Option<String>) -> Self {
        Self { unique_id, ..self }
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The partition that its ARN names; in a server of another one it is nobody.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The unique id that the operator wants it to have; `None`: the one that it has at its first use.
    #[must_use]
    pub fn unique_id(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }
}

impl Reach {
    /// Whether an account is one of them.
    #[must_use]
    pub fn includes(&self, account: AccountId) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Accounts(accounts) => accounts.contains(&account),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_roles_can_be_services_and_nobody_else() {
        let service = AwsService::parse("s3").unwrap();
        for good in ["user/gateway", "role/path/gateway"] {
            let identity =
                ServiceIdentity::new(service, &format!("arn:aws:iam::111122223333:{good}"), None).unwrap();
            for (account, reached) in [("111122223333", true), ("444455556666", false)] {
                assert_eq!(identity.reach.includes(AccountId::parse(account).unwrap()), reached);
            }
        }
        for wrong in [
            "",
            "gateway",
            "*",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::1:user/gateway",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "arn:awss:iam::111122223333:user/gateway",
        ] {
            assert_eq!(ServiceIdentity::new(service, wrong, None), Err(Malformed), "{wrong}");
        }
        let in_china =
            ServiceIdentity::new(service, "arn:aws-cn:iam::111122223333:user/gateway", None).unwrap();
        assert_eq!(in_china.partition(), Partition::Cn);
    }
}
