//! Vouches for the store's records with keys of the strongroom.

use std::sync::Arc;

use secret::Plaintext;
use store::{NotarisedStore, Notary, Store, StoreError, TAG_BYTES, TERM_BYTES};
use strongroom::{Entropy, Purpose, Refused, Strongroom};

use crate::deployment;

/// The strongroom, as the store asks it.
struct StrongroomNotary {
    strongroom: Arc<Strongroom>,
    entropy: Arc<dyn Entropy>,
}

/// A store whose records the strongroom vouches for, and whose ledgers are this node's. Until the strongroom is unsealed,
/// only the records that unseal it can be read.
pub(crate) fn notarised(
    store: &Arc<dyn Store>,
    strongroom: &Arc<Strongroom>,
    entropy: &Arc<dyn Entropy>,
    node: [u8; 16],
) -> NotarisedStore {
    let (strongroom, entropy) = (Arc::clone(strongroom), Arc::clone(entropy));
    let notary = Arc::new(StrongroomNotary { strongroom, entropy });
    NotarisedStore::new(Arc::clone(store), notary, node, deployment::is_sealed_by_itself)
}

impl Notary for StrongroomNotary {
    fn tag(&self, message: &[u8]) -> Result<[u8; TAG_BYTES], StoreError> {
        self.strongroom.tag_record(message).map_err(unavailable)
    }

    fn knows(&self, message: &[u8], tag: &[u8; TAG_BYTES]) -> Result<bool, StoreError> {
        match self.strongroom.check_record(message, tag) {
            Ok(()) => Ok(true),
            Err(Refused::WouldNotOpen) => Ok(false),
            Err(refused) => Err(unavailable(refused)),
        }
    }

    fn term(&self, tag: &[u8; TAG_BYTES]) -> Result<[u8; TERM_BYTES], StoreError> {
        self.strongroom.term(tag).map_err(unavailable)
    }

    fn seal(&self, name: &[u8], bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let content = Plaintext::new(bytes);
        self.strongroom.seal_secret(Purpose::StoreLedger, name, &content, &*self.entropy).map_err(unavailable)
    }

    fn open(&self, name: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.strongroom.open_secret(Purpose::StoreLedger, name, sealed) {
            Ok(content) => Ok(Some(content.reveal().to_vec())),
            Err(Refused::WouldNotOpen) => Ok(None),
            Err(refused) => Err(unavailable(refused)),
        }
    }
}

fn unavailable(refused: Refused) -> StoreError {
    let why = match refused {
        Refused::Sealed => "the strongroom is sealed, so that nobody can tell which records are genuine",
        _ => "the strongroom cannot vouch for records",
    };
    StoreError::Unavailable(why.to_owned())
}
