//! What is passed to a session: policies that limit it, and tags.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::collections::BTreeSet;

use dispatch::{Cx, Fault};
use model::{
    arn::Region,
    is_reserved_tag_key,
    sts::{PolicyDescriptorType, Tag},
};
use policy::{Policy, PolicyKind};

use super::faults;
use crate::{entities::Tags, sessions::Claims, tables::Account};

/// Characters of a session policy; with the ARNs of managed ones together.
const POLICY_CHARACTERS: usize = 2_048;
/// Managed policies that are passed.
const POLICY_ARNS: usize = 10;
/// Characters of policies and tags together. AWS limits their packed form, which it does not publish.
const PACKED_CHARACTERS: usize = 6_144;

/// Session tags.
#[derive(Debug, Default)]
pub(crate) struct SessionTags {
    /// Those that were passed.
    pub(crate) passed: Tags,
    /// Those that the caller's session hands on.
    pub(crate) inherited: Tags,
    /// Keys of those that go on to the next role.
    pub(crate) transitive: BTreeSet<String>,
}

impl SessionTags {
    /// From a request.
    ///
    /// # Errors
    /// `InvalidParameterValue` for keys that are there twice, reserved, inherited or not there.
    pub(crate) fn parse(
        cx: &Cx<'_>,
        tags: Option<Vec<Tag>>,
        transitive: Option<Vec<String>>,
    ) -> Result<Self, Fault> {
        let mut folded = BTreeSet::new();
        let mut passed = Tags::new();
        for Tag { key, value } in tags.unwrap_or_default() {
            if is_reserved_tag_key(&key) {
                return Err(faults::invalid("Tag keys that begin with aws: are reserved."));
            }
            if !folded.insert(key.to_ascii_lowercase()) {
                return Err(faults::invalid(
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                ));
            }
            passed.insert(key, value);
        }
        let mut transitive: BTreeSet<String> = transitive.unwrap_or_default().into_iter().collect();
        if !transitive.iter().all(|key| folded.contains(&key.to_ascii_lowercase())) {
            return Err(faults::invalid(
                "The specified transitive tag key must be included in the requested tags.",
            ));
        }
        let mut inherited = Tags::new();
        for key in cx.caller.session.iter().flat_map(|session| &session.transitive_tags) {
            if folded.contains(&key.to_ascii_lowercase()) {
                return Err(faults::invalid(
                    "One of the specified transitive tag keys can't be set because it conflicts with a \
                     transitive tag key from the calling session.",
                ));
            }
            if let Some(value) = cx.caller.tags.get(key) {
                inherited.insert(key.clone(), value.clone());
                transitive.insert(key.clone());
            }
        }
        Ok(Self { passed, inherited, transitive })
    }

    /// Whether a session gets any.
    pub(crate) fn is_empty(&self) -> bool {
        self.passed.is_empty() && self.inherited.is_empty()
    }
}

/// Puts what is passed into the claims of a session in `account`, and tells how much of the room it takes, in
/// per cent; `None` when nothing is passed.
///
/// # Errors
/// `MalformedPolicyDocument`, `PackedPolicyTooLarge`, or `ValidationError` for what is too long or not there.
pub(crate) fn pass(
    claims: &mut Claims,
    (account, region): (&Account, &Region),
    policy: Option<String>,
    arns: Option<Vec<PolicyDescriptorType>>,
    tags: SessionTags,
) -> Result<Option<i32>, Fault> {
    let arns: Vec<String> = arns.unwrap_or_default().into_iter().filter_map(|named| named.arn).collect();
    if arns.len() > POLICY_ARNS {
        return Err(faults::too_long("[…]", "policyArns", POLICY_ARNS));
    }
    if let Some(text) = &policy {
        if text.chars().count() > POLICY_CHARACTERS {
            return Err(faults::too_long(text, "policy", POLICY_CHARACTERS));
        }
        let parsed = Policy::parse(text, PolicyKind::IdentityPolicy);
        parsed
            .and_then(|_| policy::check_partition(text, region.partition().as_str()))
            .map_err(|malformed| faults::malformed(&malformed))?;
    }
    if let Some(arn) = arns.iter().find(|arn| account.policy(arn).is_none()) {
        return Err(faults::validation(format!("Policy {arn} does not exist or is not attachable.")));
    }
    claims.tags = tags.passed;
    claims.tags.extend(tags.inherited);
    claims.transitive_tags = tags.transitive;
    let tagged = claims.tags.iter().map(|(key, value)| key.len() + value.len());
    let used =
        tagged.chain(arns.iter().map(String::len)).chain(policy.as_ref().map(String::len)).sum::<usize>();
    claims.policy = policy;
    claims.policy_arns = arns;
    let percent = (used * 100).div_ceil(PACKED_CHARACTERS);
    if percent > 100 {
        return Err(faults::packed_too_large(percent));
    }
    Ok(i32::try_from(percent).ok().filter(|percent| *percent > 0))
}
