//! Tags of keys: their rules and AWS's words for what breaks them.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html>

use std::collections::{BTreeMap, BTreeSet};

use dispatch::Fault;
use model::{is_reserved_tag_key, is_tag_text, kms::Tag};

use crate::{faults::TAG, limits::TAGS_PER_KEY};

/// Tags by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// The tags of a request. Lengths were checked with the model's constraints.
pub(crate) fn parse(sent: &[Tag]) -> Result<Tags, Fault> {
    let tags: Tags = sent.iter().map(|tag| (tag.tag_key.clone(), tag.tag_value.clone())).collect();
    if tags.len() != sent.len() {
        return Err(Fault::new(&TAG, "Duplicate tag keys"));
    }
    check(&tags)
}

/// Tags that no request has brought.
pub(crate) fn check(tags: &Tags) -> Result<Tags, Fault> {
    check_reserved(tags.keys())?;
    if !tags.iter().all(|(key, value)| is_tag_text(key) && is_tag_text(value)) {
        return Err(Fault::new(
            &TAG,
            "Tag keys and values can have letters, digits, white space and _ . : / = + - @, and no other characters.",
        ));
    }
    check_count(tags)?;
    Ok(tags.clone())
}

/// The tag keys of a request that removes them. Their characters do not matter: a key may have tags from before they did.
pub(crate) fn check_keys(sent: &[String]) -> Result<(), Fault> {
    if sent.iter().collect::<BTreeSet<_>>().len() != sent.len() {
        return Err(Fault::new(&TAG, "Duplicate tag keys"));
    }
    check_reserved(sent.iter())
}

/// New tags over old ones.
pub(crate) fn merge(old: &Tags, new: Tags) -> Result<Tags, Fault> {
    let mut merged = old.clone();
    merged.extend(new);
    check_count(&merged)?;
    Ok(merged)
}

fn check_count(tags: &Tags) -> Result<(), Fault> {
    if tags.len() > TAGS_PER_KEY {
        return Err(Fault::new(&TAG, "Too many tags"));
    }
    Ok(())
}

fn check_reserved<'a>(mut keys: impl Iterator<Item = &'a String>) -> Result<(), Fault> {
    if keys.any(|key| is_reserved_tag_key(key)) {
        return Err(Fault::new(&TAG, "Tags beginning with aws: are reserved"));
    }
    Ok(())
}
