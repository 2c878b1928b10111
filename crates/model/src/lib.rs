//! The vocabulary of the AWS APIs that Keywright speaks: shapes, constraints and names.
//!
//! `kms`, `sts`, `iam`, `tagging` and `cloudtrail` are generated from AWS's published service models (`cargo xtask shapes`),
//! and `keywright` from a model of the same form; behaviour is not. An input is decoded loosely and then checked into a form in which what is required is there and
//! what is enumerated is an enum ([`shape::parse`]); what is wrong is said in AWS's words ([`constraint`]).

#[macro_use]
mod declare;

pub mod arn;
mod aws_service;
mod blob;
#[rustfmt::skip]
pub mod cloudtrail;
pub mod constraint;
mod entries;
#[rustfmt::skip]
pub mod iam;
mod key_spec;
#[rustfmt::skip]
pub mod keywright;
#[rustfmt::skip]
pub mod kms;
mod listed;
mod number;
mod revealed;
pub mod shape;
pub mod shown;
#[rustfmt::skip]
pub mod sts;
mod tag_text;
#[rustfmt::skip]
pub mod tagging;
mod timestamp;
mod violations;

pub use aws_service::AwsService;
pub use blob::Blob;
pub use key_spec::Algorithm;
pub use shape::Nothing;
pub use tag_text::{is_reserved_tag_key, is_tag_text};
pub use timestamp::Timestamp;

/// The operations of all services, by the prefixes that their actions have in policies.
pub const OPERATIONS: &[(&str, &[&str])] = &[
    ("kms", kms::OPERATION_NAMES),
    ("iam", iam::OPERATION_NAMES),
    ("sts", sts::OPERATION_NAMES),
    ("tag", tagging::OPERATION_NAMES),
    ("cloudtrail", cloudtrail::OPERATION_NAMES),
    ("keywright", keywright::OPERATION_NAMES),
];
