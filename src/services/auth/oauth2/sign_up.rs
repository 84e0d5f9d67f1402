//! The record of somebody who comes for the first time: what they send, filled up from their profile,
//! created under the create rule as any other (contract B 3.4, step 5).

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::collection::{Collection, SUPERUSERS};
use crate::domain::fields::{Field, FieldKind, to_text};
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::{Json, JsonMap};
use crate::services::app::App;
use crate::services::auth::oauth2::Attempt;
use crate::services::auth::oauth2::account::{self, Newcomer, case};
use crate::services::auth::oauth2::arrival::MadeUp;
use crate::services::auth::options;
use crate::services::files::uploads::{Received, Uploads};
use crate::services::oauth2::Picture;
use crate::services::records::create::{self, Creation};
use crate::services::records::{Submission, require_unlocked};
use crate::services::{Error, admission};
use crate::store::{Db, records};

/// A record that is to be made, and what was fetched for it.
pub(super) struct SignUp {
    newcomer: Newcomer,
    create_data: JsonMap,
    address: IpAddr,
    /// Whether it was counted: once, however often it starts over.
    is_counted: bool,
    picture: Option<Uploads>,
}

impl SignUp {
    /// The sign-up of `newcomer`, with what `attempt` sends for the record.
    pub(super) fn new(newcomer: &Newcomer, attempt: Attempt) -> Self {
        let Attempt { create_data, address, .. } = attempt;
        let newcomer = newcomer.clone();
        Self { newcomer, create_data, address, is_counted: false, picture: None }
    }

    /// Makes the account; none when the newcomer has one by now.
    ///
    /// # Errors
    /// As a create by the caller: `Forbidden` when the rule is locked, `BadRequest` when it does not
    /// hold, `Invalid` when fields are wrong; `TooManyRequests` when too many sign up.
    pub(super) async fn attempt(
        &mut self,
        app: &App,
        collection: &Arc<Collection>,
        password: &mut MadeUp,
    ) -> Result<Option<Arc<Record>>, Error> {
        if collection.name == SUPERUSERS {
            return Err(Error::Forbidden);
        }
        self.count(app, collection).await?;
        let request = &self.newcomer.request;
        require_unlocked(collection.rules.create.as_ref(), request)?;
        let body = self.body(app, collection).await?;
        let sends_password = body.get("password").is_some_and(|sent| !to_text(sent).is_empty());
        let uploads = self.picture(app, collection, &body).await?;
        let submission = Submission { body: Arc::new(body), uploads };
        let mut creation = Creation::new(collection, submission, self.newcomer.request.clone());
        if !sends_password {
            creation.made_up = Some(password.hash(app).await?);
        }
        let (creation, stored) = create::prepare_with(app, collection, creation).await?;
        let newcomer = self.newcomer.clone();
        let made = app.store.write(move |tx| account::make(tx, &newcomer, &creation)).await;
        if matches!(made, Ok(None)) {
            stored.discard(app).await;
            return Ok(None);
        }
        stored.keep_if(app, made).await
    }

    async fn count(&mut self, app: &App, collection: &Collection) -> Result<(), Error> {
        if !self.is_counted {
            let caller = &self.newcomer.request.caller;
            admission::admit_sign_up(app, collection, caller, self.address).await?;
            self.is_counted = true;
        }
        Ok(())
    }

    /// What was sent, with the profile where it says nothing.
    async fn body(&self, app: &App, collection: &Arc<Collection>) -> Result<JsonMap, Error> {
        let profile = &self.newcomer.profile;
        let mapped = &options(collection)?.oauth2.mapped_fields;
        let mut body = self.create_data.clone();
        if body.get("email").is_none_or(|email| to_text(email).is_empty()) {
            body.insert("email".to_owned(), profile.email.as_str().into());
        }
        for (field, value) in [(&mapped.id, &profile.id), (&mapped.name, &profile.name)] {
            fill(&mut body, field, value);
        }
        if is_open(&body, &mapped.username) && self.is_free(app, collection).await? {
            fill(&mut body, &mapped.username, &profile.username);
        }
        let is_file = |field: &Field| matches!(field.kind, FieldKind::File(_));
        if !collection.field(&mapped.avatar_url).is_some_and(is_file) {
            fill(&mut body, &mapped.avatar_url, &profile.avatar_url);
        }
        Ok(body)
    }

    /// Whether the profile's user name can be that of the record, which is no reason to keep anybody
    /// out.
    async fn is_free(&self, app: &App, collection: &Arc<Collection>) -> Result<bool, Error> {
        let (collection, name) = (Arc::clone(collection), self.newcomer.profile.username.clone());
        let username = options(&collection)?.oauth2.mapped_fields.username.clone();
        app.store.read(move |db| is_free(db, &collection, &username, &name)).await
    }

    /// The picture, if it goes into a file field that takes it. It is fetched once.
    async fn picture(
        &mut self,
        app: &App,
        collection: &Collection,
        body: &JsonMap,
    ) -> Result<Uploads, Error> {
        if let Some(fetched) = &self.picture {
            return Ok(fetched.clone());
        }
        let key = &options(collection)?.oauth2.mapped_fields.avatar_url;
        let url = &self.newcomer.profile.avatar_url;
        let mut uploads = Uploads::default();
        if let Some(FieldKind::File(field)) = collection.field(key).map(|field| &field.kind)
            && is_open(body, key)
            && !url.is_empty()
        {
            let most = field.size_limit().unsigned_abs();
            if let Some(picture) = app.oauth2.picture(url, most, &app.files.spool).await {
                let Picture { name, content } = picture;
                let received = Received { key: key.clone(), name, content };
                let fetched = Uploads::new(vec![received], &mut Random::system());
                let is_accepted = fetched.list().iter().all(|upload| {
                    field.check_upload(&upload.original_name, upload.size, &upload.mime).is_ok()
                });
                uploads = if is_accepted { fetched } else { uploads };
            }
        }
        Ok(self.picture.insert(uploads).clone())
    }
}

/// Whether `field` is one that a value of the profile goes into, and nothing was sent for it.
fn is_open(body: &JsonMap, field: &str) -> bool {
    !field.is_empty() && !body.contains_key(field)
}

fn fill(body: &mut JsonMap, field: &str, value: &str) {
    if is_open(body, field) && !value.is_empty() {
        body.insert(field.to_owned(), value.into());
    }
}

/// Whether `field` takes `name` and no other record has it.
fn is_free(
    db: &mut Db,
    collection: &Arc<Collection>,
    field: &str,
    name: &str,
) -> Result<bool, Error> {
    let Some(field) = collection.field(field) else { return Ok(false) };
    let is_text = matches!(field.kind, FieldKind::Text(_) | FieldKind::Email(_));
    let value = field.normalise(&Json::from(name));
    if !is_text || value.is_err() || value.is_ok_and(|value| field.check(&value).is_err()) {
        return Ok(false);
    }
    let case = case(collection, &field.name);
    Ok(records::by_identity(db, collection, field, name, case)?.is_none())
}
