//! What the product itself has to tell superusers (contract B 8).

use crate::domain::language::Language;
use crate::domain::mail::{Address, Line, Message};
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::settings::Settings;
use crate::services::Error;
use crate::services::mail::layout::{self, Page};
use crate::services::mail::{plain, sender};

/// What the mail says: the subject before the app's name, and what comes before and after the reason.
struct Words {
    subject: &'static str,
    text: &'static str,
    advice: &'static str,
}

const fn words(language: Language) -> Words {
    match language {
        Language::English => Words {
            subject: "A scheduled backup failed:",
            text: "The server was to make a backup just now, and could not:",
            advice: "It tries again at the next time of its schedule. Please see to it before you need \
                     a backup.",
        },
        Language::German => Words {
            subject: "Ein geplantes Backup ist fehlgeschlagen:",
            text: "Der Server sollte gerade ein Backup anlegen und konnte es nicht:",
            advice: "Er versucht es zum nächsten geplanten Zeitpunkt wieder. Bitte kümmern Sie sich \
                     darum, bevor Sie ein Backup brauchen.",
        },
        Language::French => Words {
            subject: "Une sauvegarde planifiée a échoué :",
            text: "Le serveur devait faire une sauvegarde à l’instant et n’a pas pu :",
            advice: "Il réessaiera à la prochaine échéance. Veuillez vous en occuper avant d’avoir \
                     besoin d’une sauvegarde.",
        },
        Language::Spanish => Words {
            subject: "Falló una copia de seguridad programada:",
            text: "El servidor debía hacer ahora una copia de seguridad y no pudo:",
            advice: "Lo intentará de nuevo en la próxima fecha programada. Ocúpese de ello antes de \
                     necesitar una copia.",
        },
    }
}

/// The mail to `to` that a scheduled backup failed because of `reason`.
///
/// # Errors
/// `BadRequest` when an address is none.
pub fn failed_backup(settings: &Settings, reason: &str, to: &str) -> Result<Message, Error> {
    let language = settings.mail_language;
    let Words { subject, text, advice } = words(language);
    let subject = Line::new(&format!("{subject} {}", settings.meta.app_name));
    let body = format!("<p>{text}</p>\n<p><i>{}</i></p>\n<p>{advice}</p>", escaped(reason));
    let accent = &settings.meta.accent_color;
    let html = layout::render(&Page { subject: subject.as_str(), body: &body, language, accent })?;
    let to = Address::parse(to)
        .ok_or_else(|| Error::bad_request("The address of a superuser is none."))?;
    let id = Random::system().text(24, LOWER_ALPHANUMERIC);
    Ok(Message { id, from: sender(settings)?, to, subject, html, text: plain(&body)? })
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("<br/>"),
            '\0' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_text_in_every_language() {
        for (_, language) in Language::ALL {
            let settings = Settings { mail_language: language, ..Settings::default() };
            let mail = failed_backup(&settings, "no room <b>", "root@example.com").unwrap();
            assert!(mail.subject.as_str().ends_with(": Acme"), "{}", mail.subject);
            assert!(mail.html.contains("no room &lt;b&gt;"), "{}", mail.html);
            assert!(mail.text.contains("no room <b>"), "{}", mail.text);
        }
    }
}
