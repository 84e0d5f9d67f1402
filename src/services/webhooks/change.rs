//! A change of a record as it is told to other servers.

use std::sync::Arc;

use serde::Serialize;

use crate::config::TriggerEvent;
use crate::domain::event::Event;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::services::BoxError;
use crate::services::records::record_view::{Reader, RecordView, Shape};

/// Most bytes of a message. What would be longer is left out and named in `cut`.
pub(super) const LONGEST: usize = 1 << 20;

/// A change of a record.
pub(super) struct Change<'a> {
    /// Which one.
    pub(super) event: TriggerEvent,
    /// The record after the change, or before its removal.
    pub(super) record: &'a Arc<Record>,
    /// Of an update, the record before it.
    pub(super) old: Option<&'a Arc<Record>>,
}

/// What is sent.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<RecordView>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    cut: &'a [&'static str],
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data {
    Whole(RecordView),
    #[serde(rename_all = "camelCase")]
    Reference {
        collection_id: String,
        collection_name: String,
        id: String,
    },
}

impl<'a> Change<'a> {
    /// The change that `event` is; none if it is none of a record.
    pub(super) const fn of(event: &'a Event) -> Option<Self> {
        match event {
            Event::Created(record) => Some(Self { event: TriggerEvent::Create, record, old: None }),
            Event::Updated { old, new } => {
                Some(Self { event: TriggerEvent::Update, record: new, old: Some(old) })
            }
            Event::Deleted(record) => Some(Self { event: TriggerEvent::Delete, record, old: None }),
            Event::SchemaChanged | Event::SignedOut { .. } | Event::Queued => None,
        }
    }

    /// The type of its messages, such as `posts.create`.
    pub(super) fn kind(&self) -> String {
        let word = match self.event {
            TriggerEvent::Create => "create",
            TriggerEvent::Update => "update",
            TriggerEvent::Delete => "delete",
            TriggerEvent::Any => "*",
        };
        format!("{}.{word}", self.record.collection().name)
    }

    /// The message, which says that the change is of `now`.
    ///
    /// # Errors
    /// When a record cannot be written as JSON.
    pub(super) fn body(&self, now: Timestamp) -> Result<String, BoxError> {
        let (kind, timestamp) = (self.kind(), now.to_string().replacen(' ', "T", 1));
        let body = |data, old, cut| {
            let timestamp = timestamp.clone();
            serde_json::to_string(&Body { r#type: &kind, timestamp, data, old, cut })
        };
        let data = || Data::Whole(shown(self.record));
        let whole = body(data(), self.old.map(shown), &[])?;
        if whole.len() <= LONGEST {
            return Ok(whole);
        }
        if self.old.is_some() {
            let without_old = body(data(), None, &["old"])?;
            if without_old.len() <= LONGEST {
                return Ok(without_old);
            }
        }
        let cut: &[&str] = if self.old.is_some() { &["data", "old"] } else { &["data"] };
        Ok(body(self.reference(), None, cut)?)
    }

    fn reference(&self) -> Data {
        let collection = self.record.collection();
        Data::Reference {
            collection_id: collection.id.clone(),
            collection_name: collection.name.clone(),
            id: self.record.id().to_owned(),
        }
    }
}

/// A record with all that its fields hold but for hidden ones: whoever wrote the webhook down sees all
/// records, and a hidden field is to leave the server for nobody.
fn shown(record: &Arc<Record>) -> RecordView {
    let shape = Shape::new(record.collection(), Reader::Anyone);
    RecordView::new(Arc::new(shape), Arc::clone(record), Vec::new())
}
