//! Keywright: a key management service that speaks the AWS KMS API.
