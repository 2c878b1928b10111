//! Records as auditors read them: pure functions from the journal's records to CloudTrail's events.
//!
//! A record is what happened, once. An [`Event`] is what one account is shown of it: a call on another account's key is
//! one record and two events. Nothing here reads a file or knows the time.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html>

mod event;
mod identity;
mod resource;
mod shown;

pub use event::{Event, EventId, events};
pub use identity::UserIdentity;
pub use resource::EventResource;
pub use shown::ShownMembers;
