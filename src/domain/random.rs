//! Randomness: the only door to the system's generator. Whoever makes an id, a secret or a text by
//! chance is handed a [`Random`], so that tests and made-up rows can be repeated.

use sha2::{Digest, Sha256};

use crate::domain::time::Timestamp;

/// Lower-case letters and digits, the characters of record ids and file names.
pub const LOWER_ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Letters and digits, the characters of secrets and keys.
pub const ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A source of random values, fit for secrets: SHA-256 over a secret seed and a counter.
///
/// A clone repeats what its original will make, which is what a transaction needs that may run a
/// second time.
#[derive(Clone)]
pub struct Random {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random(***)")
    }
}

impl Random {
    /// A source seeded by the operating system.
    ///
    /// # Panics
    /// When the operating system has no random bytes: nothing that needs secrets can go on.
    pub fn system() -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("the operating system gives random bytes");
        Self::from_seed(seed)
    }

    /// A source that makes the same values for the same `seed`: for tests and made-up rows, never
    /// for secrets.
    pub fn seeded(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self::from_seed(bytes)
    }

    const fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0, block: [0; 32], used: 32 }
    }

    /// The next random byte.
    pub fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            let mut hash = Sha256::new();
            hash.update(self.seed);
            hash.update(self.counter.to_le_bytes());
            self.block = hash.finalize().into();
            self.counter += 1;
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// The next random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// A number from 0 up to but without `bound`, each as likely as the others. `bound` is above 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        debug_assert!(bound > 0, "there is no number below 0");
        if bound <= 256 {
            // Bytes in the last, incomplete round of `bound` values would favour the first ones.
            let fair = 256 - 256 % bound;
            loop {
                let byte = u32::from(self.byte());
                if byte < fair {
                    return byte % bound;
                }
            }
        }
        let fair = u64::from(u32::MAX) + 1;
        let fair = fair - fair % u64::from(bound);
        loop {
            let value = u32::from_le_bytes(self.bytes());
            if u64::from(value) < fair {
                return value % bound;
            }
        }
    }

    /// `length` characters of `alphabet`, which is ASCII and not empty.
    pub fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        let size = u32::try_from(alphabet.len()).expect("an alphabet of ASCII is short");
        (0..length).map(|_| char::from(alphabet[self.below(size) as usize])).collect()
    }

    /// A record id: 15 lower-case letters and digits (contract A 1.8).
    pub fn record_id(&mut self) -> String {
        self.text(15, LOWER_ALPHANUMERIC)
    }

    /// A secret of 50 letters and digits, as token secrets and token keys are.
    pub fn secret(&mut self) -> String {
        self.text(50, ALPHANUMERIC)
    }

    /// A UUID whose order is the order in which such are made (version 7).
    pub fn uuid7(&mut self, now: Timestamp) -> String {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_shape() {
        let mut random = Random::system();
        let id = random.record_id();
        assert_eq!(id.len(), 15);
        assert!(id.bytes().all(|byte| LOWER_ALPHANUMERIC.contains(&byte)));
        assert_ne!(id, random.record_id());
        assert_eq!(random.secret().len(), 50);
        let early = random.uuid7(Timestamp::from_millis(1));
        let late = random.uuid7(Timestamp::from_millis(2));
        assert!(early < late);
    }

    #[test]
    fn a_seed_repeats_and_a_clone_goes_on_alike() {
        let mut first = Random::seeded(7);
        assert_eq!(first.secret(), Random::seeded(7).secret());
        assert_ne!(Random::seeded(8).secret(), Random::seeded(7).secret());
        let mut second = first.clone();
        assert_eq!(first.secret(), second.secret());
    }

    #[test]
    fn every_value_below_a_bound_is_about_as_likely() {
        let mut random = Random::seeded(1);
        let mut counts = [0u32; 36];
        for _ in 0..36_000 {
            counts[random.below(36) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (850..1150).contains(&count)), "{counts:?}");
        assert!((0..1000).all(|_| random.below(1000) < 1000));
    }
}
