//! The faults of CloudTrail, in AWS's words.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html#API_LookupEvents_Errors>

use audit::JournalError;
use dispatch::{Fault, FaultKind, NoPage};
use model::Timestamp;

macro_rules! kinds {
    ($($name:ident = $wire:literal $status:literal),* $(,)?) => {
        $(#[doc = $wire] static $name: FaultKind = FaultKind {
            json: $wire, query: $wire, json_status: $status, query_status: $status,
        };)*
    };
}

kinds! {
    INVALID_LOOKUP_ATTRIBUTES = "InvalidLookupAttributesException" 400,
    INVALID_NEXT_TOKEN = "InvalidNextTokenException" 400,
    INVALID_TIME_RANGE = "InvalidTimeRangeException" 400,
    SERVICE_UNAVAILABLE = "ServiceUnavailableException" 503,
}

pub(crate) fn too_many_attributes() -> Fault {
    Fault::new(&INVALID_LOOKUP_ATTRIBUTES, "You can only specify one lookup attribute.")
}

pub(crate) fn time_range() -> Fault {
    Fault::new(&INVALID_TIME_RANGE, "The start time must be before the end time.")
}

pub(crate) fn no_page(why: NoPage) -> Fault {
    match why {
        NoPage::InvalidMarker => invalid_token(),
        NoPage::Strongroom(refused) => Fault::internal(refused.to_string()),
    }
}

pub(crate) fn invalid_token() -> Fault {
    Fault::new(&INVALID_NEXT_TOKEN, "The token is invalid, or was made for another lookup.")
}

/// The index does not reach as far back as the lookup asks. Clients try again.
pub(crate) fn reaches_back_to(reached: Option<Timestamp>) -> Fault {
    let text = match reached {
        Some(time) => format!(
            "The index of events is being made, and reaches back to {} so far. Look up later events, or try again.",
            time.to_iso8601()
        ),
        None => "The index of events is being made. Try again.".to_owned(),
    };
    Fault::new(&SERVICE_UNAVAILABLE, text)
}

pub(crate) fn unreadable(error: &JournalError) -> Fault {
    Fault::internal(format!("the journal cannot be read: {error}"))
}
