//! Why a text is no policy, in AWS's words where those are known.

use std::{borrow::Cow, fmt};

/// Why a text is no policy. `Display` is for whoever wrote it, in the words of KMS where it has some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// It is no JSON; the place is that of the JSON parser.
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// It is JSON, and not of a policy's form: an element is unknown, twice there, missing or of the wrong type.
    Form {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The version is none of the two.
    Version,
    /// The version is the older one, where it has to be the newer.
    OldVersion,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Who is not named is denied something, and never allowed.
    NotPrincipalAllowed,
    /// A principal is of a form that exists, and of the partition.
    PrincipalForm {
        /// The element that it stands in, such as `AWS`.
        element: String,
        /// Its value.
        value: String,
    },
    /// There is one of `Action` and `NotAction`.
    Action,
    /// There are not both of them.
    ActionTwice,
    /// An action is `*`, or a service, a colon and a name.
    ActionForm,
    /// A trust policy is about assuming the role.
    TrustAction,
    /// There is one of `Resource` and `NotResource`.
    Resource,
    /// There are not both of them.
    ResourceTwice,
    /// A resource of an IAM policy is `*` or an ARN.
    ResourceForm {
        /// The resource.
        resource: String,
    },
    /// A resource is of a partition that exists, and of the deployment's.
    Partition {
        /// The resource.
        resource: String,
    },
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
    /// `ForAllValues` is not used on a tag of a request.
    OverlyPermissiveTag,
    /// A key's policy does not ask about what the key is called or tagged.
    ForIdentitiesOnly,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => {
                write!(f, "This policy contains invalid Json at line {line}, column {column}")
            }
            Self::Form { line, column } => write!(
                f,
                "This policy lacks an element, or has one that policies do not have or one of a wrong type, at line \
                 {line}, column {column}"
            ),
            Self::Version => f.write_str("The policy's Version must be 2012-10-17 or 2008-10-17"),
            Self::OldVersion => f.write_str(OLD_VERSION),
            Self::NoStatement => f.write_str("The policy has no Statement"),
            Self::Statement { number, rule } => match rule.words_of_aws() {
                Some(words) => f.write_str(&words),
                None => write!(f, "Statement {number} of the policy: {rule}"),
            },
        }
    }
}

impl std::error::Error for Malformed {}

const OLD_VERSION: &str = "Policy document must be version 2012-10-17 or greater.";
/// Letters of a request that a message shows.
const LETTERS: usize = 2048;
/// What IAM says of everything that it has no other words for.
const SYNTAX: &str = "Syntax errors in policy.";

impl Malformed {
    /// The message of IAM, which differs from that of KMS, and often says less.
    #[must_use]
    pub fn words_of_iam(&self) -> String {
        let rule = match self {
            Self::Json { .. } => return "This policy contains invalid Json".to_owned(),
            Self::OldVersion => return OLD_VERSION.to_owned(),
            Self::Form { .. } | Self::Version | Self::NoStatement => return SYNTAX.to_owned(),
            Self::Statement { rule, .. } => rule,
        };
        match rule {
            Rule::Principal => "Missing required field Principal".to_owned(),
            Rule::PrincipalForm { element, value } => {
                // The quotation marks are AWS's; tools look for this text.
                format!("Invalid principal in policy: \"{}\":\"{}\"", cut(element), cut(value))
            }
            rule => rule.words_of_aws().unwrap_or_else(|| SYNTAX.to_owned()),
        }
    }
}

impl Rule {
    fn words_of_aws(&self) -> Option<String> {
        let words = match self {
            Self::OverlyPermissive => {
                "OverlyPermissiveCondition:EncryptionContext: Using the ForAllValues set operator with a \
                 single-valued condition key matches requests without the specified encryption context or with an \
                 unspecified encryption context. To fix, remove ForAllValues."
            }
            // <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
            Self::OverlyPermissiveTag => {
                "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key \
                 matches requests without the specified tag or with an unspecified tag. To fix, remove ForAllValues."
            }
            Self::ForIdentitiesOnly => {
                "These condition keys are not permitted in a key policy: aws:ResourceTag, kms:ResourceTag, \
                 kms:ResourceAliases"
            }
            Self::NotPrincipalAllowed => "Allow with NotPrincipal is not allowed.",
            Self::NoNotPrincipal => "AssumeRole policy must not contain NotPrincipal field.",
            Self::PrincipalForm { .. } => "Policy contains a statement with one or more invalid principals.",
            Self::SidForm => {
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
                 [0-9A-Za-z]*"
            }
            Self::SidTwice => "Statement IDs (SID) in a single policy must be unique.",
            Self::NoPrincipal => "Policy document should not specify a principal.",
            Self::Action => "Policy statement must contain actions.",
            Self::TrustAction => "AssumeRole policy may only specify STS AssumeRole actions.",
            Self::Resource => "Policy statement must contain resources.",
            Self::ResourceForm { resource } => {
                return Some(format!("Resource {} must be in ARN format or \"*\".", cut(resource)));
            }
            Self::Partition { resource } => return Some(wrong_partition(resource)),
            Self::ActionForm | Self::KeyForm => {
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            }
            Self::NoResource => "Has prohibited field Resource",
            _ => return None,
        };
        Some(words.to_owned())
    }
}

/// AWS shows all six parts of the ARN, whether they are there or not.
fn wrong_partition(resource: &str) -> String {
    let mut parts: Vec<&str> = resource.splitn(6, ':').collect();
    parts.resize(6, "*");
    let partition = cut(parts.get(1).copied().unwrap_or_default());
    format!("Partition \"{partition}\" is not valid for resource \"{}\".", cut(&parts.join(":")))
}

/// What came with a request, as far as it fits into a message. No ARN of this length is one.
fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
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
            Self::NotPrincipalAllowed => {
                "Allow with NotPrincipal opens the key to everybody else in every account, and is refused; name who \
                 may with Principal"
            }
            Self::PrincipalForm { value, .. } => return write!(f, "the principal `{}` is invalid", cut(value)),
            Self::Action => "there must be one of Action and NotAction",
            Self::ActionTwice => "there must not be both Action and NotAction",
            Self::ActionForm => "an action must be * or a service, a colon and a name",
            Self::TrustAction => {
                "a trust policy is about sts:AssumeRole and its like, sts:TagSession, sts:SetSourceIdentity and \
                 sts:SetContext only"
            }
            Self::Resource => "there must be one of Resource and NotResource",
            Self::ResourceTwice => "there must not be both Resource and NotResource",
            Self::ResourceForm { .. } => "a resource must be in ARN format or \"*\"",
            Self::Partition { resource } => {
                let resource = cut(resource);
                return write!(f, "the resource `{resource}` is of no partition, or of another one");
            }
            Self::NoResource => "this kind of policy names no resources",
            Self::Empty => "a list is empty",
            Self::Operator => "a condition operator does not exist",
            Self::KeyForm => "a condition key must be a service, a colon and a name",
            Self::Value => "a condition value is none that its operator compares with",
            Self::Variable => {
                "a policy variable is malformed, or stands before the fifth colon of a resource"
            }
            Self::OverlyPermissive | Self::OverlyPermissiveTag => {
                "ForAllValues is used on a single-valued key, so that requests without it match; remove ForAllValues"
            }
            Self::ForIdentitiesOnly => {
                "kms:ResourceAliases and aws:ResourceTag are for identity policies only"
            }
        })
    }
}
