//! A seal that can be out of reach.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use secret::Plaintext;
use server::{SealFileError, SealRecord, SealSource};
use strongroom::{Entropy, Seal, seal::FileSeal};

/// A key file in memory. A server that starts while it is taken away stays sealed.
pub struct SimSeal {
    text: Plaintext,
    away: AtomicBool,
}

impl SimSeal {
    /// A new key.
    ///
    /// # Panics
    /// If there is no randomness.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        let text = FileSeal::generate(entropy).expect("random bytes");
        Self { text, away: AtomicBool::new(false) }
    }

    /// Takes the seal away, or puts it back.
    pub fn take_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }
}

impl SealSource for SimSeal {
    fn open(&self, _: &SealRecord) -> Result<Box<dyn Seal>, SealFileError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(SealFileError::Io("seal".into(), io::ErrorKind::NotFound.into()));
        }
        let seal = FileSeal::parse(&self.text).map_err(|_| SealFileError::NotAKeyFile("seal".into()))?;
        Ok(Box::new(seal))
    }
}
