//! The way of a request, from bytes to bytes.
