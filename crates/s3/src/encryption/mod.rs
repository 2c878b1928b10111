//! How objects are encrypted: what is asked for, with which key of KMS, and under which key of the object.

mod choice;
mod keyring;
mod stored;

pub(crate) use self::{
    choice::{AES256, AWS_KMS, BucketEncryption, BucketKms, SseChoice, SseHeaders, choose},
    keyring::Keyring,
    stored::{KeyOwner, StoredKey, bucket_arn, object_arn},
};
