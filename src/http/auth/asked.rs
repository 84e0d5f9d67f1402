//! A request to sign in, in whatever way: read in the order in which it may be refused.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Payload;

use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::rules::RequestInfo;
use crate::http::address::real_ip;
use crate::http::body::{self, Body, DEFAULT_LIMIT};
use crate::http::caller::{Sender, request_info};
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::auth::auth_collection;
use crate::services::pick::Pick;
use crate::services::superusers::require_known_address;

/// A request to sign in.
pub(in crate::http) struct Asked {
    /// What the answer is to hold.
    pub(in crate::http) pick: Option<Pick>,
    /// What was sent.
    pub(in crate::http) body: Body,
    /// Where from.
    pub(in crate::http) address: IpAddr,
    collection: Arc<Collection>,
    info: RequestInfo,
}

impl Asked {
    /// Reads a request to sign in to the collection that `path` names, if `require_open` says that
    /// this way in is open there.
    ///
    /// # Errors
    /// `NotFound` when there is no such collection, `Forbidden` for superusers who come from elsewhere
    /// than they may, what `require_open` says, `BadRequest` for a
    /// request that cannot be read.
    pub(in crate::http) async fn read(
        app: &App,
        (request, payload): (HttpRequest, Payload),
        path: &str,
        sender: Sender,
        require_open: fn(&Collection) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let collection = auth_collection(app, path)?;
        require_open(&collection)?;
        let address = real_ip(&request);
        if collection.name == SUPERUSERS {
            require_known_address(app, address).await?;
        }
        let pick = Query::parse(request.query_string()).pick()?;
        let body = body::read(&request, payload, DEFAULT_LIMIT).await?;
        let info = request_info(&request, sender.caller, app.clock.now());
        Ok(Self { pick, body, address, collection, info })
    }

    /// The collection, and what rules may know of the request, with the body as it was sent.
    pub(in crate::http) fn into_parts(self) -> (Arc<Collection>, RequestInfo, Option<Pick>) {
        let body = Arc::new(self.body.into_values());
        (self.collection, RequestInfo { body, ..self.info }, self.pick)
    }
}
