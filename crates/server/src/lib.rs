//! Keywright: a key management service that speaks the AWS KMS API.
//!
//! This crate is the edge and the composition: everything that touches the machine (network, clock, files,
//! randomness, signals) is here. What a request does is in `dispatch`, `kms` and `iam`.

pub mod admin;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod compose;
pub mod config;
pub mod credentials;
pub mod data_dir;
pub mod deployment;
pub mod dev;
pub mod entropy;
pub mod explain;
pub mod hardening;
pub mod health;
pub mod init;
pub mod issuers;
mod keeper;
pub mod keywright;
pub mod lint;
pub mod logging;
pub mod metrics;
pub mod records;
pub mod seal;
pub mod serve;
pub mod start;
