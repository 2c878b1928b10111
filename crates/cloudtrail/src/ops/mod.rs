//! The operations.

mod create_trail;
mod delete_trail;
mod describe_trails;
mod event_selectors;
mod get_trail;
mod get_trail_status;
mod list_public_keys;
mod list_trails;
mod logging;
mod lookup_events;
mod tags;
mod update_trail;

use dispatch::Row;

use crate::Trails;

/// Every operation, sorted by name.
pub(crate) static TABLE: &[Row<Trails>] = &[
    Row::of::<tags::AddTags>(),
    Row::of::<create_trail::CreateTrail>(),
    Row::of::<delete_trail::DeleteTrail>(),
    Row::of::<describe_trails::DescribeTrails>(),
    Row::of::<event_selectors::GetEventSelectors>(),
    Row::of::<get_trail::GetTrail>(),
    Row::of::<get_trail_status::GetTrailStatus>(),
    Row::of::<list_public_keys::ListPublicKeys>(),
    Row::of::<tags::ListTags>(),
    Row::of::<list_trails::ListTrails>(),
    Row::of::<lookup_events::LookupEvents>(),
    Row::of::<event_selectors::PutEventSelectors>(),
    Row::of::<tags::RemoveTags>(),
    Row::of::<logging::StartLogging>(),
    Row::of::<logging::StopLogging>(),
    Row::of::<update_trail::UpdateTrail>(),
];
