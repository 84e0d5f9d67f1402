//! The texts of mails unless others are written (contract B 8), in each language. Their links and
//! placeholders are the same in all.

mod words;

use super::{AuthOptions, EmailTemplate};
use crate::domain::language::Language;
use words::Words;

/// The texts of a collection's mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailTexts {
    /// Asks to confirm an address.
    pub verification: EmailTemplate,
    /// Offers a new password.
    pub password_reset: EmailTemplate,
    /// Asks to confirm another address.
    pub email_change: EmailTemplate,
    /// Carries a code.
    pub otp: EmailTemplate,
    /// Tells of a sign-in.
    pub auth_alert: EmailTemplate,
    /// Tells the old address of a new one. A collection has no words of its own for it.
    pub address_changed: EmailTemplate,
}

impl MailTexts {
    /// The usual ones.
    pub fn usual(language: Language) -> Self {
        let words = words::of(language);
        Self {
            verification: words.with_button(&words.verification, "confirm-verification"),
            password_reset: words.with_button(&words.password_reset, "confirm-password-reset"),
            email_change: words.with_button(&words.email_change, "confirm-email-change"),
            otp: words.otp(),
            auth_alert: words.auth_alert(),
            address_changed: words.address_changed(),
        }
    }

    /// Those of a collection: what is as usual is said in `language`, what somebody wrote stays.
    pub fn of(options: &AuthOptions, language: Language) -> Self {
        let (usual, spoken) = (Self::usual(Language::English), Self::usual(language));
        let choose = |own: &EmailTemplate, usual: EmailTemplate, spoken: EmailTemplate| {
            if *own == usual { spoken } else { own.clone() }
        };
        Self {
            verification: choose(
                &options.verification_template,
                usual.verification,
                spoken.verification,
            ),
            password_reset: choose(
                &options.reset_password_template,
                usual.password_reset,
                spoken.password_reset,
            ),
            email_change: choose(
                &options.confirm_email_change_template,
                usual.email_change,
                spoken.email_change,
            ),
            otp: choose(&options.otp.email_template, usual.otp, spoken.otp),
            auth_alert: choose(
                &options.auth_alert.email_template,
                usual.auth_alert,
                spoken.auth_alert,
            ),
            address_changed: spoken.address_changed,
        }
    }
}

impl Words {
    fn with_button(&self, mail: &words::Asking, page: &str) -> EmailTemplate {
        let (text, label) = (mail.text, mail.label);
        let middle = format!(
            "<p>{text}</p>\n<p>\n  <a class=\"btn\" href=\"{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}\" \
             target=\"_blank\" rel=\"noopener\">{label}</a>\n</p>\n"
        );
        self.template(mail.subject, &middle)
    }

    fn otp(&self) -> EmailTemplate {
        let middle = format!("<p>{} <strong>{{OTP}}</strong></p>\n", self.otp_text);
        self.template(self.otp_subject, &middle)
    }

    fn auth_alert(&self) -> EmailTemplate {
        EmailTemplate {
            subject: self.alert_subject.to_owned(),
            body: format!(
                "<p>{}</p>\n<p>{}</p>\n<p><em>{{ALERT_INFO}}</em></p>\n<p>{}</p>\n<p>{}</p>",
                self.greeting, self.alert_text, self.alert_advice, self.closing
            ),
        }
    }

    fn address_changed(&self) -> EmailTemplate {
        EmailTemplate {
            subject: self.changed_subject.to_owned(),
            body: format!(
                "<p>{}</p>\n<p>{} <strong>{{NEW_EMAIL}}</strong></p>\n<p>{}</p>\n<p>{}</p>",
                self.greeting, self.changed_text, self.changed_advice, self.closing
            ),
        }
    }

    fn template(&self, subject: &str, middle: &str) -> EmailTemplate {
        let Self { greeting, ignore, closing, .. } = self;
        EmailTemplate {
            subject: subject.to_owned(),
            body: format!("<p>{greeting}</p>\n{middle}<p><i>{ignore}</i></p>\n<p>{closing}</p>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_all_that_there_is_to_say() {
        for (code, language) in Language::ALL {
            let texts = MailTexts::usual(language);
            for (mail, needed) in [
                (&texts.verification, "/_/#/auth/confirm-verification/{TOKEN}\""),
                (&texts.password_reset, "/_/#/auth/confirm-password-reset/{TOKEN}\""),
                (&texts.email_change, "/_/#/auth/confirm-email-change/{TOKEN}\""),
                (&texts.otp, "<strong>{OTP}</strong>"),
                (&texts.auth_alert, "<em>{ALERT_INFO}</em>"),
                (&texts.address_changed, "<strong>{NEW_EMAIL}</strong>"),
            ] {
                assert!(mail.body.contains(needed), "{code}: {}", mail.body);
                assert!(mail.body.contains("{APP_NAME}") && mail.subject.contains("{APP_NAME}"));
            }
            let is_english = texts == MailTexts::usual(Language::English);
            assert_eq!(is_english, language == Language::English, "{code}");
        }
    }

    #[test]
    fn what_somebody_wrote_stays_in_their_language() {
        let mut options = AuthOptions::new(String::new);
        options.otp.email_template.subject = "My code".to_owned();
        let texts = MailTexts::of(&options, Language::German);
        let usual = MailTexts::usual(Language::German);
        assert_eq!(texts.otp, options.otp.email_template);
        assert_eq!(texts.verification, usual.verification);
        assert_eq!(MailTexts::of(&options, Language::English).otp, texts.otp);
    }
}
