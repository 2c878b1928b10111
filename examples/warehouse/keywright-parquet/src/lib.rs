//! Parquet's modular encryption with keys of a KMS that speaks AWS's API: Keywright, or AWS KMS. For the crates `parquet` and
//! `parquet-key-management`.
//!
//! The files are those of `keywright_parquet.py`, which is the same for pyarrow: each reads what the other writes. Only
//! files whose sealed keys lie beside them, which pyarrow can write, are not read by `parquet-key-management` yet.
//!
//! ```no_run
//! use std::{fs::File, sync::Arc, time::Duration};
//!
//! use forward::{Context, Kms, Patience, Settings, ThisMachine};
//! use keywright_parquet::{MasterKey, MasterKeys, ParquetKeys};
//! use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
//!
//! fn names() -> Result<(), Box<dyn std::error::Error>> {
//!     let settings = Settings::read(&|name| std::env::var_os(name))?;
//!     let kms = Kms::new(settings, Patience::OF_A_PROGRAM, Arc::new(ThisMachine::start()))?;
//!     let names = MasterKeys::named([("people", MasterKey::new("alias/people"))]);
//!     let keys = ParquetKeys::new(kms, names, Context::new(), Duration::from_mins(10))?;
//!
//!     let file = File::open("staff.parquet")?;
//!     let options = ArrowReaderOptions::new().with_file_decryption_properties(keys.decryption(&file)?);
//!     for batch in ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?.build()? {
//!         println!("{} rows", batch?.num_rows());
//!     }
//!     Ok(())
//! }
//! ```
//!
//! | Part | What it is for |
//! | --- | --- |
//! | [`ParquetKeys`] | what a file is written and read with, for one caller of the KMS |
//! | [`MasterKeys`] | which keys of the KMS the names in files stand for |
//! | [`Columns`] | which columns of a file which key seals, and which are meant to be in the clear |

mod aside;
mod client;
mod columns;
mod error;
mod keys;
mod names;

pub use columns::Columns;
pub use error::ParquetKeysError;
pub use keys::ParquetKeys;
pub use names::{MasterKey, MasterKeys};
