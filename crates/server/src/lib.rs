//! A server put together: the services over a store, a journal and a seal, and what a machine gives them.
//!
//! [`Assembly::of`] takes [`Parts`] and makes what answers requests. `keywright serve`, `keywright dev` and the simulation
//! start from it, each with parts of its own. Nothing listens here, and nothing is read from a configuration.

mod authenticate;
mod background;
mod clock;
mod compose;
mod data_dir;
mod deployment;
mod entropy;
mod founding;
mod health;
mod keeper;
mod meant;
mod notary;
mod retention;
mod roots;
mod seal;
mod start;

pub use authenticate::authenticate;
pub use background::Background;
pub use clock::SystemClock;
pub use compose::{Assembly, Chores, Following, Leniency, Parts};
pub use data_dir::DataDir;
pub use deployment::{DeploymentError, SealRecord};
pub use entropy::SystemEntropy;
pub use founding::{
    RootCredentials, add_account, found, found_bare, initialise, is_initialised, open_account, reset_root,
};
pub use health::{Figure, FigureKind, Health, Part, Vitals};
pub use meant::{nearest, service};
pub use retention::Retention;
pub use roots::{RootSource, RootsError};
pub use seal::{SealFile, SealFileError, SealSource};
pub use start::StartError;
