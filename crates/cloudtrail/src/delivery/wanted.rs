//! Trails that the configuration wants: they are made where they are not there, and are then trails like others.

use dispatch::{Backstage, ServiceEvent};
use model::arn::{AccountId, Region};
use state::created;
use store::Revision;

use crate::{
    CloudTrail,
    tables::Tables,
    trail_id::TrailId,
    trails::{Tags, Trail, TrailSettings},
};

/// A trail of all Regions, with digests, that logs from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTrail {
    /// Its name: one that [`crate::is_trail_name`] takes.
    pub name: String,
    /// Its account; `None` for every one.
    pub account: Option<AccountId>,
    /// Its home Region.
    pub home: Region,
    /// The bucket that it delivers to.
    pub bucket: String,
    /// What stands before all names there.
    pub prefix: Option<String>,
}

/// Makes the trails that the configuration wants in these accounts, where they are not there.
pub async fn make_wanted(service: &CloudTrail, backstage: &Backstage, accounts: &[AccountId]) {
    for wanted in &service.wanted {
        for account in accounts.iter().filter(|account| wanted.account.is_none_or(|only| only == **account)) {
            let id = TrailId { account: *account, home: wanted.home.clone(), name: wanted.name.clone() };
            let snapshot = backstage.mirror.snapshot();
            let is_there = snapshot.find::<Tables>().is_none_or(|tables| tables.trail(&id).is_some());
            if is_there || !backstage.mirror.is_following() {
                continue;
            }
            let trail = made(wanted, id, backstage);
            if let Err(error) = backstage.commit(&[event(&trail)], created(&trail)).await {
                tracing::warn!(trail = %trail.id, %error, "a trail of the configuration is not made yet");
            }
        }
    }
}

fn made(wanted: &WantedTrail, id: TrailId, backstage: &Backstage) -> Trail {
    let now = backstage.clock.now();
    Trail {
        id,
        created: now,
        settings: TrailSettings {
            bucket: wanted.bucket.clone(),
            prefix: wanted.prefix.clone(),
            multi_region: true,
            validated: true,
            ..TrailSettings::NEW
        },
        selectors: None,
        tags: Tags::new(),
        started: Some(now),
        stopped: None,
        revision: Revision(0),
    }
}

fn event(trail: &Trail) -> ServiceEvent {
    ServiceEvent {
        service: "cloudtrail",
        name: "CreateTrail",
        account: trail.id.account.to_string(),
        region: trail.id.home.to_string(),
        resource: trail.id.arn(),
        details: vec![("name", trail.id.name.clone()), ("s3BucketName", trail.settings.bucket.clone())],
    }
}
