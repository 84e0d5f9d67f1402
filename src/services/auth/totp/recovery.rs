//! Recovery codes: each stands in once for an authenticator that is lost. Only hashes are stored; a code
//! has 80 random bits, so a quick hash is enough.

use sha2::{Digest, Sha256};

use crate::domain::random::Random;
use crate::store::accounts::AccountKey;

/// Codes of one account.
const CODES: usize = 10;

/// Characters of a code, in groups of four: none that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS: usize = 4;

/// New codes, `xxxx-xxxx-xxxx-xxxx` each.
pub(super) fn new_codes(random: &mut Random) -> Vec<String> {
    (0..CODES)
        .map(|_| {
            let groups: Vec<String> = (0..GROUPS).map(|_| random.text(4, ALPHABET)).collect();
            groups.join("-")
        })
        .collect()
}

/// The hashes that codes of an account are stored as.
pub(super) fn hashes(account: &AccountKey, codes: &[String]) -> Vec<String> {
    codes.iter().map(|code| hash(account, code)).collect()
}

/// The hash of a code as somebody typed it: with or without dashes and spaces, in any case.
pub(super) fn hash(account: &AccountKey, code: &str) -> String {
    let code = code.chars().filter(char::is_ascii_alphanumeric);
    let code = code.collect::<String>().to_ascii_lowercase();
    let mut hash = Sha256::new();
    for part in [account.collection.as_str(), &account.record, &code] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(record: &str) -> AccountKey {
        AccountKey { collection: "users".to_owned(), record: record.to_owned() }
    }

    #[test]
    fn codes_differ_and_are_known_however_they_are_typed() {
        let codes = new_codes(&mut Random::seeded(1));
        let distinct: std::collections::HashSet<&String> = codes.iter().collect();
        assert_eq!(distinct.len(), CODES);
        let code = &codes[0];
        assert_eq!(code.len(), 19);
        let typed = format!(" {} ", code.replace('-', " ").to_ascii_uppercase());
        assert_eq!(hash(&account("a"), code), hash(&account("a"), &typed));
        assert_ne!(hash(&account("a"), code), hash(&account("b"), code));
        assert_ne!(hash(&account("a"), code), hash(&account("a"), &codes[1]));
    }
}
