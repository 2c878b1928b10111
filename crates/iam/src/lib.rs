//! Identities: the account's root user, access keys, and who is calling.
