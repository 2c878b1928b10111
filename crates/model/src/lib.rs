//! Shapes, constraints and identifiers of the AWS APIs that Keywright speaks.
