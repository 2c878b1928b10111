//! The operations of the key management service.
