//! Which service and operation a call is for, and whether its signature is for this place.

use std::{collections::BTreeSet, fmt::Display};

use model::arn::Region;
use sigv4::{AuthError, Claim};

use crate::{
    Facts, Fault, fault,
    operation::{AnyService, LookedUp},
    wire::{Call, Protocol},
};

/// The Regions that a server answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regions {
    /// Any name in the form of one.
    Any,
    /// These.
    Only(BTreeSet<Region>),
}

impl Regions {
    /// Whether this Region is served.
    #[must_use]
    pub fn serve(&self, region: &Region) -> bool {
        match self {
            Self::Any => true,
            Self::Only(served) => served.contains(region),
        }
    }

    /// The fault for a Region that is not served, which says which are.
    fn refuse(&self, region: &str) -> Fault {
        match self {
            Self::Any => AuthError::ScopeRegion(region.to_owned()).into(),
            Self::Only(served) => {
                let served: Vec<String> = served.iter().map(Region::to_string).collect();
                wrong_region(region, format_args!("Served here: {}.", served.join(", ")))
            }
        }
    }
}

/// AWS's text about a Region, with a hint at the right one.
fn wrong_region(region: &str, hint: impl Display) -> Fault {
    let text = AuthError::ScopeRegion(region.to_owned());
    Fault::new(&fault::INVALID_SIGNATURE, format!("{text} {hint}"))
}

/// The Region in which the services without Regions, such as IAM, are signed for.
const GLOBAL: &str = "us-east-1";

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
    match regions {
        Regions::Only(served) => match named {
            Some(named) if named != GLOBAL => served.get(named).cloned(),
            Some(_) => Region::parse(GLOBAL).ok(),
            None => served.first().cloned(),
        },
        Regions::Any => Region::parse(named.unwrap_or(GLOBAL)).ok(),
    }
    .ok_or_else(|| regions.refuse(named.unwrap_or_default()))
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
    let global = matches!(service.protocol(), Protocol::Query { .. }) && scope.region == GLOBAL;
    match regions {
        Regions::Only(served) if !global => served.get(scope.region).cloned(),
        Regions::Only(_) | Regions::Any => Region::parse(scope.region).ok(),
    }
    .ok_or_else(|| regions.refuse(scope.region))
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

/// `kms` of `kms.eu-west-1.amazonaws.com`; `None` for hosts that are not AWS's names.
fn host_service(host: &str) -> Option<&str> {
    aws_name(host)?.split('.').next()
}

/// `eu-west-1` of `kms.eu-west-1.amazonaws.com`.
fn host_region(host: &str) -> Option<&str> {
    aws_name(host)?.split('.').nth(1)
}

fn aws_name(host: &str) -> Option<&str> {
    host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_that_is_not_served_is_answered_with_those_that_are() {
        let regions =
            |names: &[&str]| Regions::Only(names.iter().map(|name| Region::parse(name).unwrap()).collect());
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
        assert_eq!(told(&Regions::Any, "sts.mars.amazonaws.com"), text.replace("mars-1", "mars"));
        assert_eq!(told(&two, "sts.us-west-2.amazonaws.com"), "us-west-2");
        assert_eq!(told(&two, "localhost"), "eu-west-1");
        let fault = two.refuse("us-east-1");
        assert_eq!((fault.kind, fault.detail), (&fault::INVALID_SIGNATURE, None));
    }

    #[test]
    fn hosts_name_services_and_regions() {
        for (host, service, region) in [
            ("kms.eu-west-1.amazonaws.com", Some("kms"), Some("eu-west-1")),
            ("kms.cn-north-1.amazonaws.com.cn", Some("kms"), Some("cn-north-1")),
            ("iam.amazonaws.com", Some("iam"), None),
            ("127.0.0.1", None, None),
            ("keys.example.com", None, None),
        ] {
            assert_eq!((host_service(host), host_region(host)), (service, region), "{host}");
        }
    }
}
