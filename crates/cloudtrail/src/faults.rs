//! The faults of CloudTrail, in AWS's words where they are known.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/CommonErrors.html>

use audit::JournalError;
use dispatch::{Fault, FaultKind, NoPage};
use model::{
    Timestamp,
    arn::{AccountId, Region},
};
use strongroom::Refused;

use crate::trail_id::TrailId;

macro_rules! kinds {
    ($($name:ident = $wire:literal $status:literal),* $(,)?) => {
        $(#[doc = $wire] static $name: FaultKind = FaultKind {
            json: $wire, query: $wire, json_status: $status, query_status: $status,
        };)*
    };
}

kinds! {
    ARN_INVALID = "CloudTrailARNInvalidException" 400,
    INSUFFICIENT_SNS_TOPIC_POLICY = "InsufficientSnsTopicPolicyException" 400,
    INVALID_EVENT_SELECTORS = "InvalidEventSelectorsException" 400,
    INVALID_HOME_REGION = "InvalidHomeRegionException" 400,
    INVALID_KMS_KEY_ID = "InvalidKmsKeyIdException" 400,
    INVALID_LOOKUP_ATTRIBUTES = "InvalidLookupAttributesException" 400,
    INVALID_NEXT_TOKEN = "InvalidNextTokenException" 400,
    INVALID_PARAMETER_COMBINATION = "InvalidParameterCombinationException" 400,
    INVALID_S3_PREFIX = "InvalidS3PrefixException" 400,
    INVALID_TAG_PARAMETER = "InvalidTagParameterException" 400,
    INVALID_TIME_RANGE = "InvalidTimeRangeException" 400,
    INVALID_TOKEN = "InvalidTokenException" 400,
    INVALID_TRAIL_NAME = "InvalidTrailNameException" 400,
    MAXIMUM_NUMBER_OF_TRAILS = "MaximumNumberOfTrailsExceededException" 400,
    RESOURCE_NOT_FOUND = "ResourceNotFoundException" 400,
    S3_BUCKET_DOES_NOT_EXIST = "S3BucketDoesNotExistException" 400,
    SERVICE_UNAVAILABLE = "ServiceUnavailableException" 503,
    TAGS_LIMIT = "TagsLimitExceededException" 400,
    TRAIL_ALREADY_EXISTS = "TrailAlreadyExistsException" 400,
    TRAIL_NOT_FOUND = "TrailNotFoundException" 400,
    UNSUPPORTED_OPERATION = "UnsupportedOperationException" 400,
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
        NoPage::Strongroom(refused) => strongroom(refused),
    }
}

/// As [`no_page`], of the operations that call such a token by another name.
pub(crate) fn no_list_page(why: NoPage) -> Fault {
    match why {
        NoPage::InvalidMarker => {
            Fault::new(&INVALID_TOKEN, "The token is invalid, or was made for another call.")
        }
        NoPage::Strongroom(refused) => strongroom(refused),
    }
}

pub(crate) fn strongroom(refused: Refused) -> Fault {
    Fault::internal(refused.to_string())
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

pub(crate) fn name(wrong: String) -> Fault {
    Fault::new(&INVALID_TRAIL_NAME, wrong)
}

pub(crate) fn no_arn(sent: &str) -> Fault {
    Fault::new(&ARN_INVALID, format!("{sent} is not the ARN of a trail."))
}

pub(crate) fn unknown(sent: &str, account: AccountId) -> Fault {
    Fault::new(&TRAIL_NOT_FOUND, format!("Unknown trail: {sent} for the user: {account}"))
}

pub(crate) fn unknown_resource(arn: &str) -> Fault {
    Fault::new(&RESOURCE_NOT_FOUND, format!("{arn} does not exist."))
}

pub(crate) fn already_exists(id: &TrailId) -> Fault {
    Fault::new(
        &TRAIL_ALREADY_EXISTS,
        format!("Trail {} already exists for customer: {}", id.name, id.account),
    )
}

pub(crate) fn too_many_trails(account: AccountId, region: &Region, most: usize) -> Fault {
    Fault::new(&MAXIMUM_NUMBER_OF_TRAILS, format!("User: {account} already has {most} trails in {region}."))
}

pub(crate) fn not_at_home(id: &TrailId) -> Fault {
    Fault::new(
        &INVALID_HOME_REGION,
        format!("The home Region of the trail {} is {}. Change it there.", id.arn(), id.home),
    )
}

pub(crate) fn other_region(here: &Region) -> Fault {
    Fault::new(
        &ARN_INVALID,
        format!("Region in ARN is wrong, you can only access resources in region {here}."),
    )
}

pub(crate) fn no_bucket(bucket: &str) -> Fault {
    Fault::new(&S3_BUCKET_DOES_NOT_EXIST, format!("S3 bucket {bucket} does not exist!"))
}

pub(crate) fn prefix(wrong: &'static str) -> Fault {
    Fault::new(&INVALID_S3_PREFIX, wrong)
}

pub(crate) fn global_services() -> Fault {
    Fault::new(&INVALID_PARAMETER_COMBINATION, "Multi-Region trail must include global service events.")
}

pub(crate) fn kms_key() -> Fault {
    Fault::new(&INVALID_KMS_KEY_ID, "The KMS key is named by its id, ARN, alias name or alias ARN.")
}

pub(crate) fn topic() -> Fault {
    Fault::new(&INSUFFICIENT_SNS_TOPIC_POLICY, "SNS Topic does not exist or the topic policy is incorrect!")
}

/// AWS offers it, and nothing here does.
pub(crate) fn unsupported(what: &str) -> Fault {
    Fault::new(&UNSUPPORTED_OPERATION, format!("{what} is not offered."))
}

pub(crate) fn selectors(wrong: &'static str) -> Fault {
    Fault::new(&INVALID_EVENT_SELECTORS, wrong)
}

pub(crate) fn tag(wrong: &'static str) -> Fault {
    Fault::new(&INVALID_TAG_PARAMETER, wrong)
}

pub(crate) fn too_many_tags(most: usize) -> Fault {
    Fault::new(&TAGS_LIMIT, format!("A trail has {most} tags at most."))
}
