//! A mail as it leaves: parts that cannot end a header early, whoever wrote what is in them. How it
//! is rendered and sent is not known here.

pub mod placeholders;

use std::fmt;

use crate::domain::fields::is_email;

/// Most characters of a [`Line`].
const LONGEST_LINE: usize = 500;

/// An address of e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// A text on one line: a subject, or somebody's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line(String);

/// Who sends a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name that is shown, or nothing.
    pub name: Line,
    /// The address.
    pub address: Address,
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Tells it apart from all others: letters and digits.
    pub id: String,
    /// Who sends it.
    pub from: Sender,
    /// Where it goes.
    pub to: Address,
    /// Its subject.
    pub subject: Line,
    /// Its HTML, a whole page.
    pub html: String,
    /// The same for those who read no HTML.
    pub text: String,
}

impl Address {
    /// The address that `text` is, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = !text.contains(char::is_control) && !text.contains(char::is_whitespace);
        (is_plain && is_email(text)).then(|| Self(text.to_owned()))
    }

    /// The address as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Line {
    /// `text` on one line: what would end it, and other control characters, become blanks.
    pub fn new(text: &str) -> Self {
        let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let line: String =
            text.chars().map(|c| if is_break(c) { ' ' } else { c }).take(LONGEST_LINE).collect();
        // What looks encoded would be decoded.
        Self(line.replace("=?", "= ?").trim().to_owned())
    }

    /// The line as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.as_str().is_empty() {
            return self.address.fmt(f);
        }
        write!(f, "{} <{}>", self.name, self.address)
    }
}

impl Message {
    /// The id that mail programs know it by, of the sender's domain (contract B 8). The same however
    /// often it is sent.
    pub fn message_id(&self) -> String {
        format!("<{}@{}>", self.id, self.from.address.domain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_one_address_and_nothing_else() {
        for good in ["a@example.com", "a.b+c@sub.example.org", "o'brien@example.com"] {
            assert_eq!(Address::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "a",
            "a@b@c",
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com\n",
            "a@example.com, b@example.com",
            "A <a@example.com>",
            "\"a b\"@example.com",
            "a\0@example.com",
        ] {
            assert_eq!(Address::parse(bad), None, "{bad:?}");
        }
        assert_eq!(Address::parse("a@example.com").unwrap().domain(), "example.com");
    }

    #[test]
    fn a_line_stays_one() {
        assert_eq!(Line::new(" Hello\r\nBcc: b@example.com\t\u{2028}x\0 ").as_str(), {
            "Hello  Bcc: b@example.com  x"
        });
        assert_eq!(Line::new("=?utf-8?q?=0d=0aBcc:?=").as_str(), "= ?utf-8?q?=0d=0aBcc:?=");
        assert_eq!(Line::new(&"ä".repeat(2_000)).as_str().chars().count(), LONGEST_LINE);
    }

    #[test]
    fn a_message_is_known_by_its_sender() {
        let address = Address::parse("hi@example.com").unwrap();
        let from = Sender { name: Line::new("Tiny Blog"), address: address.clone() };
        assert_eq!(from.to_string(), "Tiny Blog <hi@example.com>");
        let message = Message {
            id: "m1".to_owned(),
            from,
            to: address,
            subject: Line::default(),
            html: String::new(),
            text: String::new(),
        };
        assert_eq!(message.message_id(), "<m1@example.com>");
    }
}
