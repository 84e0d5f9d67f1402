//! Changing settings through the API (contract B 6.2). What the config file says cannot be changed
//! here and is not stored either: it holds secrets that belong into the file's environment.

use std::net::IpAddr;
use std::sync::Arc;

use crate::config::Config;
use crate::domain::addresses::is_among;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::domain::{Json, JsonMap};
use crate::services::Error;
use crate::services::app::App;
use crate::services::settings::{current, pin};
use crate::store::Tx;
use crate::store::settings as stored;

/// Where a request comes from when other settings are in force: these say which proxies are believed.
pub type Vantage = Arc<dyn Fn(&Settings) -> IpAddr + Send + Sync>;

/// Lays `patch` over the settings and answers what is in force then: absent keys and omitted secrets
/// stay as they are, lists are replaced. `from` is where a superuser asks from who is not to lock out
/// themselves.
///
/// # Errors
/// `BadRequest` when a value has the wrong type, `Invalid` for values that cannot be, and for those
/// that the config file says otherwise.
pub async fn change(
    app: &App,
    patch: JsonMap,
    from: Option<Vantage>,
) -> Result<Arc<Settings>, Error> {
    let config = app.configuration.config();
    let now = app.clock.now();
    let work = move |tx: &mut Tx| in_transaction(tx, &patch, config.as_deref(), from.as_ref(), now);
    app.store.write(work).await?;
    current(app).await
}

fn in_transaction(
    tx: &mut Tx,
    patch: &JsonMap,
    config: Option<&Config>,
    from: Option<&Vantage>,
    now: Timestamp,
) -> Result<(), Error> {
    let before = stored::load(tx)?;
    let mut in_force = before.clone();
    pin(&mut in_force, config)?;
    let mut errors = FieldErrors::new();
    let mut free = patch.clone();
    if let Some(config) = config {
        // Of another shape it is refused as such, whoever has a say in it.
        lay(&mut in_force.clone(), patch)?;
        errors = take_pinned(&mut free, config.settings.as_map(), &mut Vec::new(), &in_force);
    }
    let mut after = before.clone();
    lay(&mut after, &free)?;
    let mut checked = after.clone();
    pin(&mut checked, config)?;
    errors.merge(checked.validate());
    let changes_who_may = checked.superuser_ips != in_force.superuser_ips
        || checked.trusted_proxy != in_force.trusted_proxy;
    if let Some(from) = from.filter(|_| changes_who_may) {
        errors.merge(locked_out(&checked, from(&checked)));
    }
    errors.into_result()?;
    if after != before {
        stored::save(tx, &after, now)?;
    }
    Ok(())
}

/// Whoever changes from where superusers may come, or whom to believe about that, must still be one of
/// them.
fn locked_out(settings: &Settings, from: IpAddr) -> FieldErrors {
    let known = &settings.superuser_ips;
    if known.is_empty() || is_among(known, from) {
        return FieldErrors::new();
    }
    let message = format!(
        "You would come from {from}, which is not among them: you could not take this back. Add it, or use \
         `ferrobase superuser ips` at the server."
    );
    FieldErrors::from(("superuserIPs", Fault::new("validation_locked_out", message)))
}

/// Follows a collection that is called `new` instead of `old` in the labels of rate limits
/// (contract A 2.11).
///
/// # Errors
/// When the settings cannot be read or stored.
pub(in crate::services) fn rename_labels(
    tx: &mut Tx,
    old: &str,
    new: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let mut settings = stored::load(tx)?;
    let mut renamed = false;
    for rule in &mut settings.rate_limits.rules {
        let action = rule.label.strip_prefix(old).filter(|rest| rest.starts_with(':'));
        if let Some(action) = action {
            rule.label = format!("{new}{action}");
            renamed = true;
        }
    }
    if renamed {
        stored::save(tx, &settings, now)?;
    }
    Ok(())
}

fn lay(settings: &mut Settings, patch: &JsonMap) -> Result<(), Error> {
    settings.apply(patch).map_err(|error| Error::bad_request(error.to_string()))
}

/// Takes out of `patch`, which stands at `path`, what `pins` set; answers what of it would have
/// changed something. To send back what is there is no change.
fn take_pinned(
    patch: &mut JsonMap,
    pins: &JsonMap,
    path: &mut Vec<String>,
    in_force: &Settings,
) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (key, pinned) in pins {
        path.push(key.clone());
        match (patch.get_mut(key), pinned) {
            (Some(Json::Object(inner)), Json::Object(pins)) => {
                errors.nest(key.as_str(), take_pinned(inner, pins, path, in_force));
            }
            (Some(_), _) => {
                if let Some(value) = patch.remove(key)
                    && changes(in_force, path, value)
                {
                    errors.add(key.as_str(), pinned_fault(path));
                }
            }
            (None, _) => {}
        }
        path.pop();
    }
    errors
}

/// Whether `value` at `path` is another one than is there.
fn changes(in_force: &Settings, path: &[String], value: Json) -> bool {
    let nested = path
        .iter()
        .rev()
        .fold(value, |inner, key| Json::Object(JsonMap::from_iter([(key.clone(), inner)])));
    let mut changed = in_force.clone();
    nested.as_object().is_some_and(|patch| changed.apply(patch).is_ok() && changed != *in_force)
}

fn pinned_fault(path: &[String]) -> Fault {
    let message = format!(
        "The config file sets {}: change it there, or take it out of the file to set it here.",
        path.join(".")
    );
    Fault::new("validation_set_by_config_file", message)
}
