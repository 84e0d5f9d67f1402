//! Sends mails to a mail server (contract B 8). A connection a mail: whoever sends many at a time has
//! a server beside it that takes them from there.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use crate::domain::mail::Message;
use crate::domain::settings::Smtp;
use crate::domain::time::Timestamp;
use crate::services::failure::Failure;

/// How long the server may take to be there, signed in to.
const CONNECT: Duration = Duration::from_secs(20);

/// How long it may take to accept a mail.
const SEND: Duration = Duration::from_secs(60);

/// How long it may take to say goodbye.
const QUIT: Duration = Duration::from_secs(2);

/// Sends `message`, which is dated `now`.
///
/// # Errors
/// Why it was not sent.
pub(super) async fn send(smtp: &Smtp, message: &Message, now: Timestamp) -> Result<(), Failure> {
    let mail = formatted(message, now).map_err(Failure::for_good)?;
    let mut connection = within(CONNECT, connect(smtp)).await?;
    within(SEND, async {
        let sent = connection.send(mail.envelope(), &mail.formatted()).await;
        sent.map(|_| ()).map_err(|error| {
            // What the mail itself makes impossible stays impossible.
            let is_for_good = error.is_permanent() || error.is_client();
            if is_for_good && !is_about_us(&error) {
                Failure::for_good(error)
            } else {
                Failure::for_now(error)
            }
        })
    })
    .await?;
    // It is accepted; what comes now is manners.
    let _ = timeout(QUIT, connection.quit()).await;
    Ok(())
}

/// Connects and signs in as for a mail, and sends none.
///
/// # Errors
/// Why no mail could be sent.
pub(in crate::services) async fn greet(smtp: &Smtp) -> Result<(), Failure> {
    let mut connection = within(CONNECT, connect(smtp)).await?;
    let _ = timeout(QUIT, connection.quit()).await;
    Ok(())
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = || Failure::ForNow(format!("the mail server took longer than {limit:?}"));
    timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}

/// A connection that is encrypted, if it can be, and signed in. What goes wrong here is for a person
/// to put right, so no mail is given up for it at once.
async fn connect(smtp: &Smtp) -> Result<AsyncSmtpConnection, Failure> {
    let port = u16::try_from(smtp.port)
        .map_err(|_| Failure::ForNow(format!("the mail server has no port {}", smtp.port)))?;
    let name = if smtp.local_name.is_empty() { "localhost" } else { &smtp.local_name };
    let hello = ClientId::Domain(name.to_owned());
    let tls = || TlsParameters::new(smtp.host.clone()).map_err(Failure::for_now);
    let implicit = if smtp.tls { Some(tls()?) } else { None };
    let server = (bare(&smtp.host), port);
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &hello, implicit, None)
            .await
            .map_err(Failure::for_now)?;
    if connection.can_starttls() {
        connection.starttls(tls()?, &hello).await.map_err(Failure::for_now)?;
    }
    if smtp.username.is_empty() && smtp.password.reveal().is_empty() {
        return Ok(connection);
    }
    if !connection.is_encrypted() && !is_local(&smtp.host) {
        connection.abort().await;
        return Err(Failure::ForNow(
            "the mail server does not encrypt, so it is not told the password".to_owned(),
        ));
    }
    let credentials = Credentials::new(smtp.username.clone(), smtp.password.reveal().to_owned());
    connection.auth(mechanisms(smtp), &credentials).await.map_err(Failure::for_now)?;
    Ok(connection)
}

/// Whether the server refuses who sends and not what is sent: it wants a sign-in, or another one (53x).
/// A person can put that right.
fn is_about_us(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| code.to_string().starts_with("53"))
}

/// Ways to sign in, the best first.
fn mechanisms(smtp: &Smtp) -> &'static [Mechanism] {
    match smtp.auth_method.as_str() {
        "LOGIN" => &[Mechanism::Login],
        "PLAIN" => &[Mechanism::Plain],
        _ => &[Mechanism::Plain, Mechanism::Login],
    }
}

/// Whether what is sent to `host` stays on this machine.
fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || bare(host).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An address of version 6 without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The mail as it goes over the wire.
fn formatted(
    message: &Message,
    now: Timestamp,
) -> Result<lettre::Message, Box<dyn std::error::Error + Send + Sync>> {
    let name = message.from.name.as_str();
    let name = (!name.is_empty()).then(|| name.to_owned());
    let date = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
    let mail = lettre::Message::builder()
        .from(Mailbox::new(name, message.from.address.as_str().parse()?))
        .to(Mailbox::new(None, message.to.as_str().parse()?))
        .subject(message.subject.as_str())
        .message_id(Some(message.message_id()))
        .date(date)
        .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))?;
    Ok(mail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mail::{Address, Line, Sender};

    fn message(name: &str, subject: &str) -> Message {
        let address = |text| Address::parse(text).unwrap();
        Message {
            id: "m1".to_owned(),
            from: Sender { name: Line::new(name), address: address("hi@example.com") },
            to: address("ann@example.org"),
            subject: Line::new(subject),
            html: "<p>Grüße</p>".to_owned(),
            text: "Grüße".to_owned(),
        }
    }

    fn wire(message: &Message) -> String {
        let mail = formatted(message, Timestamp::from_millis(1_767_225_600_000)).unwrap();
        String::from_utf8(mail.formatted()).unwrap()
    }

    #[test]
    fn headers_are_what_they_should_be() {
        let wire = wire(&message("Tiny, Blog", "Hello"));
        for header in [
            "From: =?utf-8?b?VGlueSwgQmxvZw==?= <hi@example.com>\r\n",
            "To: ann@example.org\r\n",
            "Subject: Hello\r\n",
            "Message-ID: <m1@example.com>\r\n",
            "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(wire.contains(header), "{header:?} in {wire}");
        }
    }

    #[test]
    fn nobody_adds_a_header() {
        let evil = "x\r\nBcc: eve@example.com\r\n\r\nbody";
        for wire in [wire(&message(evil, "s")), wire(&message("n", evil))] {
            let (head, _) = wire.split_once("\r\n\r\n").unwrap();
            assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        }
    }

    #[test]
    fn only_this_machine_is_told_passwords_in_the_clear() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["", "mail.example.com", "localhost.example.com", "10.0.0.1", "0.0.0.0"] {
            assert!(!is_local(host), "{host}");
        }
    }
}
