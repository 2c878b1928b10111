//! Tags: their rules and AWS's words for what breaks them.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>

use dispatch::Fault;
use model::{iam::Tag, is_reserved_tag_key};

use crate::{
    entities::Tags,
    faults::{self, INVALID_INPUT},
    limits::TAGS,
};

/// The tags of a request. Lengths were checked with the model's constraints.
pub(crate) fn parse(sent: Option<&[Tag]>) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for tag in sent.unwrap_or_default() {
        check_key(&tag.key)?;
        if find(&tags, &tag.key).is_some() {
            return Err(Fault::new(
                &INVALID_INPUT,
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        tags.insert(tag.key.clone(), tag.value.clone());
    }
    Ok(tags)
}

/// New tags over old ones. Keys are compared without regard to case, and the new spelling stays.
pub(crate) fn merge(tags: &mut Tags, new: &Tags) -> Result<(), Fault> {
    for (key, value) in new {
        remove(tags, key);
        tags.insert(key.clone(), value.clone());
    }
    if tags.len() > TAGS {
        return Err(Fault::new(
            &faults::LIMIT_EXCEEDED,
            format!("The number of tags has reached the maximum limit of {TAGS}."),
        ));
    }
    Ok(())
}

/// Takes tags off; those that are not there do not matter.
pub(crate) fn remove_all(tags: &mut Tags, keys: &[String]) {
    keys.iter().for_each(|key| remove(tags, key));
}

/// As answers carry them; nothing when there are none.
pub(crate) fn shown(tags: &Tags) -> Option<Vec<Tag>> {
    (!tags.is_empty()).then(|| list(tags))
}

/// As listings carry them.
pub(crate) fn list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

fn remove(tags: &mut Tags, key: &str) {
    if let Some(known) = find(tags, key) {
        tags.remove(&known);
    }
}

fn find(tags: &Tags, key: &str) -> Option<String> {
    tags.keys().find(|known| known.eq_ignore_ascii_case(key)).cloned()
}

fn check_key(key: &str) -> Result<(), Fault> {
    if is_reserved_tag_key(key) {
        return Err(Fault::new(
            &INVALID_INPUT,
            "System tags cannot be added/updated/removed. Tag keys beginning with aws: are reserved.",
        ));
    }
    Ok(())
}
