//! The IAM policy language: from text to a checked form, and from a question to a decision.
//!
//! ```text
//! text ── Policy::parse ──► Policy ─┐
//!                                   ├─ decide ──► Decision (allowed or denied, by which statement)
//! who, what, on what, when ─────────┘
//! ```
//! `trace` tells an administrator why, statement by statement; `lint` tells an author what is wrong.
//! Parsing happens when a policy is written; deciding is pure and total: it has no error, anything that is not
//! understood is a denial. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod asked;
mod condition;
mod decide;
mod document;
mod effort;
mod facts;
mod glob;
mod heads;
mod key;
mod lint;
mod malformed;
mod operator;
mod partition;
mod pattern;
mod position;
mod principal;
mod raw;
mod rename;
mod search;
mod statement;
mod trace;
mod values;

pub use decide::{Decision, Identity, Layer, Layers, Question, decide};
pub use document::{Policy, PolicyKind};
pub use key::ConditionKey;
pub use lint::{Finding, Level, Place, Vocabulary, lint};
pub use malformed::{Malformed, Rule};
pub use partition::check_partition;
pub use position::{Position, positions};
pub use principal::{Federator, Naming, Principal, PrincipalPattern};
pub use rename::rename_principals;
pub use statement::{Effect, Statement};
pub use trace::{Failure, LayerTrace, Listed, StatementOutcome, StatementTrace, Trace, Verdict, trace};
pub use values::{ConditionKeys, Values};
