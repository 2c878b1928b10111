//! Files and pipes in the message format of the AWS Encryption SDK, version 2, so that AWS's own clients open them.
//! <https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html>; the words are those of
//! <https://github.com/awslabs/aws-encryption-sdk-specification>, in `data-format/` and `client-apis/`.
//!
//! ```text
//!  header   version, suite, message id, context, encrypted data keys, frame length, commitment, tag     header.rs
//!  frames   number, IV, ciphertext, tag; the last one says that it is the last                          seal.rs, open.rs
//!  footer   ECDSA's signature over all of it, if the suite signs                                        open.rs
//! ```
//!
//! What is written is of the suite 0x0478: AES-256-GCM, HKDF-SHA-512, a commitment to the data key, no signature. What is
//! read may also be of 0x0578, which signs with ECDSA on P-384. Suites that do not commit to their key are refused, and so
//! are bodies without frames, which cannot be read in bounded memory.
//!
//! A header cannot be given other data keys: its tag would be made anew with a nonce that was used before. A message under
//! another KMS key is another message.

mod derived;
mod header;
mod open;
mod seal;
mod suite;

pub use header::{DATA_KEYS_MAX, EncryptedDataKey, HEADER_BYTES_MAX, MessageHeader};
pub use open::{Front, MessageOpener};
pub use seal::{FINAL_FRAME_HEAD_BYTES, FRAME_BYTES, FRAME_HEAD_BYTES, MessageSealer};
pub use suite::{FRAME_BYTES_MAX, Suite};
