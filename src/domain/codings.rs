//! Content codings and which of them a client takes (RFC 9110, 8.4.1 and 12.5.3).

/// A way to make an answer shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// All of them, the one that makes files shortest first.
    pub const BY_SIZE: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// All of them, the one that takes the least time first.
    pub const BY_TIME: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// Its name in headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The ending of a file that is the packed form of the one without it.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Zstd => ".zst",
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }

    /// The one of `offered` that a client with this `Accept-Encoding` wants most; of equals, the first of
    /// them. `None` is the answer as it is, also where the client takes that rather than any other.
    pub fn choose(header: &str, offered: &[Self]) -> Option<Self> {
        let entries = || header.split(',').filter_map(entry);
        let weight = |name: &str| {
            let is_named = |(own, _): &(&str, u16)| own.eq_ignore_ascii_case(name);
            entries().find(is_named).map(|(_, weight)| weight)
        };
        let others = weight("*");
        let as_it_is = weight("identity").unwrap_or(1);
        let mut best = None;
        for coding in offered {
            let own = match (weight(coding.name()), coding) {
                // Its old name.
                (None, Self::Gzip) => weight("x-gzip").or(others),
                (own, _) => own.or(others),
            };
            let own = own.unwrap_or(0);
            if own > 0 && own >= as_it_is && best.is_none_or(|(_, most)| own > most) {
                best = Some((*coding, own));
            }
        }
        best.map(|(coding, _)| coding)
    }
}

/// A name and its weight in thousandths. What cannot be read has none, and is passed over.
fn entry(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut weight = 1000;
    for part in parts {
        let (key, value) = part.split_once('=')?;
        if key.trim().eq_ignore_ascii_case("q") {
            let value: f32 = value.trim().parse().ok()?;
            if !(0.0..=1.0).contains(&value) {
                return None;
            }
            weight = (value * 1000.0).round() as u16;
        }
    }
    Some((name, weight))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_client_says_what_it_takes_and_the_server_what_it_likes() {
        let cases = [
            ("", None),
            ("identity", None),
            ("gzip", Some(Coding::Gzip)),
            ("GZIP", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("gzip,br", Some(Coding::Brotli)),
            ("br;q=0.5, gzip;q=0.9, zstd;q=0.1", Some(Coding::Gzip)),
            ("br; q=0.5 , gzip ;q = 0.5", Some(Coding::Brotli)),
            ("gzip;Q=0.2", Some(Coding::Gzip)),
            ("gzip;q=0", None),
            ("gzip;q=0.000", None),
            ("*", Some(Coding::Zstd)),
            ("*;q=0", None),
            ("zstd;q=0, *", Some(Coding::Brotli)),
            ("zstd;q=0, br;q=0, *;q=0.1", Some(Coding::Gzip)),
            ("identity;q=0.5, gzip;q=0.4", None),
            ("identity;q=0.5, gzip;q=0.5", Some(Coding::Gzip)),
            ("identity;q=0, gzip;q=0.1", Some(Coding::Gzip)),
            ("identity;q=0", None),
            ("gzip;q=2", None),
            ("gzip;q=-1", None),
            ("gzip;q=NaN", None),
            ("gzip;q=", None),
            ("gzip;q", None),
            ("gzip;level=1", Some(Coding::Gzip)),
            ("deflate, compress", None),
            (",,;q=1, gzip", Some(Coding::Gzip)),
        ];
        for (header, expected) in cases {
            assert_eq!(Coding::choose(header, &Coding::BY_TIME), expected, "{header:?}");
        }
        assert_eq!(Coding::choose("gzip, br, zstd", &Coding::BY_SIZE), Some(Coding::Brotli));
        assert_eq!(Coding::choose("br, zstd", &[Coding::Gzip]), None);
        assert_eq!(Coding::choose("br", &[]), None);
    }

    proptest! {
        #[test]
        fn whatever_a_client_says_is_read(header in "\\PC{0,40}|[a-z*;=q0-9., -]{0,40}") {
            let chosen = Coding::choose(&header, &[Coding::Gzip]);
            prop_assert!(chosen.is_none() || header.contains('*') || header.to_ascii_lowercase().contains("gzip"));
        }
    }
}
