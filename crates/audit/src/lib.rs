//! The hash-chained journal of every call.
