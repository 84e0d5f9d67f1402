//! Settings as JSON: written for the API or for storage, and read over settings that are there
//! already, key by key (contract B 6.1, 6.2). Lists are replaced.

use super::{
    Backups, Batch, Logs, Meta, RateLimitRule, RateLimits, S3, Secret, Settings, Smtp, TrustedProxy,
};
use crate::domain::decode::{self, Malformed, Secrets, set, within};
use crate::domain::{Json, JsonMap};

type Outcome = Result<(), Malformed>;

impl Settings {
    /// The form that the API shows: without secrets.
    pub fn to_json(&self) -> JsonMap {
        self.write(Secrets::LeftOut)
    }

    /// The complete form, secrets included, for storage only.
    pub fn to_stored_json(&self) -> JsonMap {
        self.write(Secrets::Kept)
    }

    /// Reads what [`Settings::to_stored_json`] wrote; what is missing is at its default.
    ///
    /// # Errors
    /// When the JSON has another shape.
    pub fn from_stored_json(map: &JsonMap) -> Result<Self, Malformed> {
        let mut settings = Self::default();
        settings.apply(map)?;
        Ok(settings)
    }

    /// Lays `map` over the settings: absent keys keep their value, and so do omitted secrets.
    ///
    /// # Errors
    /// When a key's value has the wrong type; the settings are then partly changed.
    pub fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.superuser_ips, decode::texts(map, "superuserIPs")?);
        within(map, "smtp", |map| self.smtp.apply(map))?;
        within(map, "backups", |map| self.backups.apply(map))?;
        within(map, "s3", |map| self.s3.apply(map))?;
        within(map, "meta", |map| self.meta.apply(map))?;
        within(map, "rateLimits", |map| self.rate_limits.apply(map))?;
        within(map, "trustedProxy", |map| self.trusted_proxy.apply(map))?;
        within(map, "batch", |map| self.batch.apply(map))?;
        within(map, "logs", |map| self.logs.apply(map))
    }

    fn write(&self, secrets: Secrets) -> JsonMap {
        object([
            ("superuserIPs", self.superuser_ips.clone().into()),
            ("smtp", self.smtp.to_json(secrets).into()),
            ("backups", self.backups.to_json(secrets).into()),
            ("s3", self.s3.to_json(secrets).into()),
            ("meta", self.meta.to_json().into()),
            ("rateLimits", self.rate_limits.to_json().into()),
            ("trustedProxy", self.trusted_proxy.to_json().into()),
            ("batch", self.batch.to_json().into()),
            ("logs", self.logs.to_json().into()),
        ])
    }
}

fn object<const N: usize>(entries: [(&str, Json); N]) -> JsonMap {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn put_secret(out: &mut JsonMap, key: &str, secret: &Secret, secrets: Secrets) {
    if secrets == Secrets::Kept {
        out.insert(key.to_owned(), secret.reveal().into());
    }
}

impl Smtp {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.enabled, decode::boolean(map, "enabled")?);
        set(&mut self.port, decode::integer(map, "port")?);
        set(&mut self.host, decode::text(map, "host")?);
        set(&mut self.username, decode::text(map, "username")?);
        set(&mut self.password, decode::text(map, "password")?.map(Secret::new));
        set(&mut self.auth_method, decode::text(map, "authMethod")?);
        set(&mut self.tls, decode::boolean(map, "tls")?);
        set(&mut self.local_name, decode::text(map, "localName")?);
        Ok(())
    }

    fn to_json(&self, secrets: Secrets) -> JsonMap {
        let mut out = object([
            ("enabled", self.enabled.into()),
            ("port", self.port.into()),
            ("host", self.host.as_str().into()),
            ("username", self.username.as_str().into()),
            ("authMethod", self.auth_method.as_str().into()),
            ("tls", self.tls.into()),
            ("localName", self.local_name.as_str().into()),
        ]);
        put_secret(&mut out, "password", &self.password, secrets);
        out
    }
}

impl Backups {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.cron, decode::text(map, "cron")?);
        set(&mut self.cron_max_keep, decode::integer(map, "cronMaxKeep")?);
        within(map, "s3", |map| self.s3.apply(map))
    }

    fn to_json(&self, secrets: Secrets) -> JsonMap {
        object([
            ("cron", self.cron.as_str().into()),
            ("cronMaxKeep", self.cron_max_keep.into()),
            ("s3", self.s3.to_json(secrets).into()),
        ])
    }
}

impl S3 {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.enabled, decode::boolean(map, "enabled")?);
        set(&mut self.bucket, decode::text(map, "bucket")?);
        set(&mut self.region, decode::text(map, "region")?);
        set(&mut self.endpoint, decode::text(map, "endpoint")?);
        set(&mut self.access_key, decode::text(map, "accessKey")?);
        set(&mut self.secret, decode::text(map, "secret")?.map(Secret::new));
        set(&mut self.force_path_style, decode::boolean(map, "forcePathStyle")?);
        Ok(())
    }

    fn to_json(&self, secrets: Secrets) -> JsonMap {
        let mut out = object([
            ("enabled", self.enabled.into()),
            ("bucket", self.bucket.as_str().into()),
            ("region", self.region.as_str().into()),
            ("endpoint", self.endpoint.as_str().into()),
            ("accessKey", self.access_key.as_str().into()),
            ("forcePathStyle", self.force_path_style.into()),
        ]);
        put_secret(&mut out, "secret", &self.secret, secrets);
        out
    }
}

impl Meta {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.accent_color, decode::text(map, "accentColor")?);
        set(&mut self.app_name, decode::text(map, "appName")?);
        set(&mut self.app_url, decode::text(map, "appURL")?);
        set(&mut self.sender_name, decode::text(map, "senderName")?);
        set(&mut self.sender_address, decode::text(map, "senderAddress")?);
        set(&mut self.hide_controls, decode::boolean(map, "hideControls")?);
        Ok(())
    }

    fn to_json(&self) -> JsonMap {
        object([
            ("accentColor", self.accent_color.as_str().into()),
            ("appName", self.app_name.as_str().into()),
            ("appURL", self.app_url.as_str().into()),
            ("senderName", self.sender_name.as_str().into()),
            ("senderAddress", self.sender_address.as_str().into()),
            ("hideControls", self.hide_controls.into()),
        ])
    }
}

impl RateLimits {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        if let Some(entries) = decode::list(map, "rules")? {
            self.rules = entries
                .iter()
                .enumerate()
                .map(|(position, entry)| {
                    let place = || format!("rules.{position}");
                    let map = entry.as_object();
                    let map = map.ok_or_else(|| Malformed::new(place(), "must be an object"))?;
                    RateLimitRule::read(map).map_err(|err| err.within(place()))
                })
                .collect::<Result<_, _>>()?;
        }
        set(&mut self.excluded_ips, decode::texts(map, "excludedIPs")?);
        set(&mut self.enabled, decode::boolean(map, "enabled")?);
        Ok(())
    }

    fn to_json(&self) -> JsonMap {
        object([
            ("rules", self.rules.iter().map(|rule| Json::from(rule.to_json())).collect()),
            ("excludedIPs", self.excluded_ips.clone().into()),
            ("enabled", self.enabled.into()),
        ])
    }
}

impl RateLimitRule {
    fn read(map: &JsonMap) -> Result<Self, Malformed> {
        Ok(Self {
            label: decode::text(map, "label")?.unwrap_or_default(),
            audience: decode::text(map, "audience")?.unwrap_or_default(),
            duration: decode::integer(map, "duration")?.unwrap_or_default(),
            max_requests: decode::integer(map, "maxRequests")?.unwrap_or_default(),
        })
    }

    fn to_json(&self) -> JsonMap {
        object([
            ("label", self.label.as_str().into()),
            ("audience", self.audience.as_str().into()),
            ("duration", self.duration.into()),
            ("maxRequests", self.max_requests.into()),
        ])
    }
}

impl TrustedProxy {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.headers, decode::texts(map, "headers")?);
        set(&mut self.use_leftmost_ip, decode::boolean(map, "useLeftmostIP")?);
        Ok(())
    }

    fn to_json(&self) -> JsonMap {
        object([
            ("headers", self.headers.clone().into()),
            ("useLeftmostIP", self.use_leftmost_ip.into()),
        ])
    }
}

impl Batch {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.enabled, decode::boolean(map, "enabled")?);
        set(&mut self.max_requests, decode::integer(map, "maxRequests")?);
        set(&mut self.timeout, decode::integer(map, "timeout")?);
        set(&mut self.max_body_size, decode::integer(map, "maxBodySize")?);
        Ok(())
    }

    fn to_json(&self) -> JsonMap {
        object([
            ("enabled", self.enabled.into()),
            ("maxRequests", self.max_requests.into()),
            ("timeout", self.timeout.into()),
            ("maxBodySize", self.max_body_size.into()),
        ])
    }
}

impl Logs {
    fn apply(&mut self, map: &JsonMap) -> Outcome {
        set(&mut self.max_data_size, decode::integer(map, "maxDataSize")?);
        set(&mut self.max_days, decode::integer(map, "maxDays")?);
        set(&mut self.min_level, decode::integer(map, "minLevel")?);
        set(&mut self.log_ip, decode::boolean(map, "logIP")?);
        set(&mut self.log_auth_id, decode::boolean(map, "logAuthId")?);
        Ok(())
    }

    fn to_json(&self) -> JsonMap {
        object([
            ("maxDataSize", self.max_data_size.into()),
            ("maxDays", self.max_days.into()),
            ("minLevel", self.min_level.into()),
            ("logIP", self.log_ip.into()),
            ("logAuthId", self.log_auth_id.into()),
        ])
    }
}
