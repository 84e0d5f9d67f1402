use serde_json::json;

use super::*;
use crate::domain::{Json, JsonMap};

fn map(value: Json) -> JsonMap {
    value.as_object().unwrap().clone()
}

#[test]
fn the_defaults_are_written_as_contracted() {
    let expected = concat!(
        r#"{"superuserIPs":[],"smtp":{"enabled":false,"port":587,"host":"smtp.example.com","#,
        r#""username":"","authMethod":"","tls":false,"localName":""},"#,
        r#""backups":{"cron":"","cronMaxKeep":3,"s3":{"enabled":false,"bucket":"","region":"","#,
        r#""endpoint":"","accessKey":"","forcePathStyle":false}},"#,
        r#""s3":{"enabled":false,"bucket":"","region":"","endpoint":"","accessKey":"","#,
        r#""forcePathStyle":false},"meta":{"accentColor":"#,
        r##""#1055c9","appName":"Acme","appURL":"http://localhost:8090","senderName":"Support","##,
        r#""senderAddress":"support@example.com","hideControls":false},"rateLimits":{"rules":["#,
        r#"{"label":"*:auth","audience":"","duration":3,"maxRequests":2},"#,
        r#"{"label":"*:create","audience":"","duration":5,"maxRequests":20},"#,
        r#"{"label":"/api/batch","audience":"","duration":1,"maxRequests":3},"#,
        r#"{"label":"/api/","audience":"","duration":10,"maxRequests":300}],"#,
        r#""excludedIPs":[],"enabled":false},"trustedProxy":{"headers":[],"useLeftmostIP":false},"#,
        r#""batch":{"enabled":false,"maxRequests":50,"timeout":3,"maxBodySize":0},"#,
        r#""logs":{"maxDays":5,"minLevel":0,"logIP":true,"logAuthId":false}}"#,
    );
    assert_eq!(Json::from(Settings::default().to_json()).to_string(), expected);
}

#[test]
fn what_is_not_said_stays_and_secrets_stay_inside() {
    let mut settings = Settings::default();
    settings
        .apply(&map(json!({
            "smtp": {"host": "mail.example.com", "password": "s3cret"},
            "backups": {"s3": {"secret": "deep"}},
            "rateLimits": {"rules": [{"label": "/api/", "duration": 1, "maxRequests": 2}]},
        })))
        .unwrap();
    settings.apply(&map(json!({"smtp": {"enabled": true}}))).unwrap();
    assert_eq!(settings.smtp.password.reveal(), "s3cret");
    assert_eq!((settings.smtp.port, settings.rate_limits.rules.len()), (587, 1));
    let shown = Json::from(settings.to_json()).to_string();
    assert!(!shown.contains("s3cret") && !shown.contains("deep"));
    let debug = format!("{settings:?}");
    assert!(!debug.contains("s3cret") && !debug.contains("deep"));
    let stored = settings.to_stored_json();
    assert_eq!(Settings::from_stored_json(&stored).unwrap(), settings);
    settings.apply(&map(json!({"smtp": {"password": ""}}))).unwrap();
    assert_eq!(settings.smtp.password, Secret::default());
}

#[test]
fn another_shape_is_refused_at_its_place() {
    let err = |value| Settings::default().apply(&map(value)).unwrap_err().path;
    assert_eq!(err(json!({"smtp": {"port": "587"}})), "smtp.port");
    assert_eq!(
        err(json!({"rateLimits": {"rules": [{}, {"label": 1}]}})),
        "rateLimits.rules.1.label"
    );
    assert_eq!(err(json!({"logs": []})), "logs");
}
