//! Names of condition keys.

/// A condition key: a name in small letters, and for keys such as `aws:PrincipalTag/<tag>` what follows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConditionKey {
    name: String,
    variable: Option<String>,
}

/// Keys that have a part of their own after a separator.
const WITH_VARIABLE: [(&str, char); 5] = [
    ("kms:encryptioncontext", ':'),
    ("aws:principaltag", '/'),
    ("aws:resourcetag", '/'),
    ("aws:requesttag", '/'),
    ("iam:resourcetag", '/'),
];

impl ConditionKey {
    /// From its text in a policy. Names are compared without regard to case.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        for (name, separator) in WITH_VARIABLE {
            if let Some((before, after)) = text.split_at_checked(name.len())
                && before.eq_ignore_ascii_case(name)
                && let Some(variable) = after.strip_prefix(separator)
            {
                return Self { name: name.to_owned(), variable: Some(variable.to_owned()) };
            }
        }
        Self { name: text.to_ascii_lowercase(), variable: None }
    }

    /// The name, in small letters, without the part that follows the separator.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part that follows the separator, as written.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    /// Both parts.
    #[must_use]
    pub fn full_name(&self) -> String {
        let separator =
            WITH_VARIABLE.iter().find(|(name, _)| *name == self.name).map_or('/', |(_, sign)| *sign);
        match &self.variable {
            Some(variable) => format!("{}{separator}{variable}", self.name),
            None => self.name.clone(),
        }
    }
}
