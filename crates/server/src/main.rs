//! Keywright.
fn main() {}
