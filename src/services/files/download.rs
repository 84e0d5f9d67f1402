//! Which stored file a request may read (contract A 4.1, 4.4, 4.5).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind, FileOptions, texts};
use crate::domain::files::sniff::sniff;
use crate::domain::files::thumb::ThumbSize;
use crate::domain::record::Record;
use crate::domain::rules::{RequestContext, RequestInfo};
use crate::domain::views;
use crate::services::Error;
use crate::services::app::App;
use crate::services::blobs::Blob;
use crate::services::files::{place, thumbs, token};
use crate::services::records;
use crate::store::{Db, records as rows, relations};

/// What a request names.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Id of the record.
    pub record: String,
    /// Name of the file.
    pub name: String,
    /// The size of the thumbnail to answer in its place, empty for none.
    pub thumb: String,
    /// The file token that came with it, empty for none.
    pub token: String,
    /// Where it is asked from.
    pub address: IpAddr,
}

/// A file that the caller may read.
#[derive(Debug, Clone)]
struct Found {
    /// Its path.
    path: String,
    /// The options of the field that names it.
    options: FileOptions,
}

/// A file, or a thumbnail of one, that is open.
pub struct Served {
    /// Its bytes.
    pub blob: Blob,
    /// The name to save it under.
    pub name: String,
    /// What its first bytes say that it is.
    pub mime: Cow<'static, str>,
    /// Whether not everybody may read it.
    pub protected: bool,
}

/// The file that `wanted` names, when the caller may read it. Who asks is what the file token says,
/// whoever sent the request.
///
/// # Errors
/// `NotFound` when there is none, or none for the caller.
pub async fn open(
    app: &App,
    collection: &Collection,
    wanted: Wanted,
    request: RequestInfo,
) -> Result<Served, Error> {
    let (name, thumb) = (wanted.name.clone(), wanted.thumb.clone());
    let Found { path, options } = find(app, collection, wanted, request).await?;
    let protected = options.protected;
    if let Some(size) = offered(&options, &thumb)
        && let Some(blob) = thumbs::open(app, &path, size).await?
    {
        let mime = sniff(&blob.first).mime;
        return Ok(Served { blob, name: format!("{size}_{name}"), mime, protected });
    }
    let blob = app.files.blobs.open(&path).await?.ok_or(Error::NotFound)?;
    let mime = sniff(&blob.first).mime;
    Ok(Served { blob, name, mime, protected })
}

/// The size that `text` names, when the field offers thumbnails of it.
fn offered(options: &FileOptions, text: &str) -> Option<ThumbSize> {
    let size = text.parse().ok()?;
    let mut offered = options.thumbs.iter().flatten().filter_map(|size| size.parse().ok());
    (size == ThumbSize::DEFAULT || offered.any(|one: ThumbSize| one == size)).then_some(size)
}

async fn find(
    app: &App,
    collection: &Collection,
    wanted: Wanted,
    request: RequestInfo,
) -> Result<Found, Error> {
    let is_protected = collection
        .fields
        .iter()
        .any(|field| matches!(&field.kind, FieldKind::File(options) if options.protected));
    let caller = if is_protected {
        token::caller_of(app, &wanted.token, wanted.address).await?
    } else {
        Caller::guest()
    };
    let request = RequestInfo { caller, context: RequestContext::ProtectedFile, ..request };
    let collection = collection.id.clone();
    app.store.read(move |db| within(db, &collection, &wanted, &request)).await
}

fn within(
    db: &mut Db,
    collection: &str,
    wanted: &Wanted,
    request: &RequestInfo,
) -> Result<Found, Error> {
    let collection = db.schema().by_id(collection).cloned().ok_or(Error::NotFound)?;
    let record = rows::by_id(db, &collection, &wanted.record)?.ok_or(Error::NotFound)?;
    let (field, options) = naming_field(&record, &wanted.name).ok_or(Error::NotFound)?;
    if options.protected {
        records::require_viewable(db, &record, request)?;
    }
    let path = if collection.is_view() {
        original(db, &collection, field, &wanted.name)?.ok_or(Error::NotFound)?
    } else {
        place::file(&collection.id, record.id(), &wanted.name)
    };
    Ok(Found { path, options: options.clone() })
}

/// The file field of `record` that names the file.
fn naming_field<'a>(record: &'a Record, name: &str) -> Option<(&'a Field, &'a FileOptions)> {
    let fields = record.collection().fields.iter().zip(record.values());
    fields.into_iter().find_map(|(field, value)| match &field.kind {
        FieldKind::File(options) if texts(value).contains(&name) => Some((field, options)),
        _ => None,
    })
}

/// The path of a file that a view shows: that of the record which the view has it from.
fn original(
    db: &mut Db,
    view: &Arc<Collection>,
    field: &Field,
    name: &str,
) -> Result<Option<String>, Error> {
    let schema = db.schema();
    let Some((source, column)) = views::origin(view, &field.name, &schema) else {
        return Ok(None);
    };
    let Some(field) = source.field(&column) else { return Ok(None) };
    let holders = relations::referrers(db, source, field, name)?;
    Ok(holders.first().map(|record| place::file(&source.id, record, name)))
}
