//! The few signing keys that an access key is using right now.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::{AuthError, Claim, Scope, SigningKey};

/// Signing keys of one secret, kept beside it. Finding one waits for nobody.
///
/// Only keys that have verified a signature are kept, so that requests which merely name an access key
/// cannot push the working keys out. Whoever changes the secret starts with an empty set.
pub struct SigningKeys(ArcSwap<Vec<Arc<SigningKey>>>);

/// How many keys are kept: a day's change and a few Regions and services. The oldest goes first.
pub const KEPT_MAX: usize = 8;

impl SigningKeys {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self(ArcSwap::from_pointee(Vec::new()))
    }

    /// Verifies `claim` with the kept key for its scope, or one derived from `secret`, which is then kept.
    ///
    /// # Errors
    /// Those of [`Claim::verify`]. `secret` is not asked for when the claim is out of its time.
    pub fn verify<S: AsRef<[u8]>>(
        &self,
        claim: &Claim<'_>,
        secret: impl FnOnce() -> S,
        body: &[u8],
        now_seconds: i64,
    ) -> Result<(), AuthError> {
        if let Some(key) = find(&self.0.load(), claim.scope()) {
            return claim.verify(key, body, now_seconds);
        }
        claim.check_time(now_seconds)?;
        let key = SigningKey::derive(secret().as_ref(), claim.scope());
        claim.verify(&key, body, now_seconds)?;
        self.keep(&Arc::new(key));
        Ok(())
    }

    /// The kept key for `scope`.
    #[must_use]
    pub fn find(&self, scope: Scope<'_>) -> Option<Arc<SigningKey>> {
        find(&self.0.load(), scope).cloned()
    }

    /// Keeps a key that has verified a signature. Of two for the same scope the first stays.
    pub fn keep(&self, key: &Arc<SigningKey>) {
        self.0.rcu(|kept| {
            if find(kept, key.scope()).is_some() {
                return Arc::clone(kept);
            }
            let others = kept.iter().take(KEPT_MAX - 1);
            Arc::new(std::iter::once(key).chain(others).cloned().collect())
        });
    }
}

impl Default for SigningKeys {
    fn default() -> Self {
        Self::new()
    }
}

fn find<'k>(kept: &'k [Arc<SigningKey>], scope: Scope<'_>) -> Option<&'k Arc<SigningKey>> {
    kept.iter().find(|key| key.scope() == scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(region: &str) -> Scope<'_> {
        Scope { date: "20150830", region, service: "kms" }
    }

    #[test]
    fn the_newest_eight_stay_each_once() {
        let keys = SigningKeys::new();
        let regions: Vec<String> = (0..=KEPT_MAX).map(|n| format!("region-{n}")).collect();
        for region in &regions {
            let key = Arc::new(SigningKey::derive(b"secret", scope(region)));
            keys.keep(&key);
            keys.keep(&Arc::new(SigningKey::derive(b"secret", scope(region))));
            assert!(Arc::ptr_eq(&keys.find(scope(region)).unwrap(), &key));
        }
        assert!(keys.find(scope("region-0")).is_none());
        assert!(regions.iter().skip(1).all(|region| keys.find(scope(region)).is_some()));
        assert_eq!(keys.0.load().len(), KEPT_MAX);
    }

    #[test]
    fn a_scope_differs_in_each_part() {
        let keys = SigningKeys::new();
        keys.keep(&Arc::new(SigningKey::derive(b"secret", scope("eu-west-1"))));
        assert!(keys.find(Scope { date: "20150831", ..scope("eu-west-1") }).is_none());
        assert!(keys.find(Scope { service: "sts", ..scope("eu-west-1") }).is_none());
        assert!(keys.find(scope("eu-west-2")).is_none());
        assert!(keys.find(scope("eu-west-1")).is_some());
    }
}
