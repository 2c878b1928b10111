//! Which trail a request means, and names that trails may have.

use std::sync::Arc;

use dispatch::{Cx, Fault, Permission, require};
use model::arn::{AccountId, Region};

use crate::{Trails, faults, trail_id::TrailId, trails::Trail};

/// Length of a name.
const NAME: std::ops::RangeInclusive<usize> = 3..=128;

/// A trail that is only looked at, by its name or ARN, once the caller may do it. A trail of all Regions is seen in each of them.
///
/// # Errors
/// The caller may not; there is no such trail; the ARN is none.
pub(crate) fn seen(trails: &Trails, cx: &mut Cx<'_>, action: &str, sent: &str) -> Result<Arc<Trail>, Fault> {
    let id = meant(trails, cx, sent)?;
    require(cx, &Permission::on(action, &id.arn(), &()))?;
    cx.notes.resource(id.arn());
    let trail = trails.tables().trail(&id).filter(|trail| is_seen_in(trail, cx.region));
    trail.cloned().ok_or_else(|| faults::unknown(sent, cx.account()))
}

/// A trail that is changed, by its name or ARN, once the caller may do it: in its home Region alone.
///
/// # Errors
/// As [`seen`]; the call came in another Region.
pub(crate) fn changed(
    trails: &Trails,
    cx: &mut Cx<'_>,
    action: &str,
    sent: &str,
) -> Result<Arc<Trail>, Fault> {
    let trail = seen(trails, cx, action, sent)?;
    if trail.id.home != *cx.region {
        return Err(faults::not_at_home(&trail.id));
    }
    Ok(trail)
}

/// Whether a trail is shown in a Region.
pub(crate) fn is_seen_in(trail: &Trail, region: &Region) -> bool {
    trail.settings.multi_region || trail.id.home == *region
}

/// The trail of this name in the Region of the call, or else the one of all Regions that has the name.
fn meant(trails: &Trails, cx: &Cx<'_>, sent: &str) -> Result<TrailId, Fault> {
    if sent.starts_with("arn:") {
        return parse_arn(sent)
            .filter(|id| id.home.partition() == cx.partition())
            .ok_or_else(|| faults::no_arn(sent))
            .and_then(|id| {
                (id.account == cx.account()).then_some(id).ok_or_else(|| faults::unknown(sent, cx.account()))
            });
    }
    check_name(sent)?;
    let here = TrailId { account: cx.account(), home: cx.region.clone(), name: sent.to_owned() };
    if trails.tables().trail(&here).is_some() {
        return Ok(here);
    }
    let mut shadows = trails
        .tables()
        .trails_of(cx.account())
        .filter(|trail| trail.settings.multi_region && trail.id.name == sent);
    Ok(shadows.next().map_or(here, |trail| trail.id.clone()))
}

/// The trail that an ARN names.
pub(crate) fn parse_arn(arn: &str) -> Option<TrailId> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (home, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let id = TrailId {
        account: AccountId::parse(account).ok()?,
        home: Region::parse(home).ok()?,
        name: resource.strip_prefix("trail/")?.to_owned(),
    };
    let is_one = scheme == "arn" && service == "cloudtrail" && partition == id.home.partition().as_str();
    (is_one && check_name(&id.name).is_ok()).then_some(id)
}

/// Checks a name.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html>
///
/// # Errors
/// `InvalidTrailNameException`.
pub(crate) fn check_name(name: &str) -> Result<(), Fault> {
    let length = name.chars().count();
    let wrong = if name.is_empty() {
        "Trail name or ARN can not be empty.".to_owned()
    } else if length < *NAME.start() {
        format!(
            "Trail name too short. Minimum allowed length: 3 characters. Specified name length: {length} characters."
        )
    } else if length > *NAME.end() {
        format!(
            "Trail name too long. Maximum allowed length: 128 characters. Specified name length: {length} characters."
        )
    } else if !name.starts_with(|letter: char| letter.is_ascii_alphanumeric()) {
        "Trail name must starts with a letter or number.".to_owned()
    } else if !name.ends_with(|letter: char| letter.is_ascii_alphanumeric()) {
        "Trail name must ends with a letter or number.".to_owned()
    } else if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || is_separator(letter)) {
        "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), \
         and underscores (_)."
            .to_owned()
    } else if name
        .chars()
        .zip(name.chars().skip(1))
        .any(|(one, next)| is_separator(one) && is_separator(next))
    {
        "Trail name cannot have adjacent periods, hyphens or underscores.".to_owned()
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() {
        "Trail name cannot have the form of an IP address.".to_owned()
    } else {
        return Ok(());
    };
    Err(faults::name(wrong))
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_in_aws() {
        for good in ["abc", "My-Trail_1.x", &"a".repeat(128), "1-2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", &"a".repeat(129), "-ab", "ab-", "a b", "a--b", "a.-b", "10.0.0.1", "a/b", "äbc"]
        {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn arns_are_read_back_and_no_others_are() {
        let arn = "arn:aws:cloudtrail:us-east-2:111122223333:trail/main";
        assert_eq!(parse_arn(arn).unwrap().arn(), arn);
        for other in [
            "arn:aws:cloudtrail:us-east-2:111122223333:trail/",
            "arn:aws:cloudtrail:us-east-2:111122223333:key/main",
            "arn:aws-cn:cloudtrail:us-east-2:111122223333:trail/main",
            "arn:aws:kms:us-east-2:111122223333:trail/main",
            "arn:aws:cloudtrail:us-east-2:1111:trail/main",
            "arn:aws:cloudtrail",
        ] {
            assert_eq!(parse_arn(other), None, "{other}");
        }
    }
}
