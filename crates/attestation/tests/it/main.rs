//! Documents made as a hypervisor makes them, and in every wrong form.

#![cfg(test)]

mod chains;
mod forms;
mod hypervisor;
mod keys;
mod nitro;
