//! What the policy language promises, rule by rule.

#![cfg(test)]

mod conditions;
mod decisions;
mod doubt;
mod grammar;
mod granted;
mod limits;
mod lints;
mod traces;
mod written;
