//! KMS with a cache before it.

use std::sync::Arc;

use crate::{
    act_for::ActFor,
    answers::{DataKey, Decrypted},
    cache::{CacheLimits, DataKeyCache},
    error::KmsError,
    kms::Kms,
    parameters::{Context, DataKeyLength},
};

/// KMS, with data keys that are used again.
pub struct CachingKms {
    kms: Kms,
    cache: DataKeyCache,
}

impl CachingKms {
    /// KMS with an empty cache before it.
    #[must_use]
    pub fn new(kms: Kms, limits: CacheLimits) -> Self {
        Self { kms, cache: DataKeyCache::new(limits) }
    }

    /// KMS itself, for calls that are not cached.
    #[must_use]
    pub fn kms(&self) -> &Kms {
        &self.kms
    }

    /// The cache, to remove from it.
    #[must_use]
    pub fn cache(&self) -> &DataKeyCache {
        &self.cache
    }

    /// A data key for a message of so many bytes: one that was used before if the limits permit, else a new one.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn generate_data_key(
        &self,
        act_for: &ActFor,
        key: &str,
        length: DataKeyLength,
        context: &Context,
        message_bytes: u64,
    ) -> Result<Arc<DataKey>, KmsError> {
        let wanted = (key, length);
        let found = self.cache.to_encrypt(act_for, wanted, context, message_bytes, self.kms.elapsed());
        if let Some(data_key) = found {
            return Ok(data_key);
        }
        let data_key = Arc::new(self.kms.generate_data_key(act_for, key, length, context).await?);
        self.cache.keep_to_encrypt(act_for, wanted, context, message_bytes, &data_key, self.kms.elapsed());
        Ok(data_key)
    }

    /// What a blob decrypts to.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn decrypt(
        &self,
        act_for: &ActFor,
        key: Option<&str>,
        blob: &[u8],
        context: &Context,
    ) -> Result<Arc<Decrypted>, KmsError> {
        if let Some(decrypted) = self.cache.to_decrypt(act_for, key, blob, context, self.kms.elapsed()) {
            return Ok(decrypted);
        }
        let decrypted = Arc::new(self.kms.decrypt(act_for, key, blob, context).await?);
        self.cache.keep_to_decrypt(act_for, key, blob, context, &decrypted, self.kms.elapsed());
        Ok(decrypted)
    }
}
