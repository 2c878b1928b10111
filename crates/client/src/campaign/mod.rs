//! `campaign`: puts many targets under another key or newer material, or makes them unreadable with their key.
//!
//! ```text
//!  places ── finding ──► target + envelope ── goal ──► verdict ──► plan        planning, lines
//!  plan ──► each target, by the way of its kind ──► journal ──► report         running, access, journal, report
//!  plan to shred ──► each target tried in vain ──► signed certificate          shredding, certificate
//! ```
//!
//! A target's own state is the witness of what was done with it: its envelope is read again before it is touched. The journal
//! only spares calls. The kinds of targets are in `records`, `sealed_files`, `volumes` and `objects`.

mod access;
mod certificate;
mod finding;
mod goal;
mod journal;
mod keys;
mod lines;
mod moment;
mod objects;
mod options;
mod planning;
mod progress;
mod records;
mod report;
mod running;
mod sealed_files;
mod shredding;
mod target;
mod volumes;

use std::ffi::OsString;

use access::TargetAccess;
use lines::{PLAN_VERSION, PlanHead, PlanLine, ShredHead, ShredLine, read_plan};
pub(crate) use options::CampaignOptions;
use options::{CampaignCommand, RunOptions, SearchedPlaces, ShredCommand};
use target::{CampaignTarget, TargetKind};

use crate::{
    cli::Calling,
    client::{CallPace, Client},
    ending::ClientFailure,
};

/// Runs a command of campaigns, and returns the code that it ends with. `calling` and `variable` say where objects are.
///
/// # Errors
/// [`ClientFailure`].
pub(crate) fn run(
    client: &Client,
    options: CampaignOptions,
    calling: &Calling,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<u8, ClientFailure> {
    let access = |with_objects: bool| -> Result<TargetAccess<'_>, ClientFailure> {
        let objects = with_objects.then(|| client.objects(calling, variable)).transpose()?;
        Ok(TargetAccess { client, objects })
    };
    let searches = |places: &SearchedPlaces| !places.buckets.is_empty();
    match options.command {
        CampaignCommand::Plan(options) => planning::plan(&access(searches(&options.places))?, &options),
        CampaignCommand::Run(options) => {
            let (head, targets) = read(&options)?;
            if let Some(rate) = options.rate {
                client.keep_to(CallPace::per_second(rate.get()));
            }
            running::run(&access(has_objects(&targets))?, &options, &head, &targets)
        }
        CampaignCommand::Shred(options) => match options.command {
            ShredCommand::Plan(options) => shredding::plan(&access(searches(&options.places))?, &options),
            ShredCommand::Certify(options) => {
                let (head, targets): (ShredHead, Vec<(CampaignTarget, ShredLine)>) =
                    read_plan(&options.plan)?;
                known(head.shred)?;
                shredding::certify(&access(has_objects(&targets))?, &options, &head, &targets)
            }
        },
    }
}

fn read(options: &RunOptions) -> Result<(PlanHead, Vec<(CampaignTarget, PlanLine)>), ClientFailure> {
    let (head, targets): (PlanHead, _) = read_plan(&options.plan)?;
    known(head.campaign)?;
    Ok((head, targets))
}

fn known(version: u32) -> Result<(), ClientFailure> {
    if version == PLAN_VERSION {
        return Ok(());
    }
    Err(ClientFailure::Record(format!("plans of version {version} are not known here")))
}

fn has_objects<L>(targets: &[(CampaignTarget, L)]) -> bool {
    targets.iter().any(|(target, _)| target.kind() == TargetKind::Object)
}
