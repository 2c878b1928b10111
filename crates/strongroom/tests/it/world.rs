//! What the tests start from.

use secret::Plaintext;
use strongroom::seal::FileSeal;
use strongroom::{Binding, Entropy, Generated, Material, SealedDomainKey, Spec, Strongroom};

use strongroom::testing::Seeded;

/// A strongroom that was unsealed with two domain keys.
pub(crate) fn unsealed(entropy: &dyn Entropy) -> Strongroom {
    let seal = FileSeal::parse(&FileSeal::generate(entropy).unwrap()).unwrap();
    let room = Strongroom::sealed();
    let keys = [1, 2].map(|number| SealedDomainKey::generate(number, &seal, entropy).unwrap());
    room.unseal(&seal, &keys).unwrap();
    room
}

/// A strongroom, and keys of any spec in it.
pub(crate) struct Keys {
    pub(crate) room: Strongroom,
    pub(crate) entropy: Seeded,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let entropy = Seeded::new(0);
        Self { room: unsealed(&entropy), entropy }
    }

    pub(crate) fn generate(&self, spec: Spec) -> Generated {
        self.room.generate(&binding(spec), &self.entropy).unwrap()
    }

    pub(crate) fn open(&self, spec: Spec, generated: &Generated) -> Material {
        self.room.material(&generated.token, &binding(spec)).unwrap()
    }

    pub(crate) fn make(&self, spec: Spec) -> Material {
        self.open(spec, &self.generate(spec))
    }

    pub(crate) fn import(&self, spec: Spec, material: &[u8]) -> Option<Generated> {
        let material = Plaintext::new(material.to_vec());
        self.room.import_plaintext(&binding(spec), &material, &self.entropy).ok()
    }
}

pub(crate) fn binding(spec: Spec) -> Binding {
    Binding { account: 111_122_223_333, key_id: [0x5a; 16], multi_region: false, spec }
}

/// Each byte with its lowest or highest bit flipped, every shorter length, and one byte more.
pub(crate) fn alterations(original: &[u8]) -> Vec<Vec<u8>> {
    sparse_alterations(original, 1)
}

/// The same, at every `step`th position and at the last.
pub(crate) fn sparse_alterations(original: &[u8], step: usize) -> Vec<Vec<u8>> {
    let flipped = |(position, bit): (usize, u8)| {
        let mut bytes = original.to_vec();
        bytes[position] ^= bit;
        bytes
    };
    let positions = || (0..original.len()).step_by(step).chain(original.len().checked_sub(1));
    let mut all: Vec<_> = positions().flat_map(|at| [(at, 1), (at, 0x80)]).map(flipped).collect();
    all.extend(positions().map(|length| original[..length].to_vec()));
    all.push([original, &[0]].concat());
    all
}
