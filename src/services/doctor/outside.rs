//! What lies outside of the machine: where people find the server, where mails and files go.

use url::{Host, Url};

use crate::domain::settings::{Settings, Smtp};
use crate::services::app::App;
use crate::services::backups::test_s3;
use crate::services::doctor::Finding;
use crate::services::mail;

/// The address that links in mails begin with.
pub(super) fn address(settings: &Settings) -> Option<Finding> {
    let text = &settings.meta.app_url;
    let url = Url::parse(text).ok();
    let is_local = url.as_ref().is_none_or(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    });
    if is_local {
        return settings.smtp.enabled.then(|| {
            let text = format!("Links in mails lead to {text:?}, which others cannot reach.");
            Finding::fault("address", text, "Set [app] url to the address that people use.")
        });
    }
    url.filter(|url| url.scheme() == "http").map(|url| {
        let text = format!("{url} is not encrypted: passwords can be read on the way.");
        Finding::advice("address", text, "Use HTTPS: docs/https.md.")
    })
}

/// Whether mails leave. Nothing is sent: the server is asked who it is, and signed in to.
pub(super) async fn mail(app: &App, settings: &Settings) -> Option<Finding> {
    let Smtp { enabled, host, port, .. } = &settings.smtp;
    if !enabled {
        let has_accounts =
            app.store.schema().collections().iter().any(|known| known.is_auth() && !known.system);
        return has_accounts.then(|| {
            Finding::advice(
                "mail",
                "Mails reach nobody: they are kept for the dashboard.",
                "Add [mail] with the address of a mail server to the file: docs/mail.md.",
            )
        });
    }
    Some(match mail::greet(&settings.smtp).await {
        Ok(()) => Finding::good("mail", format!("The mail server {host}:{port} takes mails.")),
        Err(failure) => Finding::fault(
            "mail",
            format!("The mail server {host}:{port} takes no mails: {failure}."),
            "Set [mail] smtp right: docs/mail.md.",
        ),
    })
}

/// Whether the buckets of the settings take files.
pub(super) async fn buckets(app: &App, settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let wanted = [
        (&settings.s3, "storage", "files", "[files] s3"),
        (&settings.backups.s3, "backups", "backups", "[backups] s3"),
    ];
    for (bucket, filesystem, about, key) in wanted {
        if !bucket.enabled {
            continue;
        }
        let name = &bucket.bucket;
        findings.push(match test_s3(app, filesystem).await {
            Ok(()) => Finding::good(about, format!("The bucket {name} takes files.")),
            Err(error) => {
                let text = format!("The bucket {name} takes no files: {error}");
                Finding::fault(about, text, format!("Set {key} right, and see its rights."))
            }
        });
    }
    findings
}
