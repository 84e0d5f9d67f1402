//! The checks of settings (contract B 6.3, 6.4).

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Backups, Batch, Logs, Meta, RateLimitRule, RateLimits, S3, Settings, Smtp};
use crate::domain::addresses::parse_network;
use crate::domain::cron;
use crate::domain::fields::{is_domain, is_email, is_url};
use crate::domain::invalid::{Fault, FieldErrors};

/// Most bytes of a name.
const LONGEST_NAME: usize = 255;

impl Settings {
    /// Everything that is wrong with the settings.
    pub fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.nest("superuserIPs", check_networks(&self.superuser_ips));
        errors.nest("smtp", self.smtp.validate());
        errors.nest("backups", self.backups.validate());
        errors.nest("s3", self.s3.validate());
        errors.nest("meta", self.meta.validate());
        errors.nest("rateLimits", self.rate_limits.validate());
        errors.nest("batch", self.batch.validate());
        errors.nest("logs", self.logs.validate());
        errors
    }
}

impl Smtp {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if self.enabled {
            errors.check("host", required(&self.host));
        }
        errors.check("host", check_host(&self.host));
        errors.check("port", at_least(self.port, 0, self.enabled));
        if !matches!(self.auth_method.as_str(), "" | "PLAIN" | "LOGIN") {
            let message = "Must be PLAIN, LOGIN or empty.";
            errors.add("authMethod", Fault::new("validation_in_invalid", message));
        }
        errors.check("localName", check_host(&self.local_name));
        errors
    }
}

impl Backups {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if !self.cron.is_empty()
            && let Err(reason) = cron::check(&self.cron)
        {
            let message = format!("Is no schedule: {reason}.");
            errors.add("cron", Fault::new("validation_invalid_cron", message));
        }
        errors.check("cronMaxKeep", at_least(self.cron_max_keep, 1, !self.cron.is_empty()));
        errors.nest("s3", self.s3.validate());
        errors
    }
}

impl S3 {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        let needed = [
            ("bucket", self.bucket.as_str()),
            ("region", self.region.as_str()),
            ("endpoint", self.endpoint.as_str()),
            ("accessKey", self.access_key.as_str()),
            ("secret", self.secret.reveal()),
        ];
        for (key, value) in needed.into_iter().filter(|_| self.enabled) {
            errors.check(key, required(value));
        }
        errors.check("endpoint", check_url(&self.endpoint));
        errors
    }
}

impl Meta {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        for (key, name) in [("appName", &self.app_name), ("senderName", &self.sender_name)] {
            errors.check(key, required(name));
            if name.len() > LONGEST_NAME {
                errors.add(key, Fault::length(1, LONGEST_NAME));
            }
        }
        errors.check("appURL", required(&self.app_url));
        errors.check("appURL", check_url(&self.app_url));
        errors.check("senderAddress", required(&self.sender_address));
        if !is_email(&self.sender_address) {
            let message = "Must be an e-mail address, such as name@example.com.";
            errors.add("senderAddress", Fault::new("validation_is_email", message));
        }
        errors.check("accentColor", check_colour(&self.accent_color));
        errors
    }
}

impl RateLimits {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.nest("excludedIPs", check_networks(&self.excluded_ips));
        if self.enabled && self.rules.is_empty() {
            errors.add("rules", Fault::required());
        }
        let mut faulty = FieldErrors::new();
        for (index, rule) in self.rules.iter().enumerate() {
            faulty.nest(index.to_string(), rule.validate());
        }
        if faulty.is_empty() {
            faulty = self.conflict();
        }
        errors.nest("rules", faulty);
        errors
    }

    /// The first rule that an earlier one already says something about.
    fn conflict(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        // The audiences that earlier rules of a label are for; an empty one is everybody.
        let mut seen: HashMap<&str, Vec<&str>> = HashMap::new();
        let second = self.rules.iter().position(|rule| {
            let (audiences, audience) =
                (seen.entry(&rule.label).or_default(), rule.audience.as_str());
            let is_met = audiences.iter().any(|known| known.is_empty() || *known == audience);
            let meets = is_met || (audience.is_empty() && !audiences.is_empty());
            audiences.push(audience);
            meets
        });
        if let Some(index) = second {
            let label = self.rules[index].label.as_str();
            let message = format!("There is a limit for {label} already.");
            let fault = Fault::new("validation_conflicting_rate_limit_rule", message);
            let place = FieldErrors::from(("label", fault.with("label", label)));
            errors.nest(index.to_string(), place);
        }
        errors
    }
}

impl RateLimitRule {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.check("label", required(&self.label));
        if !is_limit_label(&self.label) {
            let message = "Must be as posts:create, *:auth, /api/path/ or POST /api/path.";
            errors.add("label", Fault::new("validation_match_invalid", message));
        }
        if !matches!(self.audience.as_str(), "" | "@guest" | "@auth") {
            let message = "Must be @guest, @auth or empty.";
            errors.add("audience", Fault::new("validation_in_invalid", message));
        }
        errors.check("duration", at_least(self.duration, 1, true));
        errors.check("maxRequests", at_least(self.max_requests, 1, true));
        errors
    }
}

impl Batch {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.check("maxRequests", at_least(self.max_requests, 0, self.enabled));
        errors.check("timeout", at_least(self.timeout, 0, self.enabled));
        errors.check("maxBodySize", at_least(self.max_body_size, 0, false));
        errors
    }
}

impl Logs {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.check("maxDataSize", at_least(self.max_data_size, 0, false));
        errors.check("maxDays", at_least(self.max_days, 0, false));
        errors
    }
}

fn required(text: &str) -> Result<(), Fault> {
    if text.is_empty() { Err(Fault::required()) } else { Ok(()) }
}

/// A number that is there, if it must be, and not too small.
fn at_least(number: i64, least: i64, is_required: bool) -> Result<(), Fault> {
    match number {
        0 if is_required => Err(Fault::required()),
        0 => Ok(()),
        number if number < least => Err(Fault::below(least)),
        _ => Ok(()),
    }
}

fn check_host(host: &str) -> Result<(), Fault> {
    let is_name = is_domain(host) || is_domain(&format!("{host}.local"));
    if host.is_empty() || is_name || host.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    Err(Fault::new("validation_is_host", "Must be an IP address or a name of the DNS."))
}

fn check_url(address: &str) -> Result<(), Fault> {
    if address.is_empty() || is_url(address) {
        return Ok(());
    }
    Err(Fault::new("validation_is_url", "Must be a web address, such as https://example.com."))
}

fn check_colour(colour: &str) -> Result<(), Fault> {
    if colour.is_empty() {
        return Ok(());
    }
    if colour.len() != 7 {
        return Err(Fault::length(7, 7));
    }
    let digits = colour.strip_prefix('#');
    if digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit())) {
        return Ok(());
    }
    Err(Fault::new("validation_is_hex_color", "Must be a colour such as #1055c9."))
}

fn check_networks(networks: &[String]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (index, network) in networks.iter().enumerate() {
        let index = index.to_string();
        errors.check(index.as_str(), required(network));
        if parse_network(network).is_none() {
            // The contract spells it so.
            let code = "validation_invlaid_ip_or_subnet";
            errors
                .add(index, Fault::new(code, "Must be an IP address, or a network in CIDR form."));
        }
    }
    errors
}

/// Whether `text` can label a limit (contract B 6.4): `METHOD /path`, `/path`, `collection:action`,
/// `*:action` or a plain word.
pub fn is_limit_label(text: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let path = |text: &str| {
        text.strip_prefix('/').is_some_and(|rest| {
            rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_/-".contains(&byte))
        })
    };
    if let Some((method, rest)) = text.split_once(' ') {
        return word(method) && path(rest);
    }
    if let Some((collection, action)) = text.split_once(':') {
        return (collection == "*" || word(collection)) && word(action);
    }
    path(text) || word(text)
}

#[cfg(test)]
mod tests {
    use super::is_limit_label;

    #[test]
    fn labels_are_the_contracts() {
        for label in ["posts:create", "*:auth", "/api/", "/api/batch", "POST /api/x-y", "auth"] {
            assert!(is_limit_label(label), "{label}");
        }
        for label in ["", "posts:", ":create", "*", "POST api", "a b c", "posts:a:b", "/api/ü"] {
            assert!(!is_limit_label(label), "{label}");
        }
    }
}
