//! `campaign plan`: finds what is under a key, and writes a plan.

use std::collections::BTreeMap;

use super::{
    access::TargetAccess,
    finding::{PassedOver, find},
    goal::{CampaignGoal, TargetVerdict},
    keys::{described, usable},
    lines::{LineWriter, PLAN_VERSION, PlanHead, PlanLine},
    moment::moment,
    options::PlanOptions,
    target::{CampaignTarget, TargetEnvelope, TargetKind},
};
use crate::ending::{ClientFailure, NOT_ALL_DONE, say};

/// Writes a plan.
///
/// # Errors
/// [`ClientFailure`].
pub(crate) fn plan(access: &TargetAccess<'_>, options: &PlanOptions) -> Result<u8, ClientFailure> {
    let client = access.client;
    let from = usable(described(client, &options.from)?)?;
    let to = match &options.to {
        Some(to) => usable(described(client, to)?)?,
        None => from.clone(),
    };
    let goal = CampaignGoal { from: from.arn, to: to.arn, material: to.material };
    let id = client.unique();
    let head = PlanHead {
        campaign: PLAN_VERSION,
        id: id.clone(),
        goal: goal.clone(),
        made: moment(client.now_seconds()),
    };
    let mut out = LineWriter::begin(&options.out, &id, &head)?;
    let mut counts = PlanCounts::default();
    let passed = find(access, &options.places, &mut |target, envelope| match counts
        .line(&goal, &target, &envelope)
    {
        Some(line) => out.add(&line),
        None => Ok(()),
    })?;
    out.finish()?;
    counts.tell(&goal, &passed);
    Ok(if passed.unreadable > 0 { NOT_ALL_DONE } else { 0 })
}

/// How many targets there are.
#[derive(Debug, Default)]
struct PlanCounts {
    planned: BTreeMap<TargetKind, u64>,
    cannot: u64,
    already: u64,
    elsewhere: u64,
}

impl PlanCounts {
    /// The line of a target, if something is to be done with it or cannot be done.
    fn line(
        &mut self,
        goal: &CampaignGoal,
        target: &CampaignTarget,
        envelope: &TargetEnvelope,
    ) -> Option<PlanLine> {
        let kind = target.kind();
        let will = match goal.verdict(envelope) {
            TargetVerdict::Move => {
                *self.planned.entry(kind).or_default() += 1;
                action(kind).to_owned()
            }
            TargetVerdict::Cannot(why) => {
                self.cannot += 1;
                format!("nothing: {why}")
            }
            TargetVerdict::Already => {
                self.already += 1;
                return None;
            }
            TargetVerdict::Elsewhere => {
                self.elsewhere += 1;
                return None;
            }
        };
        let way = envelope.ways.iter().find(|way| way.key == goal.from)?;
        let (key, material) = (way.key.clone(), way.material.clone());
        Some(PlanLine { kind, place: target.to_string(), key, material, will })
    }

    fn tell(&self, goal: &CampaignGoal, passed: &PassedOver) {
        let planned = |kind: &TargetKind| {
            format!("{} {}", kind.plural(), self.planned.get(kind).copied().unwrap_or_default())
        };
        let planned = TargetKind::ALL.iter().map(planned).collect::<Vec<_>>().join(", ");
        let CampaignGoal { from, to, .. } = goal;
        if from == to {
            say(&format_args!("planned: {planned} to the newest material of {to}"));
        } else {
            say(&format_args!("planned: {planned} from {from} to {to}"));
        }
        let Self { cannot, already, elsewhere, .. } = self;
        let PassedOver { others, unreadable } = passed;
        say(&format_args!(
            "{cannot} cannot be, {already} are there already, {elsewhere} are under other keys, {others} are something else, \
             {unreadable} could not be read"
        ));
    }
}

/// What is done with targets of a kind.
fn action(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Record => "ReEncrypt",
        TargetKind::SealedFile => "seal anew",
        TargetKind::Volume => "ReEncrypt in the header",
        TargetKind::Object => "UpdateObjectEncryption",
    }
}
