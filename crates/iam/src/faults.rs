//! The faults of IAM, in AWS's words.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>

use dispatch::{Fault, FaultKind, fault};
use policy::Malformed;

use crate::entities::EntityKind;

macro_rules! kinds {
    ($($name:ident = $model:literal, $wire:literal, $status:literal);* $(;)?) => {
        $(#[doc = $wire] pub(crate) static $name: FaultKind = FaultKind {
            json: $model, query: $wire, json_status: $status, query_status: $status,
        };)*
    };
}

kinds! {
    DELETE_CONFLICT = "DeleteConflictException", "DeleteConflict", 409;
    ENTITY_ALREADY_EXISTS = "EntityAlreadyExistsException", "EntityAlreadyExists", 409;
    INVALID_INPUT = "InvalidInputException", "InvalidInput", 400;
    LIMIT_EXCEEDED = "LimitExceededException", "LimitExceeded", 409;
    MALFORMED_POLICY = "MalformedPolicyDocumentException", "MalformedPolicyDocument", 400;
    UNMODIFIABLE_ENTITY = "UnmodifiableEntityException", "UnmodifiableEntity", 400;
    NO_SUCH_ENTITY = "NoSuchEntityException", "NoSuchEntity", 404;
}

pub(crate) fn no_such(message: String) -> Fault {
    Fault::new(&NO_SUCH_ENTITY, message)
}

/// A user, group or role that does not exist.
pub(crate) fn no_entity(kind: EntityKind, name: &str) -> Fault {
    no_such(format!("The {} with name {name} cannot be found.", kind.as_str()))
}

pub(crate) fn no_policy(arn: &str) -> Fault {
    no_such(format!("Policy {arn} was not found."))
}

pub(crate) fn no_profile(name: &str) -> Fault {
    no_such(format!("Instance Profile {name} cannot be found."))
}

pub(crate) fn no_provider(arn: &str) -> Fault {
    no_such(format!("OpenIDConnect Provider not found for arn {arn}"))
}

/// There is something with this name already.
pub(crate) fn exists(what: &str, name: &str) -> Fault {
    Fault::new(&ENTITY_ALREADY_EXISTS, format!("{what} with name {name} already exists."))
}

/// Something stands against a deletion; `what` ends the sentence, as `must delete policies first`.
pub(crate) fn conflict(what: &str) -> Fault {
    Fault::new(&DELETE_CONFLICT, format!("Cannot delete entity, {what}."))
}

/// A quota would be exceeded.
pub(crate) fn quota(name: &str, limit: usize) -> Fault {
    Fault::new(&LIMIT_EXCEEDED, format!("Cannot exceed quota for {name}: {limit}"))
}

/// A role that is linked to a service of AWS.
pub(crate) fn protected(role: &str) -> Fault {
    let text = format!(
        "Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
    );
    Fault::new(&UNMODIFIABLE_ENTITY, text)
}

/// Something in the request cannot be.
pub(crate) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(&INVALID_INPUT, message)
}

pub(crate) fn validation(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(&fault::VALIDATION, message)
}

/// The strongroom refuses.
pub(crate) fn sealed() -> Fault {
    Fault::internal("the strongroom is sealed")
}

/// A text is no policy of the kind that is wanted. What exactly is wrong stands in the record.
pub(crate) fn malformed(malformed: &Malformed) -> Fault {
    Fault::new(&MALFORMED_POLICY, malformed.words_of_iam()).with_detail(malformed.to_string())
}
