//! How long imported material is to be kept.

use dispatch::Fault;
use model::{Timestamp, kms::ExpirationModelType};

use crate::{faults, limits::IMPORT_VALID_DAYS};

/// When material expires that is imported `now`; `None` for never. It expires unless the caller says otherwise.
pub(crate) fn expiry(
    model: Option<ExpirationModelType>,
    valid_to: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    match (model.unwrap_or(ExpirationModelType::KeyMaterialExpires), valid_to) {
        (ExpirationModelType::KeyMaterialDoesNotExpire, None) => Ok(None),
        (ExpirationModelType::KeyMaterialDoesNotExpire, Some(_)) => Err(faults::validation(
            "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
        )),
        (ExpirationModelType::KeyMaterialExpires, None) => Err(faults::validation(
            "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
        )),
        (ExpirationModelType::KeyMaterialExpires, Some(at)) if at <= now => {
            Err(faults::validation("ValidTo must be in the future"))
        }
        (ExpirationModelType::KeyMaterialExpires, Some(at)) if at > now.plus_days(IMPORT_VALID_DAYS) => {
            Err(faults::validation(format!("ValidTo must be at most {IMPORT_VALID_DAYS} days in the future")))
        }
        (ExpirationModelType::KeyMaterialExpires, Some(at)) => Ok(Some(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_needed_unless_the_material_stays() {
        use ExpirationModelType::{KeyMaterialDoesNotExpire as Stays, KeyMaterialExpires as Expires};
        let now = Timestamp::from_millis(1_000);
        let (soon, last) = (Timestamp::from_millis(1_001), now.plus_days(365));
        for (model, valid_to, expected) in [
            (Some(Stays), None, Some(None)),
            (Some(Stays), Some(soon), None),
            (Some(Expires), None, None),
            (None, None, None),
            (None, Some(now), None),
            (None, Some(soon), Some(Some(soon))),
            (Some(Expires), Some(last), Some(Some(last))),
            (Some(Expires), Some(Timestamp::from_millis(last.as_millis() + 1)), None),
        ] {
            assert_eq!(expiry(model, valid_to, now).ok(), expected, "{model:?} {valid_to:?}");
        }
    }
}
