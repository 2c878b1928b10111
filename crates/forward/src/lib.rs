//! A client of the public KMS API, for programs that encrypt for their users: gateways, volume tools, databases.
//!
//! It is configured as AWS's SDKs are, and works with Keywright and with AWS KMS. Nothing of the server is in it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use forward::{ActFor, Context, DataKeyLength, Kms, KmsError, Patience, Settings, ThisMachine};
//!
//! async fn encrypt_for_alice() -> Result<(), KmsError> {
//!     let settings = Settings::read(&|name| std::env::var_os(name))?;
//!     let kms = Kms::new(settings, Patience::OF_A_PROGRAM, Arc::new(ThisMachine::start()))?;
//!
//!     let alice = ActFor::Principal("arn:aws:iam::111122223333:user/alice".to_owned());
//!     let context = Context::from([("aws:s3:arn".to_owned(), "arn:aws:s3:::invoices/11.pdf".to_owned())]);
//!     let data_key = kms.generate_data_key(&alice, "alias/invoices", DataKeyLength::Aes256, &context).await?;
//!     // Seal the object with `data_key.plaintext`, keep `data_key.blob` beside it. Later:
//!     let opened = kms.decrypt(&alice, None, &data_key.blob, &context).await?;
//!     assert_eq!(opened.key, data_key.key);
//!     Ok(())
//! }
//! ```
//!
//! | Part | What it is for |
//! | --- | --- |
//! | [`Settings`] | where KMS is, and whose credentials sign: read from an environment and AWS's files |
//! | [`Kms`] | the operations, typed; [`Kms::call`] for all others |
//! | [`ActFor`] | for whom a call is, sent as a signed header (docs/services.md), or signed with a role's session |
//! | [`Sts`] | sessions of roles, assumed by the program's own credentials, and again before they end |
//! | [`Patience`] | how long a try and all tries may take; what is tried again is [`KmsError::may_pass`]'s |
//! | [`ObjectStore`] | the few operations of S3 that put objects under another KMS key |
//! | [`CachingKms`] | the same with data keys that are used again, within the limits of the AWS Encryption SDK |
//! | [`CallObserver`] | told of every call: which operation, what came of it, how long it took |
//! | [`Machine`] | clock and randomness, as a parameter; [`ThisMachine`] is the real one |
//!
//! Plaintext keys, secret access keys and the tokens of [`ActFor::Session`] are [`Plaintext`](secret::Plaintext), which nothing prints and which are wiped. Buffers of the
//! HTTP library, through which they pass, are not: a program that cares has an allocator that wipes what is freed.

mod act_for;
mod answers;
mod cache;
mod caching;
mod container;
mod credentials;
mod error;
mod kms;
mod machine;
mod objects;
mod observer;
mod parameters;
mod patience;
mod settings;
mod sts;
mod wire;

pub use act_for::ActFor;
pub use answers::{
    DataKey, Decrypted, DescribedKey, DigestSignature, FamilyKey, KeyFamily, ListedConstraint, ListedGrant,
    MadeGrant, ReEncrypted, SigningKeyFacts, WrappedBytes,
};
pub use cache::{CacheLimits, DataKeyCache};
pub use caching::CachingKms;
pub use error::KmsError;
pub use kms::Kms;
pub use machine::{Machine, ThisMachine};
pub use objects::{ListedObjects, ObjectEncryption, ObjectStore, ObjectsError};
pub use observer::CallObserver;
pub use parameters::{Context, DataKeyLength, GrantConstraint, NewGrant};
pub use patience::Patience;
pub use settings::Settings;
pub use sts::{AssumedRole, Sts};
