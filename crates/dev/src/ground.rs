//! What is in the store of a development: sown from a seed, cleared, sown again.

use std::sync::Arc;

use dispatch::Backstage;
use http::request::Parts as Head;
use iam::NewAccessKey;
use kms::{KeyManagement, Kms};
use model::arn::AccountId;
use secret::Plaintext;
use server::StartError;
use sigv4::Claim;
use store::{BATCH_OPERATIONS_MAX, Batch, Conflict, SCAN_ITEMS_MAX, StoreError};

use crate::{
    error::DevError,
    seed::{DEFAULT_ACCOUNT, Seed, SeedError},
};

/// The secret of every account's root user, whose access key id is the account's twelve digits. It is no secret.
const ROOT_SECRET: &str = "keywright";
/// Records of the deployment itself, which outlive a reset: seal, domain keys, outbox.
const DEPLOYMENT: &[u8] = b"-/-/";

/// The store, and the memory above it.
pub(crate) struct Ground {
    pub(crate) backstage: Backstage,
    pub(crate) kms: Arc<KeyManagement>,
}

impl Ground {
    /// Puts into the store what a seed says. What is there already stays as it is.
    pub(crate) async fn sow(&self, seed: &Seed) -> Result<(), DevError> {
        let default =
            AccountId::parse(DEFAULT_ACCOUNT).map_err(|_| StartError::SetUp("no default account"))?;
        for account in seed.accounts.iter().copied().chain([default]) {
            self.account(account).await?;
        }
        for key in &seed.keys {
            self.account(key.place.account).await?;
            let now = self.backstage.clock.now();
            let kms = Kms::of(&self.kms, &self.backstage.mirror.snapshot());
            let kms = kms.ok_or(StartError::SetUp("memory has no keys"))?;
            let made = kms::seed::key(&kms, key, now, &*self.backstage.entropy);
            if let Some(batch) = made.map_err(|fault| SeedError::refused(key, &fault))? {
                self.commit(batch).await?;
            }
        }
        Ok(())
    }

    /// Empties the store.
    pub(crate) async fn clear(&self) -> Result<(), StoreError> {
        let store = &self.backstage.store;
        let mut keys = Vec::new();
        let mut from = store::Key::new();
        loop {
            let page = store.scan(&from, &[0xFF], SCAN_ITEMS_MAX).await?;
            keys.extend(page.items.into_iter().map(|(key, _)| key));
            match page.next {
                Some(next) => from = next,
                None => break,
            }
        }
        keys.retain(|key| !key.starts_with(DEPLOYMENT));
        for deletes in keys.chunks(BATCH_OPERATIONS_MAX) {
            self.commit(Batch { deletes: deletes.to_vec(), ..Batch::default() }).await?;
        }
        Ok(())
    }

    /// Makes the account that a caller names by its access key id, if there is none yet.
    pub(crate) async fn admit(&self, head: &Head) {
        let claim =
            Claim::parse(sigv4::Head { method: &head.method, uri: &head.uri, headers: &head.headers });
        let account = claim.ok().and_then(|claim| AccountId::parse(claim.access_key_id()).ok());
        let Some(account) = account else { return };
        if let Err(error) = self.account(account).await {
            // The call is then refused as one of nobody.
            tracing::error!(%error, %account, "the account cannot be made");
        }
    }

    async fn account(&self, account: AccountId) -> Result<(), DevError> {
        if iam::accounts(&self.backstage.mirror.snapshot()).contains(&account) {
            return Ok(());
        }
        let secret = Plaintext::new(ROOT_SECRET.as_bytes().to_vec());
        let key = NewAccessKey { id: account.to_string(), secret };
        let (now, entropy) = (self.backstage.clock.now(), &*self.backstage.entropy);
        let batch = iam::setup::account(account, &key, now, &self.kms.strongroom, entropy)
            .map_err(|_| StartError::SetUp("the strongroom could not seal a root user's secret"))?;
        Ok(self.commit(batch).await?)
    }

    /// Commits, and waits until memory has it. What somebody else has made in the meantime is left as it is.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let (Ok(revision) | Err(Conflict { revision, .. })) = self.backstage.store.commit(batch).await?;
        self.backstage.mirror.reach(revision).await;
        Ok(())
    }
}
