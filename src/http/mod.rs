//! Wire formats: request to service call to response. The only floor that knows HTTP.
//!
//! [`routes`] is the whole table of routes.

pub mod address;
mod admin_ui;
mod auth;
mod backups;
mod batch;
pub mod body;
pub mod caller;
mod collections;
mod conditions;
mod configuration;
pub mod connections;
mod console;
mod crons;
pub mod edge;
pub mod error;
mod files;
pub mod front;
mod health;
mod jobs;
pub mod json;
mod limits;
mod logs;
mod mails;
mod metrics;
mod oauth2;
pub mod query;
mod realtime;
mod records;
pub mod secure;
mod sessions;
mod settings;
mod site;
#[cfg(test)]
mod tests;
mod totp;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PathConfig, ServiceConfig};
use actix_web::{App as Application, Resource, Route};

use crate::http::auth::mailed;
use crate::http::edge::note::Label;
use crate::http::error::ApiError;
use crate::http::front::Front;
use crate::services::Error;
use crate::services::app::App;

/// The whole HTTP application, for a server's workers and for tests.
pub fn application(
    app: Data<App>,
    front: Front,
) -> Application<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    Application::new()
        .app_data(app)
        .app_data(front.origins)
        .app_data(front.site)
        .app_data(front.patience)
        .app_data(PathConfig::default().error_handler(|_, _| ApiError(Error::NotFound).into()))
        .configure(routes)
        .default_service(web::to(site::page))
        .wrap(from_fn(edge::edge))
}

/// The routes.
fn routes(config: &mut ServiceConfig) {
    config
        .service(at("/api/health").route(get().to(health::health)))
        .service(at("/api/config").route(get().to(configuration::report)))
        .service(at("/api/batch").route(web::post().to(batch::batch)))
        .service(at("/api/sql").route(web::post().to(console::run)))
        .configure(collection_routes)
        .service(
            at("/api/collections/{collection}/records")
                .route(get().to(records::list))
                .route(web::post().to(records::create)),
        )
        .service(
            at("/api/collections/{collection}/records/{id}")
                .route(get().to(records::view))
                .route(web::patch().to(records::update))
                .route(web::delete().to(records::delete)),
        )
        .configure(auth_routes)
        .service(
            at("/api/sessions")
                .route(get().to(sessions::list))
                .route(web::delete().to(sessions::end_all)),
        )
        .service(at("/api/sessions/{id}").route(web::delete().to(sessions::end)))
        .service(
            at("/api/totp")
                .route(get().to(totp::view))
                .route(web::post().to(totp::enrol))
                .route(web::delete().to(totp::remove)),
        )
        .service(at("/api/totp/confirm").route(web::post().to(totp::confirm)))
        .service(at("/api/totp/recovery-codes").route(web::post().to(totp::renew_codes)))
        .service(at("/api/sign-out").route(web::post().to(sessions::sign_out)))
        .service(
            at("/api/oauth2-redirect")
                .route(get().to(oauth2::back))
                .route(web::post().to(oauth2::posted_back)),
        )
        .service(
            at("/api/realtime")
                .route(get().to(realtime::connect))
                .route(web::post().to(realtime::subscribe)),
        )
        .service(at("/api/files/token").route(web::post().to(files::token)))
        .service(at("/api/files/{collection}/{record}/{filename}").route(get().to(files::download)))
        .configure(backup_routes)
        .service(
            at("/api/settings")
                .route(get().to(settings::view))
                .route(web::patch().to(settings::change)),
        )
        .service(at("/api/settings/test/s3").route(web::post().to(settings::test_s3)))
        .service(at("/api/settings/test/email").route(web::post().to(settings::test_email)))
        .service(
            at("/api/settings/apple/generate-client-secret")
                .route(web::post().to(oauth2::apple_secret)),
        )
        .service(
            at("/api/mails").route(get().to(mails::list)).route(web::delete().to(mails::clear)),
        )
        .service(at("/api/mails/{id}").route(get().to(mails::view)))
        .service(at("/api/mails/{id}/page").route(get().to(mails::page)))
        .service(at("/api/jobs").route(get().to(jobs::list)))
        .service(at("/api/jobs/{id}").route(web::delete().to(jobs::remove)))
        .service(at("/api/jobs/{id}/replay").route(web::post().to(jobs::replay)))
        .service(at("/api/crons").route(get().to(crons::list)))
        .service(at("/api/crons/{id}").route(web::post().to(crons::start)))
        .service(at("/api/crons/{id}/runs").route(get().to(crons::runs)))
        .service(at("/api/logs").route(get().to(logs::list)).route(web::delete().to(logs::clear)))
        .service(at("/api/logs/stats").route(get().to(logs::stats)))
        .service(at("/api/logs/{id}").route(get().to(logs::view)))
        .service(at("/metrics").route(get().to(metrics::page)))
        .service(at("/_").route(get().to(admin_ui::folder)))
        .service(at("/_/{file:.*}").route(get().to(admin_ui::file)));
}

fn auth_routes(config: &mut ServiceConfig) {
    let at = |action: &str| at(&format!("/api/collections/{{collection}}/{action}"));
    config
        .service(at("auth-methods").route(get().to(auth::list_methods)))
        .service(at("auth-with-password").route(web::post().to(auth::with_password)))
        .service(at("auth-with-oauth2").route(web::post().to(oauth2::sign_in)))
        .service(at("request-otp").route(web::post().to(auth::request_code)))
        .service(at("auth-with-otp").route(web::post().to(auth::with_code)))
        .service(at("auth-with-totp").route(web::post().to(totp::sign_in)))
        .service(at("auth-refresh").route(web::post().to(auth::with_token)))
        .service(at("impersonate/{id}").route(web::post().to(auth::impersonate)))
        .service(at("request-verification").route(web::post().to(mailed::request_verification)))
        .service(at("confirm-verification").route(web::post().to(mailed::confirm_verification)))
        .service(at("request-password-reset").route(web::post().to(mailed::request_password_reset)))
        .service(at("confirm-password-reset").route(web::post().to(mailed::confirm_password_reset)))
        .service(at("request-email-change").route(web::post().to(mailed::request_email_change)))
        .service(at("confirm-email-change").route(web::post().to(mailed::confirm_email_change)));
}

fn backup_routes(config: &mut ServiceConfig) {
    config
        .service(
            at("/api/backups")
                .route(get().to(backups::list))
                .route(web::post().to(backups::create)),
        )
        .service(at("/api/backups/upload").route(web::post().to(backups::upload)))
        .service(
            at("/api/backups/{key}")
                .route(get().to(backups::download))
                .route(web::delete().to(backups::delete)),
        )
        .service(at("/api/backups/{key}/restore").route(web::post().to(backups::restore)));
}

fn collection_routes(config: &mut ServiceConfig) {
    config
        .service(
            at("/api/collections")
                .route(get().to(collections::list))
                .route(web::post().to(collections::create)),
        )
        .service(at("/api/collections/meta/scaffolds").route(get().to(collections::scaffolds)))
        .service(
            at("/api/collections/meta/oauth2-providers").route(get().to(collections::providers)),
        )
        .service(
            at("/api/collections/meta/dry-run-view").route(web::post().to(collections::dry_run)),
        )
        .service(
            at("/api/collections/{collection}")
                .route(get().to(collections::view))
                .route(web::patch().to(collections::update))
                .route(web::delete().to(collections::delete))
                .route(web::put().to(collections::import)),
        )
        .service(
            at("/api/collections/{collection}/truncate")
                .route(web::delete().to(collections::truncate)),
        );
}

/// A resource that knows no other methods than the ones it is given: the rest is 404, never 405.
fn at(path: &str) -> Resource {
    web::resource(path).app_data(Label::new(path)).default_service(web::to(not_found))
}

/// Every GET route answers HEAD too; the server leaves the body out.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn not_found() -> Result<&'static str, ApiError> {
    Err(ApiError(Error::NotFound))
}
