//! What mails say, and which are sent to see whether they are.

use std::sync::Arc;

use serde_json::json;

use super::trial::{self, Trial};
use super::{Template, compose, inbox};
use crate::domain::collection::Collection;
use crate::domain::language::Language;
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::settings::Settings;
use crate::domain::system;
use crate::services::Error;
use crate::services::test_app::{START, TestApp};

fn users() -> Arc<Collection> {
    Arc::new(system::users(START, &mut Random::seeded(1)))
}

fn ann(collection: Arc<Collection>) -> Record {
    let zero = collection.fields.iter().map(|field| field.zero()).collect();
    let mut record = Record::new(collection, zero);
    record.set("name", json!("Ann <b>"));
    record.set("email", json!("ann@example.com"));
    record
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.meta.app_name = "Tiny Blog".to_owned();
    settings.meta.app_url = "https://blog.example.com/".to_owned();
    settings
}

#[test]
fn the_usual_texts_say_what_the_contract_asks_for() {
    let record = ann(users());
    let extra = [("TOKEN", "a.b-c.d"), ("OTP", "123456"), ("ALERT_INFO", "1 <i> & co")];
    let mail =
        |template| compose(&settings(), &record, template, &extra, "ann@example.com").unwrap();
    for (template, label, page) in [
        (Template::Verification, ">Verify<", "confirm-verification"),
        (Template::PasswordReset, ">Reset password<", "confirm-password-reset"),
        (Template::EmailChange, ">Confirm new email<", "confirm-email-change"),
    ] {
        let mail = mail(template);
        let link = format!("https://blog.example.com/_/#/auth/{page}/a.b-c.d");
        assert!(mail.html.contains(label) && mail.html.contains(&format!("\"{link}\"")));
        assert!(mail.text.contains(&link), "{}", mail.text);
        assert!(mail.subject.as_str().contains("Tiny Blog"), "{:?}", mail.subject);
        assert!(!mail.text.contains('<'), "{}", mail.text);
    }
    let code = mail(Template::Otp);
    assert!(code.text.contains("one-time password") && code.text.contains("123456"));
    let alert = mail(Template::AuthAlert);
    assert!(alert.html.contains("<em>1 &lt;i&gt; &amp; co</em>"), "{}", alert.html);
    assert!(alert.text.contains("1 <i> & co"), "{}", alert.text);
    assert_eq!(alert.from.to_string(), "Support <support@example.com>");
    assert_ne!(alert.id, code.id);
}

#[test]
fn usual_texts_are_in_the_language_of_the_file() {
    let mut settings = settings();
    settings.mail_language = Language::German;
    let record = ann(users());
    let mail = compose(&settings, &record, Template::Otp, &[("OTP", "123456")], "ann@example.com");
    let mail = mail.unwrap();
    assert_eq!(mail.subject.as_str(), "Dein Code für Tiny Blog");
    assert!(mail.text.contains("Dein Einmalpasswort ist") && mail.html.contains("lang=\"de\""));
}

#[test]
fn texts_of_collections_and_people_do_nothing_but_stand_there() {
    let mut users = system::users(START, &mut Random::seeded(1));
    if let crate::domain::collection::CollectionKind::Auth(options) = &mut users.kind {
        options.verification_template.subject =
            "Hi {RECORD:name}\r\nBcc: eve@example.com".to_owned();
        options.verification_template.body =
            "{{ 7 * 7 }}{% include 'x' %} {RECORD:name} {RECORD:tokenKey}".to_owned();
    }
    let mut record = ann(Arc::new(users));
    record.set("name", json!("<script>\r\n{TOKEN}"));
    record.set("tokenKey", json!("a secret"));
    let extra = [("TOKEN", "the-token")];
    let mail = compose(&settings(), &record, Template::Verification, &extra, "ann@example.com");
    let mail = mail.unwrap();
    assert_eq!(mail.subject.as_str(), "Hi <script>  {TOKEN}  Bcc: eve@example.com");
    let body = "{{ 7 * 7 }}{% include 'x' %} &lt;script&gt;\r\n{TOKEN} {RECORD:tokenKey}";
    assert!(mail.html.contains(body), "{}", mail.html);
    assert!(!mail.html.contains("the-token"));
    let nowhere = compose(&settings(), &record, Template::Otp, &[], "a@b.co\r\nBcc: c@d.co");
    assert!(matches!(nowhere, Err(Error::BadRequest(_))));
}

async fn send(app: &TestApp, email: &str, template: &str, collection: &str) -> Result<(), String> {
    let text = str::to_owned;
    let trial =
        Trial { email: text(email), template: text(template), collection: text(collection) };
    trial::send(&app.app, &trial).await.map_err(|error| match error {
        Error::Invalid(errors) => {
            let faults = errors.faults().into_iter();
            faults
                .map(|(path, fault)| format!("{path} {}", fault.code))
                .collect::<Vec<_>>()
                .join(", ")
        }
        other => other.to_string(),
    })
}

#[actix_web::test]
async fn a_trial_is_checked_and_lands_in_the_inbox() {
    let mut random = Random::seeded(1);
    let mut all = system::collections(START, &mut random);
    all.push(system::users(START, &mut random));
    let app = TestApp::start(all.into_iter().map(Arc::new).collect()).await;
    for (email, template, collection, faults) in [
        ("", "", "", "email validation_required, template validation_required"),
        ("x", "sms", "", "email validation_is_email, template validation_in_invalid"),
        ("a@b.co", "otp", "_otps", "collection validation_invalid_auth_collection"),
        ("a@b.co", "otp", "nothing", "collection validation_invalid_auth_collection"),
    ] {
        assert_eq!(send(&app, email, template, collection).await, Err(faults.to_owned()));
    }
    assert!(inbox::list(&app.app).await.unwrap().is_empty());
    for template in ["verification", "password-reset", "email-change", "otp", "login-alert"] {
        send(&app, "me@example.com", template, "").await.unwrap();
    }
    send(&app, "me@example.com", "verification", "users").await.unwrap();
    let mails = inbox::list(&app.app).await.unwrap();
    assert_eq!(mails.len(), 6);
    assert_eq!(mails[0].recipient, "me@example.com");
    let mail = inbox::view(&app.app, &mails[0].id).await.unwrap();
    assert!(mail.html.starts_with("<!doctype html>") && !mail.text.is_empty());
    assert!(matches!(inbox::view(&app.app, "none").await, Err(Error::NotFound)));
    inbox::clear(&app.app).await.unwrap();
    assert!(inbox::list(&app.app).await.unwrap().is_empty());
}
