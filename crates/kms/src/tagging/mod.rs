//! The Resource Groups Tagging API, as far as it is about KMS keys: their tags, read and changed many at a time.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/Welcome.html>

mod failed;
mod get_resources;
mod get_tag_keys;
mod get_tag_values;
mod pages;
mod tag_resources;
mod untag_resources;

use dispatch::Row;

use crate::Kms;

/// Every operation, sorted by name.
pub(crate) static TABLE: &[Row<Kms>] = &[
    Row::of::<get_resources::GetResources>(),
    Row::of::<get_tag_keys::GetTagKeys>(),
    Row::of::<get_tag_values::GetTagValues>(),
    Row::of::<tag_resources::TagResources>(),
    Row::of::<untag_resources::UntagResources>(),
];
