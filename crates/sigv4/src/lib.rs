//! Verification of AWS Signature Version 4.
