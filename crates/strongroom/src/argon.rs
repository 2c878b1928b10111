//! Argon2id version 1.3, RFC 9106, in one thread and with its memory wiped.

use argon2::{Algorithm, Argon2, AssociatedData, Block, ParamsBuilder, Version};
use zeroize::Zeroizing;

/// Everything that goes into the hash.
pub(crate) struct Input<'a> {
    pub(crate) passphrase: &'a [u8],
    pub(crate) salt: &'a [u8],
    /// Secret value K, empty except in the known-answer test.
    pub(crate) pepper: &'a [u8],
    /// Associated data X, empty except in the known-answer test.
    pub(crate) associated: &'a [u8],
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

/// The parameters are impossible, or there is not enough memory.
#[derive(Debug)]
pub(crate) struct HashFailed;

/// Fills `out` with the hash.
pub(crate) fn hash(input: &Input<'_>, out: &mut [u8]) -> Result<(), HashFailed> {
    let mut params = ParamsBuilder::new();
    params.m_cost(input.memory_kib).t_cost(input.passes).p_cost(input.lanes).output_len(out.len());
    if !input.associated.is_empty() {
        params.data(AssociatedData::new(input.associated).map_err(|_| HashFailed)?);
    }
    let params = params.build().map_err(|_| HashFailed)?;
    let mut memory = blocks(params.block_count())?;
    Argon2::new_with_secret(input.pepper, Algorithm::Argon2id, Version::V0x13, params)
        .and_then(|argon| {
            argon.hash_password_into_with_memory(input.passphrase, input.salt, out, memory.as_mut_slice())
        })
        .map_err(|_| HashFailed)
}

/// Working memory, wiped when dropped. When the system refuses memory, that is an error, not an abort.
fn blocks(count: usize) -> Result<Zeroizing<Vec<Block>>, HashFailed> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_| HashFailed)?;
    blocks.resize(count, Block::new());
    Ok(Zeroizing::new(blocks))
}
