//! The batch route (contract A 6).

mod action;
mod submitted;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;

use crate::domain::Json;
use crate::domain::fields::FieldKind;
use crate::domain::random::Random;
use crate::domain::rules::RequestInfo;
use crate::http::address::real_ip;
use crate::http::batch::action::Action;
use crate::http::batch::submitted::{Submitted, files_by_item, read_items};
use crate::http::body::{self, Intake};
use crate::http::caller::{Sender, request_info};
use crate::http::error::{ApiError, envelope};
use crate::http::json;
use crate::http::query::Query;
use crate::services::Error;
use crate::services::app::App;
use crate::services::files::uploads::{Received, Uploads};
use crate::services::pick::Pick;
use crate::services::records::batch::{self, Answer, Item, Operation, Refusal};

/// `POST /api/batch`
pub(super) async fn batch(
    app: Data<App>,
    sender: Sender,
    (request, payload): (HttpRequest, Payload),
) -> Result<HttpResponse, ApiError> {
    let limits = batch::limits(&app).await?;
    // Which fields the files are for is only known when all is read.
    let largest = largest_file(&app);
    let intake = Intake::Keep { spool: &app.files.spool, most: &|_| largest };
    let (values, files) =
        body::read_with(&request, payload, limits.body_size, intake).await?.into_parts();
    let pick = Query::parse(request.query_string()).pick()?;
    let mut files = files_by_item(files);
    let submitted = read_items(values, limits.operations)?;
    let outer = request_info(&request, sender.caller, app.clock.now());
    let (items, picks): (Vec<Item>, Vec<Option<Pick>>) = submitted
        .into_iter()
        .enumerate()
        .map(|(index, item)| read_item(item, files.remove(&index).unwrap_or_default(), &outer))
        .unzip();
    match batch::run(&app, items, real_ip(&request), limits.timeout).await {
        Ok(answers) => {
            let answers: Vec<Part> = answers.into_iter().zip(picks).map(Part::of).collect();
            Ok(json::picked(StatusCode::OK, answers, pick.as_ref()))
        }
        Err(Refusal::Item(index, error)) => {
            Ok(json::answer(StatusCode::BAD_REQUEST, &failure(index, &error)))
        }
        Err(Refusal::Whole(error)) => Err(error.into()),
    }
}

/// The item as the services know it, and what of its answer is wanted. What is wrong with it is
/// told when its turn comes, since an earlier one may fail.
fn read_item(
    submitted: Submitted,
    files: Vec<Received>,
    outer: &RequestInfo,
) -> (Item, Option<Pick>) {
    let Submitted { method, url, headers, mut body } = submitted;
    // In a batch a file stands for what the body says under its key, as in PocketBase.
    for file in &files {
        body.shift_remove(&file.key);
    }
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    // A fragment is for browsers alone.
    let query = Query::parse(query.split('#').next().unwrap_or_default());
    let action = Action::parse(&method, path);
    let collection = action.as_ref().map(|action| action.collection.clone()).unwrap_or_default();
    let checked = query.pick();
    let mut request = RequestInfo { method, query: query.into_values(), ..outer.clone() };
    request.headers.extend(headers);
    let (operation, pick) = match (action, checked) {
        (None, _) => (Operation::Refused(not_allowed(&request.method, path)), None),
        (Some(_), Err(error)) => (Operation::Refused(error.to_string()), None),
        (Some(action), Ok(pick)) => (action.operation(body), pick),
    };
    let uploads = Uploads::new(files, &mut Random::system());
    (Item { collection, operation, uploads, request }, pick)
}

/// The most bytes of a file that any field accepts.
fn largest_file(app: &App) -> u64 {
    let schema = app.store.schema();
    let fields = schema.collections().iter().flat_map(|collection| &collection.fields);
    let limits = fields.filter_map(|field| match &field.kind {
        FieldKind::File(options) => Some(options.size_limit().unsigned_abs()),
        _ => None,
    });
    limits.max().unwrap_or_default()
}

fn not_allowed(method: &str, path: &str) -> String {
    format!(
        "{method} {path} is no action of a batch: records can be created (POST or PUT \
         /api/collections/…/records), changed (PATCH …/records/ID) and deleted (DELETE …/records/ID)."
    )
}

/// The answer of one item.
#[derive(Serialize)]
struct Part {
    body: Json,
    status: u16,
}

impl Part {
    fn of((answer, pick): (Answer, Option<Pick>)) -> Self {
        let Answer::Written(view) = answer else {
            return Self { body: Json::Null, status: StatusCode::NO_CONTENT.as_u16() };
        };
        let mut body = serde_json::to_value(&view).expect("answers always serialise into memory");
        if let Some(pick) = pick {
            pick.apply(&mut body);
        }
        Self { body, status: StatusCode::OK.as_u16() }
    }
}

/// The answer when the item `index` failed: with the one it would have got alone.
fn failure(index: usize, error: &Error) -> Json {
    let item = json!({
        "code": "batch_request_failed",
        "message": "Batch request failed.",
        "response": envelope(error),
    });
    let mut requests = serde_json::Map::new();
    requests.insert(index.to_string(), item);
    json!({
        "data": { "requests": requests },
        "message": "The batch failed, and nothing of it was done.",
        "status": StatusCode::BAD_REQUEST.as_u16(),
    })
}
