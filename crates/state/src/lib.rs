//! What a service keeps: records in the store, and all of them in memory.
//!
//! ```text
//! store ── changes, in the order of their revisions ──► Mirror ──► Snapshot ──► View
//!   ▲                                                              one revision   one service,
//!   │                                                              of everything  as one attempt sees it
//!   └────────────────────────── Batch ◄── Kept ◄──────────────────────────────────────┘
//! ```
//! A service brings its [`Tables`]: a value that takes records over. Everything else is here, once, alike for all
//! services: how memory follows the store, what one attempt of a call sees, how a record is made, replaced and
//! removed, how parsed policies are shared, and how last uses are written behind.

mod interned;
mod kept;
mod last_use;
mod mirror;
mod snapshot;

pub use interned::Interned;
pub use kept::{Kept, created, encode, removed, replaced, touched, unchanged};
pub use last_use::{Behind, LastUse, Noting, Tracked, Use, UseRow};
pub use mirror::{Loaded, Mirror};
pub use snapshot::{Snapshot, Stateful, StoredRecord, Tables, Unreadable, View};
