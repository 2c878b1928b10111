//! The strongroom from outside.

#![cfg(test)]

mod entropy;
mod refusals;
mod unsealing;
mod vectors;
