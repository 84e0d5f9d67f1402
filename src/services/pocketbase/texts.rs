//! The texts of mails that PocketBase brings along. A collection that still has them has none of its
//! own, and gets those that come with this product.

use sha2::{Digest, Sha256};

use crate::domain::collection::{AuthOptions, EmailTemplate, MailTexts};
use crate::domain::language::Language;

/// The first half of SHA-256 over subject, line break and body, from 0.23 to 0.40.
const UNTOUCHED: [&str; 9] = [
    "417201d11c2b6e8794ceaa2e3ec4e7b2",
    "a19e625b72fa5a8fb10e63cc9d894c6b",
    "efdbb84a9c1f29b1be64afd6d88184ab",
    "0d662a3a13baeffd5d3ca8e1b60aecb2",
    "ad00efa83ec34d826b51426099357e7b",
    "84e55567ee5a5e3c907600120c105f13",
    "cc2768e1fcbdd1711550334ac8e47d2b",
    "ea0800de90db6ad42f2ecd0e506122a8",
    "7a20e8ffaf45a4e0c10335743232443b",
];

/// Puts the product's own texts where nobody changed PocketBase's; how many those are.
pub(super) fn replace_untouched(options: &mut AuthOptions) -> usize {
    let own = MailTexts::usual(Language::English);
    let pairs = [
        (&mut options.auth_alert.email_template, own.auth_alert),
        (&mut options.otp.email_template, own.otp),
        (&mut options.verification_template, own.verification),
        (&mut options.reset_password_template, own.password_reset),
        (&mut options.confirm_email_change_template, own.email_change),
    ];
    let mut replaced = 0;
    for (template, own) in pairs {
        if is_untouched(template) {
            *template = own;
            replaced += 1;
        }
    }
    replaced
}

fn is_untouched(template: &EmailTemplate) -> bool {
    let digest = Sha256::digest(format!("{}\n{}", template.subject, template.body));
    let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    UNTOUCHED.contains(&digits.as_str())
}
