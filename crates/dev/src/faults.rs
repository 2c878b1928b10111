//! Calls that fail on purpose, so that clients' retries can be tested.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dispatch::{Fault, FaultKind, fault};
use serde::{Deserialize, Serialize};

use crate::span;

/// What happens to some calls of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Name of the operation, or `*` for all.
    pub(crate) operation: String,
    /// Code of the error to answer with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Its text; AWS's, or none, if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// How long to wait first, as a span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<String>,
    /// Calls that pass before it begins.
    #[serde(default)]
    pub(crate) after: u64,
    /// Calls that it then strikes; all if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u64>,
}

/// The rules that are in force.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Rule>>);

/// What happens to one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Strike {
    /// Waited first.
    pub(crate) delay: Duration,
    /// Answered instead.
    pub(crate) fault: Option<Fault>,
}

/// An error that this can answer with, and AWS's text for it.
struct Known {
    kind: FaultKind,
    text: Option<&'static str>,
}

const fn known(
    json: &'static str,
    query: &'static str,
    json_status: u16,
    query_status: u16,
    text: Option<&'static str>,
) -> Known {
    Known { kind: FaultKind { json, query, json_status, query_status }, text }
}

const fn same(name: &'static str, status: u16) -> Known {
    known(name, name, status, status, None)
}

/// Errors that clients meet, those that they retry among them.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>
static KNOWN: [Known; 14] = [
    known(
        "ThrottlingException",
        "Throttling",
        400,
        400,
        Some("You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."),
    ),
    known("KMSInternalException", "InternalFailure", 500, 500, None),
    same("DependencyTimeoutException", 500),
    same("KeyUnavailableException", 500),
    known("ServiceUnavailableException", "ServiceUnavailable", 503, 503, None),
    known("RequestTimeoutException", "RequestTimeout", 400, 400, None),
    known("ExpiredTokenException", "ExpiredToken", 400, 403, None),
    known("UnrecognizedClientException", "InvalidClientTokenId", 400, 403, None),
    same("LimitExceededException", 400),
    same("KMSInvalidStateException", 400),
    same("DisabledException", 400),
    same("NotFoundException", 400),
    same("InvalidCiphertextException", 400),
    known("AccessDeniedException", "AccessDenied", 400, 403, None),
];

impl Rule {
    /// What is wrong with it, in words.
    pub(crate) fn check(&self, operations: &[&'static str]) -> Result<(), String> {
        if self.operation != "*" && !operations.contains(&self.operation.as_str()) {
            let meant = server::nearest(&self.operation, operations.iter().copied());
            return Err(unknown("operation", &self.operation, meant));
        }
        if let Some(error) = &self.error
            && find(error).is_none()
        {
            let codes = || KNOWN.iter().map(|known| known.kind.json);
            let meant = server::nearest(error, codes());
            let all = codes().collect::<Vec<_>>().join(", ");
            return Err(format!("{}; there are: {all}", unknown("error", error, meant)));
        }
        if let Some(delay) = &self.delay
            && span::parse(delay).is_none()
        {
            return Err(format!("delay `{delay}`: expected {}", span::EXPECTED));
        }
        if self.error.is_none() && self.delay.is_none() {
            return Err("a fault has an `error`, a `delay`, or both".to_owned());
        }
        Ok(())
    }

    fn fault(&self) -> Option<Fault> {
        let known = find(self.error.as_deref()?)?;
        // Whether the text is written `message` or `Message` follows from this kind.
        let kind =
            if known.kind.json == fault::ACCESS_DENIED.json { &fault::ACCESS_DENIED } else { &known.kind };
        let text = self.message.clone().or_else(|| known.text.map(str::to_owned));
        let fault = text.map_or_else(|| Fault::silent(kind), |text| Fault::new(kind, text));
        Some(fault.with_detail("a fault that was asked for"))
    }
}

impl Faults {
    /// Adds rules that were checked.
    pub(crate) fn add(&self, rules: Vec<Rule>) {
        self.rules().extend(rules);
    }

    /// Removes all.
    pub(crate) fn clear(&self) {
        self.rules().clear();
    }

    /// Those in force, with the calls that they still wait for and still strike.
    pub(crate) fn list(&self) -> Vec<Rule> {
        self.rules().clone()
    }

    /// What happens to the next call of an operation. Delays add up; the first error counts.
    pub(crate) fn strike(&self, operation: &str) -> Strike {
        let mut strike = Strike::default();
        let mut rules = self.rules();
        for rule in rules.iter_mut().filter(|rule| rule.operation == "*" || rule.operation == operation) {
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            if let Some(times) = &mut rule.times {
                *times = times.saturating_sub(1);
            }
            strike.delay += rule.delay.as_deref().and_then(span::parse).unwrap_or_default();
            strike.fault = strike.fault.or_else(|| rule.fault());
        }
        rules.retain(|rule| rule.times != Some(0));
        strike
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(code: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.kind.json == code || known.kind.query == code)
}

fn unknown(what: &str, name: &str, meant: Option<&str>) -> String {
    match meant {
        Some(meant) => format!("there is no {what} `{name}`; did you mean `{meant}`?"),
        None => format!("there is no {what} `{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Rule {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says() {
        let faults = Faults::default();
        faults
            .add(vec![rule(r#"{"operation":"Encrypt","error":"ThrottlingException","after":1,"times":2}"#)]);
        let codes: Vec<_> =
            (0..5).map(|_| faults.strike("Encrypt").fault.map(|fault| fault.kind.json)).collect();
        let throttled = Some("ThrottlingException");
        assert_eq!(codes, [None, throttled, throttled, None, None]);
        assert_eq!(faults.strike("Decrypt"), Strike::default());
        assert!(faults.list().is_empty());
    }

    #[test]
    fn delays_add_up_and_the_first_error_counts() {
        let faults = Faults::default();
        faults.add(vec![
            rule(r#"{"operation":"*","delay":"10ms"}"#),
            rule(r#"{"operation":"Sign","delay":"5ms","error":"KMSInternalException","message":"now"}"#),
            rule(r#"{"operation":"*","error":"DisabledException"}"#),
        ]);
        let strike = faults.strike("Sign");
        assert_eq!(strike.delay, Duration::from_millis(15));
        let fault = strike.fault.unwrap();
        assert_eq!((fault.kind.json_status, fault.message.as_deref()), (500, Some("now")));
        faults.clear();
        assert_eq!(faults.strike("Sign"), Strike::default());
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_right() {
        for (json, expected) in [
            (r#"{"operation":"Encript","delay":"1s"}"#, "did you mean `Encrypt`?"),
            (r#"{"operation":"*","error":"Throttle"}"#, "ThrottlingException"),
            (r#"{"operation":"*","delay":"1 second"}"#, "250ms"),
            (r#"{"operation":"*"}"#, "an `error`, a `delay`, or both"),
        ] {
            let message = rule(json).check(&["Decrypt", "Encrypt"]).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
