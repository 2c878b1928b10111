//! The evaluator against a second one, written from AWS's rules alone.
//!
//! `naive` is slow and obvious and shares nothing with the crate but the types of its input. Generated policies
//! and questions over small alphabets, so that matches are common, go through both (`agreement`), and so do the
//! scenarios that people wrote (`scenarios`).

#![cfg(test)]

mod agreement;
mod generate;
#[path = "../../../../tests/authorization/load.rs"]
mod load;
mod naive;
mod scenarios;
