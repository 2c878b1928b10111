//! The machine's randomness: the only place that draws it.
//!
//! AWS-LC's generator (CTR_DRBG, NIST SP 800-90A) costs about as much for 4 KiB as for 16 bytes, and calls need
//! 16 to 64 at a time. So each thread draws a block and hands it out piece by piece; each piece is wiped from the
//! block in the moment it is handed out, so that no byte can be handed out twice or be found later.

use std::{cell::RefCell, sync::Arc};

use strongroom::{Entropy, EntropyFailed};
use zeroize::{Zeroize, Zeroizing};

/// AWS-LC's generator, by blocks per thread. Not for processes that fork; Keywright never does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

const BLOCK_BYTES: usize = 4096;
/// Longer requests go straight to the generator.
const PIECE_BYTES_MAX: usize = 512;

impl SystemEntropy {
    /// For what keeps its source of randomness.
    #[must_use]
    pub fn shared() -> Arc<dyn Entropy> {
        Arc::new(Self)
    }

    /// Fills all of `out`.
    ///
    /// # Errors
    /// [`EntropyFailed`] when the system gives no random bytes; `out` must then not be used.
    pub fn fill(self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        if out.len() > PIECE_BYTES_MAX {
            return draw(out);
        }
        // While the thread ends its block may be gone already.
        match BLOCK.try_with(|block| block.try_borrow_mut().map(|mut block| block.hand_out(out, draw))) {
            Ok(Ok(filled)) => filled,
            Ok(Err(_)) | Err(_) => draw(out),
        }
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        (*self).fill(out)
    }
}

thread_local! {
    static BLOCK: RefCell<Block> = RefCell::new(Block::empty());
}

/// Random bytes not handed out yet: those from `used` on. The others are zero.
struct Block {
    bytes: Box<Zeroizing<[u8; BLOCK_BYTES]>>,
    used: usize,
}

impl Block {
    fn empty() -> Self {
        Self { bytes: Box::new(Zeroizing::new([0; BLOCK_BYTES])), used: BLOCK_BYTES }
    }

    /// Fills `out`, of at most [`PIECE_BYTES_MAX`], with bytes that were drawn and not handed out yet.
    fn hand_out(
        &mut self,
        out: &mut [u8],
        draw: impl Fn(&mut [u8]) -> Result<(), EntropyFailed>,
    ) -> Result<(), EntropyFailed> {
        if BLOCK_BYTES.saturating_sub(self.used) < out.len() {
            // What is left is given up; if the generator fails, nothing is left.
            self.used = BLOCK_BYTES;
            draw(self.bytes.as_mut_slice())?;
            self.used = 0;
        }
        let end = self.used.saturating_add(out.len());
        let piece = self.bytes.get_mut(self.used..end).ok_or(EntropyFailed)?;
        out.copy_from_slice(piece);
        piece.zeroize();
        self.used = end;
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the source that everything else gets as a parameter")]
fn draw(out: &mut [u8]) -> Result<(), EntropyFailed> {
    aws_lc_rs::rand::fill(out).map_err(|_| EntropyFailed)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::BTreeSet};

    use super::*;

    #[test]
    fn what_is_drawn_differs_within_and_between_threads() {
        let draw = || {
            let piece = |_| {
                let mut out = [0; 16];
                SystemEntropy.fill(&mut out).unwrap();
                out
            };
            (0..1000).map(piece).collect::<BTreeSet<_>>()
        };
        let (here, there) = (draw(), std::thread::spawn(draw).join().unwrap());
        assert_eq!(here.union(&there).count(), 2000);
        let mut long = [0; 3 * BLOCK_BYTES];
        SystemEntropy.fill(&mut long).unwrap();
        assert!(long.chunks(64).all(|chunk| chunk != [0; 64]));
    }

    /// Fills with counted bytes, to see which ones are handed out.
    fn counted(count: &Cell<u16>) -> impl Fn(&mut [u8]) -> Result<(), EntropyFailed> + '_ {
        |out| {
            for pair in out.chunks_mut(2) {
                count.set(count.get() + 1);
                pair.copy_from_slice(&count.get().to_be_bytes());
            }
            Ok(())
        }
    }

    #[test]
    fn each_byte_is_handed_out_once_and_wiped() {
        let count = Cell::new(0);
        let mut block = Block::empty();
        let mut seen = BTreeSet::new();
        for _ in 0..1000 {
            let mut out = [0; 24];
            block.hand_out(&mut out, counted(&count)).unwrap();
            for pair in out.chunks(2) {
                assert!(seen.insert([pair[0], pair[1]]), "handed out twice");
            }
            assert!(block.bytes[..block.used].iter().all(|byte| *byte == 0), "not wiped");
        }
        assert!(count.get() as usize > BLOCK_BYTES / 2, "the block was drawn more than once");
    }

    #[test]
    fn a_failing_generator_hands_out_nothing() {
        let mut block = Block::empty();
        let count = Cell::new(0);
        let mut out = [0; 500];
        for _ in 0..8 {
            block.hand_out(&mut out, counted(&count)).unwrap();
        }
        let failing = |_: &mut [u8]| Err(EntropyFailed);
        assert_eq!(block.hand_out(&mut out, failing), Err(EntropyFailed));
        assert_eq!(
            block.hand_out(&mut [0; 1], failing),
            Err(EntropyFailed),
            "the rest of a block is not used either"
        );
    }
}
