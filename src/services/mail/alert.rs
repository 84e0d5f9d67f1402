//! What the product itself has to tell superusers (contract B 8).

use crate::domain::collection::SUPERUSERS;
use crate::domain::language::Language;
use crate::domain::mail::{Address, Line, Message};
use crate::domain::random::{LOWER_ALPHANUMERIC, Random};
use crate::domain::settings::Settings;
use crate::services::app::App;
use crate::services::mail::layout::{self, Page};
use crate::services::mail::{plain, sender};
use crate::services::queue::{self, Job};
use crate::services::records::system_refs::INSTALLER;
use crate::services::{Error, settings};
use crate::store::{StoreError, accounts};

/// What the mail says: the subject before the app's name, and what comes before and after the reason.
struct Words {
    subject: &'static str,
    text: &'static str,
    advice: &'static str,
}

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::services) enum Alert {
    /// A scheduled backup failed.
    Backup,
    /// The log of the database is not shipped.
    Replica,
}

const fn words(alert: Alert, language: Language) -> Words {
    match alert {
        Alert::Backup => backup_words(language),
        Alert::Replica => replica_words(language),
    }
}

const fn backup_words(language: Language) -> Words {
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

const fn replica_words(language: Language) -> Words {
    match language {
        Language::English => Words {
            subject: "The replica is falling behind:",
            text: "For some minutes the server could not ship the changes of the database:",
            advice: "It goes on trying. Until it succeeds, moments since then cannot be restored.",
        },
        Language::German => Words {
            subject: "Die Replik bleibt zurück:",
            text: "Seit einigen Minuten kann der Server die Änderungen der Datenbank nicht übertragen:",
            advice: "Er versucht es weiter. Bis es gelingt, lassen sich Zeitpunkte seitdem nicht \
                     wiederherstellen.",
        },
        Language::French => Words {
            subject: "La réplique prend du retard :",
            text: "Depuis quelques minutes, le serveur ne peut pas transmettre les modifications de la \
                   base de données :",
            advice: "Il continue d’essayer. D’ici là, les instants écoulés depuis ne peuvent pas être \
                     restaurés.",
        },
        Language::Spanish => Words {
            subject: "La réplica se está quedando atrás:",
            text: "Desde hace unos minutos el servidor no puede enviar los cambios de la base de datos:",
            advice: "Sigue intentándolo. Hasta que lo logre, los momentos desde entonces no se pueden \
                     restaurar.",
        },
    }
}

/// Queues a mail to every superuser.
///
/// # Errors
/// When they cannot be found, or a mail cannot be queued.
pub(in crate::services) async fn tell_superusers(
    app: &App,
    alert: Alert,
    reason: &str,
) -> Result<(), Error> {
    let settings = settings::current(app).await?;
    let addresses = app.store.read(|db| {
        let schema = db.schema();
        match schema.by_name(SUPERUSERS) {
            Some(superusers) => accounts::addresses(db, superusers),
            None => Ok::<_, StoreError>(Vec::new()),
        }
    });
    let addresses: Vec<String> = addresses.await?;
    let addresses = addresses.into_iter().filter(|address| address != INSTALLER);
    let addresses: Vec<String> = addresses.collect();
    let compose = |to: &String| compose(&settings, alert, reason, to);
    let messages = addresses.iter().map(compose).collect::<Result<Vec<_>, Error>>()?;
    let now = app.clock.now();
    let queued = app.store.write(move |tx| {
        messages.iter().try_for_each(|message| queue::push(tx, Job::Mail(message.clone()), now))
    });
    Ok(queued.await?)
}

/// The mail to `to`, because of `reason`.
///
/// # Errors
/// `BadRequest` when an address is none.
fn compose(settings: &Settings, alert: Alert, reason: &str, to: &str) -> Result<Message, Error> {
    let language = settings.mail_language;
    let Words { subject, text, advice } = words(alert, language);
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
            for alert in [Alert::Backup, Alert::Replica] {
                let mail = compose(&settings, alert, "no room <b>", "root@example.com").unwrap();
                assert!(mail.subject.as_str().ends_with(": Acme"), "{}", mail.subject);
                assert!(mail.html.contains("no room &lt;b&gt;"), "{}", mail.html);
                assert!(mail.text.contains("no room <b>"), "{}", mail.text);
            }
        }
    }
}
