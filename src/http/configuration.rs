//! `GET /api/config`: the state of the configuration, for superusers. A route of our own; the
//! dashboard shows it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use crate::http::caller::Superuser;
use crate::http::error::ApiError;
use crate::http::json;
use crate::services::app::App;
use crate::services::configuration;

/// `GET /api/config`
pub(super) async fn report(app: Data<App>, _: Superuser) -> Result<HttpResponse, ApiError> {
    Ok(json::answer(StatusCode::OK, &configuration::report(&app).await?))
}
