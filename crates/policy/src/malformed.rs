//! Why a text is no policy, in AWS's words where those are known.

use std::fmt;

/// Why a text is no policy. `Display` is for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// It is no JSON, or not of a policy's form; the place is that of the JSON parser.
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The version is none of the two.
    Version,
    /// There is no statement.
    NoStatement,
    /// A statement breaks a rule.
    Statement {
        /// Which one, from 1.
        number: usize,
        /// Which rule.
        rule: Rule,
    },
}

/// A rule of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A `Sid` of an IAM policy is letters and digits.
    SidForm,
    /// A `Sid` of an IAM policy is there once.
    SidTwice,
    /// The effect is `Allow` or `Deny`.
    Effect,
    /// There is one of `Principal` and `NotPrincipal`.
    Principal,
    /// The policy names no principals.
    NoPrincipal,
    /// The policy names principals, and not those it is not about.
    NoNotPrincipal,
    /// A principal is of a form that exists.
    PrincipalForm,
    /// There is one of `Action` and `NotAction`.
    Action,
    /// There are not both of them.
    ActionTwice,
    /// An action is `*`, or a service, a colon and a name.
    ActionForm,
    /// There is one of `Resource` and `NotResource`.
    Resource,
    /// There are not both of them.
    ResourceTwice,
    /// A resource of an IAM policy is `*` or an ARN.
    ResourceForm,
    /// The policy names no resources.
    NoResource,
    /// A list is not empty.
    Empty,
    /// Condition operators exist.
    Operator,
    /// A condition key is a service, a colon and a name.
    KeyForm,
    /// A value is one that the operator compares with.
    Value,
    /// Variables are closed, have names, and stand behind the fifth colon of a resource.
    Variable,
    /// `ForAllValues` is not used on an encryption context's pair.
    OverlyPermissive,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => write!(
                f,
                "This policy contains invalid Json, or an element that policies do not have, at line {line}, column {column}"
            ),
            Self::Version => f.write_str("The policy's Version must be 2012-10-17 or 2008-10-17"),
            Self::NoStatement => f.write_str("The policy has no Statement"),
            Self::Statement { number, rule } => match rule.words_of_aws() {
                Some(words) => f.write_str(words),
                None => write!(f, "Statement {number} of the policy: {rule}"),
            },
        }
    }
}

impl std::error::Error for Malformed {}

impl Rule {
    fn words_of_aws(self) -> Option<&'static str> {
        Some(match self {
            Self::OverlyPermissive => {
                "OverlyPermissiveCondition:EncryptionContext: Using the ForAllValues set operator with a \
                 single-valued condition key matches requests without the specified encryption context or with an \
                 unspecified encryption context. To fix, remove ForAllValues."
            }
            Self::PrincipalForm => "Policy contains a statement with one or more invalid principals.",
            Self::SidForm => {
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
                 [0-9A-Za-z]*"
            }
            Self::SidTwice => "Statement IDs (SID) in a single policy must be unique.",
            Self::NoPrincipal => "Policy document should not specify a principal.",
            Self::Action => "Policy statement must contain actions.",
            Self::Resource => "Policy statement must contain resources.",
            Self::ActionForm | Self::KeyForm => {
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            }
            Self::NoResource => "Has prohibited field Resource",
            _ => return None,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SidForm => "a Sid must be letters and digits",
            Self::SidTwice => "its Sid is another statement's too",
            Self::Effect => "Effect must be Allow or Deny",
            Self::Principal => "there must be one of Principal and NotPrincipal",
            Self::NoPrincipal => "this kind of policy names no principals",
            Self::NoNotPrincipal => "this kind of policy has no NotPrincipal",
            Self::PrincipalForm => "a principal is invalid",
            Self::Action => "there must be one of Action and NotAction",
            Self::ActionTwice => "there must not be both Action and NotAction",
            Self::ActionForm => "an action must be * or a service, a colon and a name",
            Self::Resource => "there must be one of Resource and NotResource",
            Self::ResourceTwice => "there must not be both Resource and NotResource",
            Self::ResourceForm => "a resource must be in ARN format or \"*\"",
            Self::NoResource => "this kind of policy names no resources",
            Self::Empty => "a list is empty",
            Self::Operator => "a condition operator does not exist",
            Self::KeyForm => "a condition key must be a service, a colon and a name",
            Self::Value => "a condition value is none that its operator compares with",
            Self::Variable => {
                "a policy variable is malformed, or stands before the fifth colon of a resource"
            }
            Self::OverlyPermissive => "ForAllValues is used on a single-valued key",
        })
    }
}
