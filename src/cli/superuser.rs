//! `ferrobase superuser …`: accounts without being signed in, beside a running server or without one.

use crate::cli::backup::half_restored;
use crate::cli::boot::{self, AppOptions, StartError, make_dir};
use crate::cli::configuration::Lookup;
use crate::cli::environment::Environment;
use crate::cli::options::{Account, AccountName, DataOptions, Networks, SuperuserAction};
use crate::cli::terminal::{ask, complain, say};
use crate::domain::JsonMap;
use crate::domain::keyring::Keyring;
use crate::services::Error;
use crate::services::app::App;
use crate::services::backups::swap;
use crate::services::bootstrap;
use crate::services::clock::Clock;
use crate::services::oauth2::Limits;
use crate::services::settings;
use crate::services::superusers::{self, Upserted};

/// Carries `action` out. A running server notices within a second.
///
/// # Errors
/// Why nothing was changed.
pub(super) async fn run(
    action: SuperuserAction,
    lookup: impl Fn(&DataOptions) -> Option<Lookup>,
) -> Result<(), StartError> {
    let app = open(&action, &lookup).await?;
    let done = carry_out(&app, action).await;
    app.store.close().await;
    done
}

async fn carry_out(app: &App, action: SuperuserAction) -> Result<(), StartError> {
    match action {
        SuperuserAction::Upsert(account) => {
            let done = superusers::upsert(app, &account.email, &password(&account)?).await?;
            say(&match done {
                Upserted::Created => format!("Created the superuser {}.", account.email),
                Upserted::Updated => format!("Set the password of {}.", account.email),
            });
        }
        SuperuserAction::Create(account) => {
            superusers::create(app, &account.email, &password(&account)?).await?;
            say(&format!("Created the superuser {}.", account.email));
        }
        SuperuserAction::Update(account) => {
            superusers::update(app, &account.email, &password(&account)?)
                .await
                .map_err(|error| missing(error, &account.email))?;
            say(&format!("Set the password of {}.", account.email));
        }
        SuperuserAction::Delete(account) => delete(app, account).await?,
        SuperuserAction::Otp(account) => one_time_code(app, &account.email).await?,
        SuperuserAction::Ips(Networks { networks, .. }) => admit_from(app, networks).await?,
    }
    Ok(())
}

/// Replaces the addresses from which superusers may come.
async fn admit_from(app: &App, networks: Vec<String>) -> Result<(), StartError> {
    let told = match networks.as_slice() {
        [] => "Superusers may come from everywhere.".to_owned(),
        networks => format!("Superusers may come from {} only.", networks.join(", ")),
    };
    let patch = JsonMap::from_iter([("superuserIPs".to_owned(), networks.into())]);
    settings::change(app, patch, None).await?;
    say(&told);
    Ok(())
}

/// Deleting what is not there is no failure: the wanted state is reached.
async fn delete(app: &App, account: AccountName) -> Result<(), StartError> {
    match superusers::delete(app, &account.email).await {
        Ok(()) => say(&format!("Deleted the superuser {}.", account.email)),
        Err(Error::NotFound) => complain(&format!("There is no superuser {}.", account.email)),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn one_time_code(app: &App, email: &str) -> Result<(), StartError> {
    let made = superusers::one_time_code(app, email).await;
    let made = made.map_err(|error| closed(missing(error, email), email))?;
    say(&format!("otpId: {}\ncode:  {}", made.otp_id, made.code));
    complain(&format!(
        "It can be used once, within {} seconds: POST /api/collections/_superusers/auth-with-otp with \
         the two as otpId and password.",
        made.lifetime.as_secs()
    ));
    if made.is_one_of_two {
        complain(
            "It is one of two factors: sign in by password first, and send the mfaId of that answer \
             along.",
        );
    }
    Ok(())
}

/// A code that nobody takes is not even made.
fn closed(error: Error, email: &str) -> Error {
    match error {
        Error::Forbidden => Error::bad_request(format!(
            "Superusers do not sign in by codes here. If the password is lost, set another one with: \
             ferrobase superuser update {email}\n\
             To ask superusers for a code besides the password, send {{\"otp\":{{\"enabled\":true}}}} to \
             PATCH /api/collections/_superusers (a server with a config file takes that when it was \
             started with --locked=false)."
        )),
        other => other,
    }
}

fn missing(error: Error, email: &str) -> Error {
    match error {
        Error::NotFound => Error::bad_request(format!(
            "There is no superuser {email}. Make it with: ferrobase superuser create {email}"
        )),
        other => other,
    }
}

fn password(account: &Account) -> Result<String, StartError> {
    match &account.password {
        Some(password) => Ok(password.clone()),
        None => ask(&format!("Password for {}: ", account.email)).map_err(|error| {
            StartError::Failed(Error::bad_request(format!("No password was given: {error}.")))
        }),
    }
}

/// The database with its system collections. A config file only matters for how passwords are
/// hashed; one that is broken must not keep anybody from getting in.
async fn open(
    action: &SuperuserAction,
    lookup: &impl Fn(&DataOptions) -> Option<Lookup>,
) -> Result<App, StartError> {
    let data = action.data();
    let database_url = Environment::of_process()?.variable("DATABASE_URL");
    let configuration = match lookup(data).map(|lookup| lookup.load()) {
        // The file may name another database than the one in the folder.
        Some(Err(error)) if database_url.is_none() && !data.dir.join("data.db").exists() => {
            return Err(error.into());
        }
        loaded => loaded.and_then(Result::ok),
    };
    let config = configuration.as_ref().map(|configuration| configuration.config.as_ref());
    let is_elsewhere =
        database_url.is_some() || config.is_some_and(|config| config.database.url.is_some());
    if !action.adds() && !is_elsewhere && !data.dir.join("data.db").exists() {
        let dir = data.dir.display();
        let why = format!("There is no database in {dir}. Name its folder with --dir.");
        return Err(StartError::Failed(Error::bad_request(why)));
    }
    if swap::is_under_way(&data.dir) {
        return Err(StartError::Failed(half_restored(&data.dir)));
    }
    make_dir(&data.dir)?;
    let app = boot::open(&AppOptions {
        dir: &data.dir,
        configuration: configuration.as_ref(),
        database_url,
        reset: false,
        // Accounts hold no such secrets; who lost the key must get in all the same.
        keyring: Keyring::Blind,
        clock: Clock::system(),
        metrics_token: None,
        throttle: None,
        oauth2: Limits::default(),
        locked: false,
        ships: false,
    })?;
    bootstrap::system_collections(&app).await?;
    Ok(app)
}

impl SuperuserAction {
    /// Whether there may be an account more afterwards, so that a database may be made for it.
    const fn adds(&self) -> bool {
        matches!(self, Self::Upsert(_) | Self::Create(_))
    }

    const fn data(&self) -> &DataOptions {
        match self {
            Self::Upsert(account) | Self::Create(account) | Self::Update(account) => &account.data,
            Self::Delete(account) | Self::Otp(account) => &account.data,
            Self::Ips(networks) => &networks.data,
        }
    }
}
