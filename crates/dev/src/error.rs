//! Why a development is not served, for who develops.

use std::{fmt, path::PathBuf};

use server::StartError;
use store::StoreError;

use crate::seed::SeedError;

/// What stopped the start, or a reset.
#[derive(Debug)]
pub enum DevError {
    /// What could stop any server.
    Start(StartError),
    /// The data directory was not made by `keywright dev`.
    NotDevelopment(PathBuf),
    /// The seed file is wrong.
    Seed(SeedError),
}

impl fmt::Display for DevError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::NotDevelopment(path) => write!(
                f,
                "{} was not made by `keywright dev`; its keys are not given to everybody",
                path.display()
            ),
            Self::Seed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DevError {}

impl From<StartError> for DevError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<StoreError> for DevError {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

impl From<SeedError> for DevError {
    fn from(error: SeedError) -> Self {
        Self::Seed(error)
    }
}
