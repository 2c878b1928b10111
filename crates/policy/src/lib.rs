//! The IAM policy language: grammar, conditions and the pure decision.
