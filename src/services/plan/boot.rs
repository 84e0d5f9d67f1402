//! What the start of a server may do about its config file.

use std::sync::Arc;

use crate::config::OnBoot;
use crate::domain::random::Random;
use crate::services::Error;
use crate::services::app::App;
use crate::services::plan::change::{Class, Plan};
use crate::services::plan::declared::Declared;
use crate::services::plan::{LONG, carry_out, compute, draw, render};

/// What a start is told.
#[derive(Debug, Clone, Default)]
pub struct BootOptions {
    /// How far it may go.
    pub on_boot: OnBoot,
    /// `--allow-public`: openings may go although the file is strict.
    pub allow_public: bool,
    /// Who is recorded as the author.
    pub author: String,
}

/// A plan that was carried out, or that had nothing to do.
#[derive(Debug)]
pub struct Applied {
    /// Number of the configuration that the database is at; absent when none was ever recorded.
    pub number: Option<i64>,
    /// What was done.
    pub plan: Plan,
}

/// Why a start stops. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The file and the database differ and `on_boot` is `check`.
    #[error(
        "{}\nThe database is not what the config file says and on_boot = \"check\" never writes.\n\
         Set on_boot = \"apply-safe\" to have applied what is safe.",
        render(.0)
    )]
    Differs(Box<Plan>),
    /// Some changes need a person.
    #[error("{}\n{}Nothing was changed.", render(.0), waiting(.0))]
    NeedsPerson(Box<Plan>),
    /// The file is strict and something would become visible.
    #[error(
        "{}\nNothing was changed: the lines marked OPENS show something to people who could not \
         see it before,\nand strict = true lets that happen only with --allow-public.",
        render(.0)
    )]
    Opens(Box<Plan>),
    /// The database failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// What to do about changes that wait for a person.
fn waiting(plan: &Plan) -> &'static str {
    if plan.of(Class::NeedsApply).next().is_none() {
        return "";
    }
    "This version cannot apply what NEEDS APPLY yet: take it out of the file again, or start over \
     with an empty\ndatabase (ferrobase dev --reset deletes all rows).\n"
}

/// Brings the database to what the file declares, as far as `options` let it.
///
/// # Errors
/// Why the server should not start; nothing was changed.
pub async fn boot(
    app: &App,
    declared: &Declared,
    options: &BootOptions,
) -> Result<Option<Applied>, Stop> {
    match options.on_boot {
        OnBoot::Off => Ok(None),
        OnBoot::Check => {
            let plan = compute(app, declared).await?;
            if !plan.is_empty() {
                return Err(Stop::Differs(Box::new(plan)));
            }
            Ok(Some(Applied { number: plan.last_applied, plan }))
        }
        OnBoot::ApplySafe => apply_safe(app, declared, options).await.map(Some),
    }
}

/// Computes and carries out in one transaction, so that nothing can come between.
async fn apply_safe(
    app: &App,
    declared: &Declared,
    options: &BootOptions,
) -> Result<Applied, Stop> {
    let declared = Arc::new(declared.clone().with_secrets(&mut Random::system()));
    let now = app.clock.now();
    let (author, openings) = (options.author.clone(), options.allow_public || !declared.strict);
    app.store
        .write_with(LONG, move |tx| -> Result<Result<Applied, Stop>, Error> {
            let plan = draw(tx, &declared)?;
            match plan.class() {
                Class::NeedsApply | Class::Blocked => Ok(Err(Stop::NeedsPerson(Box::new(plan)))),
                Class::Opening if !openings => Ok(Err(Stop::Opens(Box::new(plan)))),
                Class::Opening | Class::Safe => carry_out(tx, plan, now, &author).map(Ok),
            }
        })
        .await?
}
