//! Which service and operation a call is for, and whether its signature is for this place.

use std::{collections::BTreeSet, fmt::Display};

use model::arn::{Partition, Region};
use sigv4::{AuthError, Claim};

use crate::{
    Facts, Fault, fault,
    operation::{AnyService, LookedUp},
    wire::{Call, Protocol},
};

/// The Regions that a server answers for. All are of one partition: identities have no Region, and each partition has
/// its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    partition: Partition,
    /// `None`: any name in the form of one.
    named: Option<BTreeSet<Region>>,
}

impl Regions {
    /// Every Region of a partition.
    #[must_use]
    pub fn any(partition: Partition) -> Self {
        Self { partition, named: None }
    }

    /// These; `None` if they are of several partitions, or there is none.
    #[must_use]
    pub fn only(named: BTreeSet<Region>) -> Option<Self> {
        let partition = named.first()?.partition();
        let one = named.iter().all(|region| region.partition() == partition);
        one.then_some(Self { partition, named: Some(named) })
    }

    /// The partition that they are of.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// Those that are served, if not every one of the partition is.
    #[must_use]
    pub fn named(&self) -> Option<&BTreeSet<Region>> {
        self.named.as_ref()
    }

    /// Whether this Region is served.
    #[must_use]
    pub fn serve(&self, region: &Region) -> bool {
        match &self.named {
            Some(named) => named.contains(region),
            None => region.partition() == self.partition,
        }
    }

    /// The served Region of this name.
    fn find(&self, name: &str) -> Option<Region> {
        Region::parse(name).ok().filter(|region| self.serve(region))
    }

    /// The Region for which the services without Regions, such as IAM, are signed, if this is its name.
    fn global(&self, name: &str) -> Option<Region> {
        Region::parse(name).ok().filter(|region| region.as_str() == self.partition.global_region())
    }

    /// The fault for a Region that is not served, which says which are.
    fn refuse(&self, region: &str) -> Fault {
        match &self.named {
            Some(named) => {
                let served: Vec<&str> = named.iter().map(Region::as_str).collect();
                wrong_region(region, format_args!("Served here: {}.", served.join(", ")))
            }
            None => {
                let partition = self.partition;
                wrong_region(region, format_args!("Served here: Regions of the partition {partition}."))
            }
        }
    }
}

/// AWS's text about a Region, with a hint at the right one.
fn wrong_region(region: &str, hint: impl Display) -> Fault {
    let text = AuthError::ScopeRegion(region.to_owned());
    Fault::new(&fault::INVALID_SIGNATURE, format!("{text} {hint}"))
}

/// The protocol in which a call is refused that no service knows.
pub(crate) fn protocol(call: &Call<'_>) -> Protocol {
    match call {
        Call::Query { .. } => {
            Protocol::Query { version: "", namespace: "https://iam.amazonaws.com/doc/2010-05-08/" }
        }
        Call::AwsJson { .. } | Call::Unknown => Protocol::AwsJson { target: "" },
    }
}

/// The service that a call is for: by its target in AWS JSON; by the host name, else by the signature's scope,
/// in Query.
pub(crate) fn service<'s>(
    services: &'s [Box<dyn AnyService>],
    call: &Call<'_>,
    host: &str,
    claim: Option<&Claim<'_>>,
) -> Option<&'s dyn AnyService> {
    let named = host_service(host).or_else(|| claim.map(|claim| claim.scope().service));
    services.iter().map(AsRef::as_ref).find(|service| match (service.protocol(), call) {
        (Protocol::AwsJson { target }, Call::AwsJson { target: sent, .. }) => target == *sent,
        (Protocol::Query { version, .. }, Call::Query { version: sent, .. }) => {
            version == sent && named.is_none_or(|named| named == service.name())
        }
        _ => false,
    })
}

/// The Region that a call without a signature is for: the one that the host names, else the first that is served.
pub(crate) fn region(host: &str, regions: &Regions) -> Result<Region, Fault> {
    let named = host_region(host);
    let found = match (named, &regions.named) {
        (Some(named), _) => regions.find(named).or_else(|| regions.global(named)),
        (None, Some(served)) => served.first().cloned(),
        (None, None) => Region::parse(regions.partition.global_region()).ok(),
    };
    found.ok_or_else(|| regions.refuse(named.unwrap_or_default()))
}

/// Checks that the signature is for this service and a Region served here.
pub(crate) fn check_scope(
    claim: &Claim<'_>,
    service: &dyn AnyService,
    host: &str,
    regions: &Regions,
) -> Result<Region, Fault> {
    let scope = claim.scope();
    if scope.service != service.name() {
        return Err(AuthError::ScopeService(service.name().to_owned()).into());
    }
    if let Some(named) = host_region(host).filter(|named| *named != scope.region) {
        return Err(wrong_region(scope.region, format_args!("The name of the host says '{named}'.")));
    }
    // Identities have no Region.
    let global =
        || regions.global(scope.region).filter(|_| matches!(service.protocol(), Protocol::Query { .. }));
    regions.find(scope.region).or_else(global).ok_or_else(|| regions.refuse(scope.region))
}

/// The operation whose calls are proved by an assertion and never signed, and which is not offered. Whoever calls it learns
/// this, and not that a signature is missing.
pub(crate) const BY_ASSERTION: &str = "AssumeRoleWithSAML";

/// The operation's row, or the fault for a name that is none.
pub(crate) fn operation(
    found: LookedUp,
    protocol: Protocol,
    name: &str,
) -> Result<(usize, &'static Facts), Fault> {
    match found {
        LookedUp::Row(row, facts) => Ok((row, facts)),
        LookedUp::Unsupported(name) => {
            Err(Fault::new(&fault::UNSUPPORTED_OPERATION, format!("{name} is not offered yet.")))
        }
        LookedUp::Unknown => match protocol {
            Protocol::AwsJson { .. } => Err(Fault::silent(&fault::UNKNOWN_OPERATION)),
            Protocol::Query { version, .. } => Err(Fault::new(
                &fault::UNKNOWN_OPERATION,
                format!("Could not find operation {name} for version {version}"),
            )),
        },
    }
}

/// `kms` of `kms.eu-west-1.amazonaws.com`, also of `kms-fips.eu-west-1.amazonaws.com`; `None` for hosts that are not
/// AWS's names.
fn host_service(host: &str) -> Option<&str> {
    let named = aws_name(host)?.split('.').next()?;
    Some(named.strip_suffix("-fips").unwrap_or(named))
}

/// `eu-west-1` of `kms.eu-west-1.amazonaws.com`. Names of IAM have the name of its partition there, or nothing.
fn host_region(host: &str) -> Option<&str> {
    let named = aws_name(host)?.split('.').nth(1)?;
    (named != "us-gov" && !named.ends_with("-global")).then_some(named)
}

fn aws_name(host: &str) -> Option<&str> {
    host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_that_is_not_served_is_answered_with_those_that_are() {
        let regions = |names: &[&str]| {
            Regions::only(names.iter().map(|name| Region::parse(name).unwrap()).collect()).unwrap()
        };
        let told = |regions: &Regions, host: &str| match region(host, regions) {
            Ok(region) => region.to_string(),
            Err(fault) => fault.message.unwrap().into_owned(),
        };
        let two = regions(&["us-west-2", "eu-west-1"]);
        let text = "Credential should be scoped to a valid region, not 'mars-1'.";
        assert_eq!(
            told(&two, "sts.mars-1.amazonaws.com"),
            format!("{text} Served here: eu-west-1, us-west-2.")
        );
        let any = Regions::any(Partition::Cn);
        for name in ["mars-1", "us-west-2"] {
            let text = text.replace("mars-1", name);
            let host = format!("sts.{name}.amazonaws.com");
            assert_eq!(told(&any, &host), format!("{text} Served here: Regions of the partition aws-cn."));
        }
        assert_eq!(told(&any, "sts.cn-northwest-1.amazonaws.com.cn"), "cn-northwest-1");
        assert_eq!(told(&any, "localhost"), "cn-north-1");
        assert_eq!(told(&two, "sts.us-west-2.amazonaws.com"), "us-west-2");
        assert_eq!(told(&two, "localhost"), "eu-west-1");
        let fault = two.refuse("us-east-1");
        assert_eq!((fault.kind, fault.detail), (&fault::INVALID_SIGNATURE, None));
    }

    #[test]
    fn regions_are_of_one_partition() {
        let only =
            |names: &[&str]| Regions::only(names.iter().map(|name| Region::parse(name).unwrap()).collect());
        for partition in Partition::ALL {
            let regions = only(&[partition.global_region()]).unwrap();
            assert_eq!(regions.partition(), partition);
            for other in Partition::ALL {
                let region = Region::parse(other.global_region()).unwrap();
                let own = other == partition;
                assert_eq!(Regions::any(partition).serve(&region), own);
                assert_eq!(only(&[partition.global_region(), other.global_region()]).is_some(), own);
            }
        }
        assert_eq!(only(&[]), None);
    }

    #[test]
    fn what_has_no_region_is_addressed_in_that_of_its_partition() {
        for (served, global) in
            [("eu-west-1", "us-east-1"), ("cn-northwest-1", "cn-north-1"), ("us-gov-east-1", "us-gov-west-1")]
        {
            let regions = Regions::only([Region::parse(served).unwrap()].into()).unwrap();
            let told = |name: &str| region(&format!("sts.{name}.amazonaws.com"), &regions).ok();
            assert_eq!(told(global).unwrap().as_str(), global);
            for other in ["us-east-1", "cn-north-1", "us-gov-west-1"] {
                assert_eq!(told(other).is_some(), other == global, "{served} {other}");
            }
        }
    }

    #[test]
    fn hosts_name_services_and_regions() {
        for (host, service, region) in [
            ("kms.eu-west-1.amazonaws.com", Some("kms"), Some("eu-west-1")),
            ("kms.cn-north-1.amazonaws.com.cn", Some("kms"), Some("cn-north-1")),
            ("iam.amazonaws.com", Some("iam"), None),
            ("iam.us-gov.amazonaws.com", Some("iam"), None),
            ("iam-fips.amazonaws.com", Some("iam"), None),
            ("iam-fips.aws-cn-global.amazonaws.com.cn", Some("iam"), None),
            ("sts-fips.us-gov-west-1.amazonaws.com", Some("sts"), Some("us-gov-west-1")),
            ("127.0.0.1", None, None),
            ("keys.example.com", None, None),
        ] {
            assert_eq!((host_service(host), host_region(host)), (service, region), "{host}");
        }
    }
}
