//! The strongroom from outside.

#![cfg(test)]

mod importing;
mod keys;
mod refusals;
mod unsealing;
mod vectors;
mod world;
