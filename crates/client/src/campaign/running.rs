//! `campaign run`: does what a plan says, target by target.

use super::{
    access::TargetAccess,
    goal::{CampaignGoal, Moved},
    journal::{CampaignJournal, FateKind, TargetFate},
    keys::{described, usable},
    lines::{PlanHead, PlanLine},
    moment::moment,
    options::RunOptions,
    progress::RunProgress,
    report::CampaignReport,
    target::CampaignTarget,
};
use crate::ending::{ClientFailure, NOT_ALL_DONE, say};

/// Does what a plan says. What stops it is told after the report.
///
/// # Errors
/// [`ClientFailure`].
pub(crate) fn run(
    access: &TargetAccess<'_>,
    options: &RunOptions,
    head: &PlanHead,
    targets: &[(CampaignTarget, PlanLine)],
) -> Result<u8, ClientFailure> {
    let mut journal = CampaignJournal::open(&options.plan, &head.id)?;
    let stopped = all(access, head, targets, &mut journal);
    let client = access.client;
    let report = CampaignReport::of(head, targets, &journal, moment(client.now_seconds()));
    report.tell();
    if let Some(file) = &options.report {
        report.write(file, &client.unique())?;
    }
    if let Err(failure) = stopped {
        say(&format_args!("stopped; `campaign resume {}` goes on", options.plan.display()));
        return Err(failure);
    }
    Ok(if report.is_all_done() { 0 } else { NOT_ALL_DONE })
}

/// All targets that are not settled.
///
/// # Errors
/// What stops it: the next target would meet the same.
fn all(
    access: &TargetAccess<'_>,
    head: &PlanHead,
    targets: &[(CampaignTarget, PlanLine)],
    journal: &mut CampaignJournal,
) -> Result<(), ClientFailure> {
    let client = access.client;
    let goal = present(access, &head.goal)?;
    let settled = targets.iter().filter(|(_, line)| journal.is_settled(&line.place)).count();
    let mut progress = RunProgress::begin(targets.len(), settled, client.elapsed());
    let done = targets.iter().try_for_each(|(target, line)| {
        if journal.is_settled(&line.place) {
            return Ok(());
        }
        let fate = one(access, &goal, target, &head.id)?;
        let failed = fate.became == FateKind::Failed;
        journal.note(&line.place, fate)?;
        progress.step(failed, client.elapsed());
        Ok(())
    });
    progress.end(client.elapsed());
    done
}

/// One target.
///
/// # Errors
/// What the next target would meet too.
fn one(
    access: &TargetAccess<'_>,
    goal: &CampaignGoal,
    target: &CampaignTarget,
    unique: &str,
) -> Result<TargetFate, ClientFailure> {
    let fate = |became, why| Ok(TargetFate { became, why });
    match access.put_under(target, goal, unique) {
        Ok(Moved::Done) => fate(FateKind::Done, None),
        Ok(Moved::Already) => fate(FateKind::Already, None),
        Ok(Moved::Cannot(why)) => fate(FateKind::Cannot, Some(why)),
        Err(failure) if failure.is_of_all() => Err(failure),
        Err(failure) => {
            if failure.is_of_key() {
                // Of the target's own key, or of one of the campaign's, without which nothing goes on.
                present(access, goal)?;
            }
            fate(FateKind::Failed, Some(failure.to_string()))
        }
    }
}

/// The goal with the newest material, if both keys can be used now.
fn present(access: &TargetAccess<'_>, goal: &CampaignGoal) -> Result<CampaignGoal, ClientFailure> {
    let CampaignGoal { from, to, .. } = goal;
    let newest = usable(described(access.client, to)?)?;
    if from != to {
        usable(described(access.client, from)?)?;
    }
    Ok(CampaignGoal { material: newest.material, ..goal.clone() })
}
