//! The words that policies can use: actions from the services' operations, condition keys from a table.

use super::keys::{KEYS, Key};
use crate::ConditionKey;

/// Actions that no operation is called like.
const PERMISSION_ONLY: [&str; 7] = [
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:SynchronizeMultiRegionKey",
    "iam:PassRole",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
];
/// Operations that are no action, because other actions are asked for instead.
const NO_ACTION: [&str; 1] = ["kms:ReEncrypt"];
/// Words that differ in more than a third of their letters are not meant for each other.
const LETTERS_PER_MISTAKE: usize = 3;

/// The words that policies can use here.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    services: Vec<&'static str>,
    actions: Vec<String>,
    partition: Option<String>,
}

impl Vocabulary {
    /// From services, each with its prefix in actions, such as `kms`, and the names of its operations.
    #[must_use]
    pub fn new(services: &[(&'static str, &[&str])]) -> Self {
        let prefixes: Vec<&'static str> = services.iter().map(|(prefix, _)| *prefix).collect();
        let operations = services
            .iter()
            .flat_map(|(prefix, names)| names.iter().map(move |name| format!("{prefix}:{name}")))
            .filter(|action| !NO_ACTION.contains(&action.as_str()));
        let only = PERMISSION_ONLY
            .iter()
            .filter(|action| action.split_once(':').is_some_and(|(prefix, _)| prefixes.contains(&prefix)));
        let mut actions: Vec<String> = operations.chain(only.map(ToString::to_string)).collect();
        actions.sort_unstable();
        Self { services: prefixes, actions, partition: None }
    }

    /// The same, in a deployment of one partition: ARNs of another are mistakes. Without it, those of all partitions that
    /// there are may be meant.
    #[must_use]
    pub fn in_partition(self, partition: &str) -> Self {
        Self { partition: Some(partition.to_owned()), ..self }
    }

    /// The partition of the deployment, if it is known.
    pub(super) fn partition(&self) -> Option<&str> {
        self.partition.as_deref()
    }

    /// Whether a service is one of those here; patterns for services are.
    pub(super) fn has_service(&self, prefix: &str) -> bool {
        prefix.contains(['*', '?']) || self.services.iter().any(|known| known.eq_ignore_ascii_case(prefix))
    }

    /// Every action.
    pub(super) fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().map(String::as_str)
    }

    /// What a condition key means; `None` for one that does not exist.
    pub(super) fn key(key: &ConditionKey) -> Option<&'static Key> {
        KEYS.iter().find(|known| match (known.family(), key.variable()) {
            (None, None) => known.name.eq_ignore_ascii_case(key.name()),
            (Some((stem, Some(_))), Some(_)) => stem.eq_ignore_ascii_case(key.name()),
            // `kms:RecipientAttestation:PCR<number>`, whose parts nothing separates.
            (Some((stem, None)), None) => key
                .name()
                .split_at_checked(stem.len())
                .is_some_and(|(start, rest)| start.eq_ignore_ascii_case(stem) && !rest.is_empty()),
            _ => false,
        })
    }

    /// Whether condition keys of this prefix are known, so that others of it do not exist.
    pub(super) fn knows_keys_of(prefix: &str) -> bool {
        KEYS.iter()
            .any(|key| key.name.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(prefix)))
    }
}

/// The word that may have been meant.
pub(super) fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_ascii_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&wanted, &known.to_ascii_lowercase());
    let best = words.min_by_key(|known| distance(known))?;
    (distance(best).saturating_mul(LETTERS_PER_MISTAKE) <= wanted.chars().count()).then_some(best)
}
