//! Who exists, as far as policies on resources name principals.

use policy::PrincipalPattern;

/// Says which principals exist, and under which unique ids, at one revision.
///
/// A policy on a resource names a user or role by its ARN and means the one that has this name when the policy
/// is put. So its unique id is kept with the policy and matched instead: a namesake that is made later is
/// somebody else. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
pub trait Principals: Send + Sync {
    /// Whether there is such an account, user, role or provider.
    fn exist(&self, principal: &PrincipalPattern) -> bool;

    /// The unique id of a user or role that a policy names by its ARN, or of a role's session
    /// (`AROA…:<session>`). `None` for what has none, and for those that do not exist.
    fn unique_id(&self, principal: &PrincipalPattern) -> Option<String>;

    /// The ARN that a unique id stands for now; `None` when its bearer is gone.
    fn arn(&self, unique_id: &str) -> Option<String>;
}

/// Nobody exists: what is believed where memory has no identities.
impl Principals for () {
    fn exist(&self, _: &PrincipalPattern) -> bool {
        false
    }

    fn unique_id(&self, _: &PrincipalPattern) -> Option<String> {
        None
    }

    fn arn(&self, _: &str) -> Option<String> {
        None
    }
}
