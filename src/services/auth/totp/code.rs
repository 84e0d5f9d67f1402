//! The codes of an authenticator: six digits, a new one every 30 seconds, HMAC-SHA1; all apps know
//! these and many know no others.

use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::domain::invalid::Fault;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::services::Error;

/// Bytes of a secret: as many as the hash has (RFC 4226, 4).
const SECRET_BYTES: usize = 20;

/// Codes before and after the one of this moment that are taken too: clocks differ.
const SKEW: u16 = 1;

/// A new secret in base32.
pub(super) fn new_secret(random: &mut Random) -> String {
    Secret::from(random.bytes::<SECRET_BYTES>()).to_base32()
}

/// The `otpauth:` address of a secret, which apps read from a QR code.
pub(super) fn url(secret: &str, issuer: &str, record: &Record) -> Result<String, Error> {
    // The address is made of the two with a colon between them.
    let plain = |text: &str| text.replace(':', " ").trim().to_owned();
    let email = plain(record.text("email"));
    let account = if email.is_empty() { record.id().to_owned() } else { email };
    let issuer = Some(plain(issuer)).filter(|issuer| !issuer.is_empty());
    let builder = builder(secret)?.with_account_name(account).with_issuer(issuer);
    builder.build().and_then(|totp| totp.to_url()).map_err(Error::internal)
}

/// The number of the half minute that `shown` is the code of, if it is one of about `now`.
pub(super) fn step(secret: &str, shown: &str, now: Timestamp) -> Result<Option<i64>, Error> {
    let seconds = now.millis().div_euclid(1_000).max(0).unsigned_abs();
    let shown: String = shown.chars().filter(|character| *character != ' ').collect();
    let found = totp(secret)?.check(&shown, seconds);
    Ok(found.map(|step| i64::try_from(step).unwrap_or(i64::MAX)))
}

/// Whether `shown` may be a code at all.
pub(super) fn is_code(shown: &str) -> bool {
    let shown = shown.chars().filter(|character| *character != ' ');
    let mut digits = 0;
    shown.inspect(|_| digits += 1).all(|character| character.is_ascii_digit()) && digits == 6
}

/// What a code that is not right is told.
pub(super) fn wrong() -> Fault {
    Fault::new("validation_invalid_totp", "The code is not right, or no longer.")
}

fn totp(secret: &str) -> Result<Totp, Error> {
    builder(secret)?.build().map_err(Error::internal)
}

fn builder(secret: &str) -> Result<Builder, Error> {
    let secret = Secret::try_from_base32(secret)
        .map_err(|_| Error::internal("the secret of an authenticator cannot be read"))?;
    Ok(Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(SKEW)
        .with_step_duration(30)
        .with_secret(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::test_records::{auth_collection, auth_record};

    /// The secret of RFC 6238, appendix B: "12345678901234567890".
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000 + 999)
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B has eight digits; these are their last six.
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")]
        {
            assert_eq!(step(SECRET, code, at(seconds)).unwrap(), Some(seconds / 30));
        }
        assert_eq!(step(SECRET, "287 082", at(59)).unwrap(), Some(1));
    }

    #[test]
    fn the_codes_next_to_it_are_taken_and_no_others() {
        let taken = |seconds| step(SECRET, "287082", at(seconds)).unwrap().is_some();
        assert!(taken(0) && taken(30) && taken(89));
        assert!(!taken(90) && !taken(1_000_000));
        for odd in ["", "28708", "2870820", "28708x", "٢٨٧٠٨٢", "-87082"] {
            assert_eq!(step(SECRET, odd, at(59)).unwrap(), None, "{odd:?}");
        }
    }

    #[test]
    fn six_digits_may_be_a_code() {
        assert!(is_code("123456") && is_code(" 123 456"));
        for other in ["", "12345", "1234567", "12345a", "abcd-efgh-jkmn-pqrs", "١٢٣٤٥٦"] {
            assert!(!is_code(other), "{other:?}");
        }
    }

    #[test]
    fn the_address_names_product_and_account() {
        let mut ann = auth_record(&auth_collection("users"), "u1abcdefghijklm");
        let secret = new_secret(&mut Random::seeded(1));
        assert_eq!(secret.len(), 32);
        let text = url(&secret, "Tiny: Blog", &ann).unwrap();
        assert!(text.starts_with("otpauth://totp/Tiny%20%20Blog:ann%40example.com?"), "{text}");
        assert!(text.contains(&format!("secret={secret}")), "{text}");
        ann.set("email", "".into());
        let text = url(&secret, "", &ann).unwrap();
        assert!(text.starts_with("otpauth://totp/u1abcdefghijklm?"), "{text}");
    }
}
