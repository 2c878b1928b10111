//! What `parquet-key-management` asks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use forward::{ActFor, Context, Kms, KmsError};
use parquet_key_management::{
    errors::{Error, Result},
    kms::{KmsClient, KmsClientFactory, KmsClientRef, KmsConnectionInfo},
};
use secret::Plaintext;

use crate::{aside::Aside, names::MasterKeys};

/// Who calls, and how.
pub(crate) struct KeyCaller {
    pub(crate) kms: Arc<Kms>,
    pub(crate) names: MasterKeys,
    pub(crate) context: Arc<Context>,
    pub(crate) aside: Aside,
}

/// Makes a [`KeyClient`] whenever the memory of one is over. What a file says of where its KMS is counts for nothing.
pub(crate) struct KeyClients(pub(crate) Arc<KeyCaller>);

impl KmsClientFactory for KeyClients {
    fn create_client(&self, _: &KmsConnectionInfo) -> Result<KmsClientRef> {
        Ok(Arc::new(KeyClient { caller: Arc::clone(&self.0), opened: Mutex::default() }))
    }
}

/// Has keys sealed and opened. With single wrapping, `parquet` asks again and again for the same one, so a client keeps
/// them as long as it lives.
struct KeyClient {
    caller: Arc<KeyCaller>,
    /// By what was sealed, and under which name.
    opened: Mutex<HashMap<(String, String), Plaintext>>,
}

impl KmsClient for KeyClient {
    fn wrap_key(&self, key: &[u8], master: &str) -> Result<String> {
        let under = self.caller.names.get(master)?.seals;
        let (kms, context) = (Arc::clone(&self.caller.kms), Arc::clone(&self.caller.context));
        let key = Plaintext::new(key.to_vec());
        let sealed = self
            .caller
            .aside
            .wait(async move { kms.encrypt(&ActFor::Itself, &under, &key, &context).await })
            .map_err(of_kms)?;
        Ok(base64_simd::STANDARD.encode_to_string(&sealed.blob))
    }

    fn unwrap_key(&self, sealed: &str, master: &str) -> Result<Vec<u8>> {
        let asked = (sealed.to_owned(), master.to_owned());
        if let Some(key) = self.opened().get(&asked) {
            return Ok(key.reveal().to_vec());
        }
        let key = self.open(sealed, master)?;
        let bytes = key.reveal().to_vec();
        self.opened().insert(asked, key);
        Ok(bytes)
    }
}

impl KeyClient {
    /// Which key opens is said, so that nobody's own key opens what somebody put into the file.
    fn open(&self, sealed: &str, master: &str) -> Result<Plaintext> {
        let blob = base64_simd::STANDARD.decode_to_vec(sealed.as_bytes());
        let blob =
            blob.map_err(|_| Error::General(format!("the file's key under {master} is not in base64")))?;
        let blob: Arc<[u8]> = blob.into();
        let master = self.caller.names.get(master)?;
        let mut answer = self.decrypted(Arc::clone(&blob), master.seals);
        for key in master.opens {
            match &answer {
                Err(KmsError::Fault { code, .. }) if code == "IncorrectKeyException" => {
                    answer = self.decrypted(Arc::clone(&blob), key);
                }
                _ => break,
            }
        }
        answer.map_err(of_kms)
    }

    fn decrypted(&self, blob: Arc<[u8]>, key: String) -> Result<Plaintext, KmsError> {
        let (kms, context) = (Arc::clone(&self.caller.kms), Arc::clone(&self.caller.context));
        let answer = self
            .caller
            .aside
            .wait(async move { kms.decrypt(&ActFor::Itself, Some(&key), &blob, &context).await });
        answer.map(|decrypted| decrypted.plaintext)
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<(String, String), Plaintext>> {
        // Entries are whole whatever happened to who put them there.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_kms(error: KmsError) -> Error {
    Error::External(Box::new(error))
}
