//! What files are written and read with.

use std::{sync::Arc, time::Duration};

use forward::{Context, Kms};
use parquet::{
    encryption::{decrypt::FileDecryptionProperties, encrypt::FileEncryptionProperties},
    file::reader::ChunkReader,
    schema::types::SchemaDescriptor,
};
use parquet_key_management::{
    crypto_factory::{CryptoFactory, DecryptionConfiguration, EncryptionConfiguration},
    kms::KmsConnectionConfig,
};

use crate::{
    aside::Aside,
    client::{KeyCaller, KeyClients},
    columns::Columns,
    error::ParquetKeysError,
    names::{MasterKeys, is_plain},
};

/// Writes and reads encrypted files for one caller, whose KMS client it is given. What a caller may not use, another who
/// shares this may have in memory: give each caller one.
pub struct ParquetKeys {
    factory: CryptoFactory,
    memory: Duration,
}

impl ParquetKeys {
    /// For `memory`, keys that the KMS opened are remembered, and with them a disabled key goes on working.
    /// [`Duration::ZERO`] remembers nothing from one file to the next. `context` is the encryption context of all calls.
    ///
    /// The KMS is called by a thread of this value's own. Whoever needs a key waits for that thread, inside an asynchronous
    /// runtime too; there, use `spawn_blocking` to keep a worker free.
    ///
    /// # Errors
    /// [`ParquetKeysError::Thread`].
    pub fn new(
        kms: Kms,
        names: MasterKeys,
        context: Context,
        memory: Duration,
    ) -> Result<Self, ParquetKeysError> {
        let aside = Aside::start().map_err(ParquetKeysError::Thread)?;
        let caller = Arc::new(KeyCaller { kms: Arc::new(kms), names, context: Arc::new(context), aside });
        Ok(Self { factory: CryptoFactory::new(KeyClients(caller)), memory })
    }

    /// What a file with this schema is written with: once, since the data keys are the file's own. The key `footer` seals the
    /// file's footer. `parquet` shows the data keys in the `Debug` form of what this returns, and of the `WriterProperties`
    /// that it is put into: print neither.
    ///
    /// # Errors
    /// [`ParquetKeysError`]: columns that nobody accounted for, a name that no file can have, and what the KMS refuses.
    pub fn encryption(
        &self,
        schema: &SchemaDescriptor,
        footer: &str,
        columns: Columns<'_>,
    ) -> Result<Arc<FileEncryptionProperties>, ParquetKeysError> {
        // Sealed keys stay in the file, and have 128 bits: `parquet-key-management` knows nothing else yet.
        let mut configuration =
            EncryptionConfiguration::builder(plain(footer)?).set_cache_lifetime(Some(self.memory));
        for (key, paths) in columns.paths(schema)? {
            configuration = configuration.add_column_key(plain(key)?, paths);
        }
        let connection = Arc::new(KmsConnectionConfig::default());
        Ok(self.factory.file_encryption_properties(connection, &configuration.build()?)?)
    }

    /// What this file is read with. A column is opened when it is read, and so may be denied then.
    ///
    /// # Errors
    /// [`ParquetKeysError::InTheClear`]: `parquet` would read such a file without a word, although it was told how to
    /// decrypt. [`ParquetKeysError::Parquet`]: the file cannot be read.
    pub fn decryption<F: ChunkReader>(
        &self,
        file: &F,
    ) -> Result<Arc<FileDecryptionProperties>, ParquetKeysError> {
        if !has_encrypted_footer(file)? {
            return Err(ParquetKeysError::InTheClear);
        }
        let configuration = DecryptionConfiguration::builder().set_cache_lifetime(Some(self.memory)).build();
        let connection = Arc::new(KmsConnectionConfig::default());
        Ok(self.factory.file_decryption_properties(connection, configuration)?)
    }

    /// For what has its own use for a factory, such as DataFusion. It checks neither columns nor files.
    #[must_use]
    pub fn factory(&self) -> &CryptoFactory {
        &self.factory
    }
}

/// What files with encrypted footers end with; others have `PAR1`. By this, and not by how a file begins, `parquet` tells
/// what is encrypted.
const ENCRYPTED_FOOTER: &[u8] = b"PARE";

fn has_encrypted_footer<F: ChunkReader>(file: &F) -> Result<bool, ParquetKeysError> {
    let Some(end) = file.len().checked_sub(4) else { return Ok(false) };
    Ok(file.get_bytes(end, ENCRYPTED_FOOTER.len())? == ENCRYPTED_FOOTER)
}

/// The name of a key, in which readers find no quoting.
fn plain(key: &str) -> Result<String, ParquetKeysError> {
    if is_plain(key) { Ok(key.to_owned()) } else { Err(ParquetKeysError::Percent(key.to_owned())) }
}
