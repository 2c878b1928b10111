//! AWS's quotas and ranges.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

/// Access keys of a user, and of the root user.
pub(crate) const ACCESS_KEYS: usize = 2;
/// Managed policies that are attached to a user, group or role.
pub(crate) const ATTACHED_POLICIES: usize = 10;
/// Groups that a user is in.
pub(crate) const GROUPS_PER_USER: usize = 10;
/// Characters, white space apart, of all inline policies of a user.
pub(crate) const INLINE_OF_USER: usize = 2_048;
/// Characters, white space apart, of all inline policies of a group.
pub(crate) const INLINE_OF_GROUP: usize = 5_120;
/// Characters, white space apart, of all inline policies of a role.
pub(crate) const INLINE_OF_ROLE: usize = 10_240;
/// Characters, white space apart, of a managed policy.
pub(crate) const MANAGED_POLICY: usize = 6_144;
/// Versions of a managed policy.
pub(crate) const POLICY_VERSIONS: usize = 5;
/// Roles in an instance profile.
pub(crate) const ROLES_PER_PROFILE: usize = 1;
/// Tags of anything.
pub(crate) const TAGS: usize = 50;
/// Characters, white space apart, of a trust policy.
pub(crate) const TRUST_POLICY: usize = 2_048;
/// Longest session of a role when none is given, in seconds.
pub(crate) const SESSION_SECONDS_DEFAULT: u32 = 3_600;
/// Audiences of an OpenID Connect provider.
pub(crate) const CLIENT_IDS: usize = 100;
/// Thumbprints of an OpenID Connect provider.
pub(crate) const THUMBPRINTS: usize = 5;
/// Items on a page when no number is asked for; the model limits what may be asked for.
pub(crate) const PAGE_ITEMS_DEFAULT: usize = 100;
