//! Messages as they go over the wire (contract A 5.1, 5.4). The line with the client's id stands before
//! what all clients share.

use bytes::Bytes;
use serde_json::json;

use crate::services::oauth2::popup;
use crate::services::pick::Pick;
use crate::services::realtime::topic::OAUTH2;
use crate::services::records::record_view::RecordView;
use crate::services::safe_json;

/// A line that clients do not see: it keeps the connection open, and shows when it is not any more.
pub(super) const HEARTBEAT: &[u8] = b":\n\n";

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// The first line of every message to the client `id`.
pub(super) fn id_line(id: &str) -> String {
    format!("id:{id}\n")
}

/// The first message to the client `id`.
pub(super) fn connected(id: &str) -> Bytes {
    shared("PB_CONNECT", &safe_json::bytes(&json!({ "clientId": id })))
}

/// That `action` happened to the record of `view`, of which the client wants what `pick` says.
pub(super) fn changed(
    topic: &str,
    view: &RecordView,
    pick: Option<&Pick>,
    action: Action,
) -> Bytes {
    let record = match pick {
        None => safe_json::bytes(view),
        Some(pick) => {
            let mut record =
                serde_json::to_value(view).expect("records always serialise into memory");
            pick.apply(&mut record);
            safe_json::bytes(&record)
        }
    };
    let parts: [&[u8]; 5] =
        [b"{\"record\":", &record, b",\"action\":\"", action.as_str().as_bytes(), b"\"}"];
    shared(topic, &parts.concat())
}

/// What a provider led back to a client that waited.
pub(super) fn returned(message: &popup::Message) -> Bytes {
    let mut data = json!({ "state": message.state, "code": message.code });
    if !message.error.is_empty() {
        data["error"] = message.error.as_str().into();
    }
    shared(OAUTH2, &safe_json::bytes(&data))
}

/// A message without its first line. `event` has no line breaks: such topics are refused.
fn shared(event: &str, data: &[u8]) -> Bytes {
    let parts: [&[u8]; 5] = [b"event:", event.as_bytes(), b"\ndata:", data, b"\n\n"];
    Bytes::from(parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_three_lines_without_blanks() {
        assert_eq!(id_line("abc"), "id:abc\n");
        assert_eq!(connected("abc"), "event:PB_CONNECT\ndata:{\"clientId\":\"abc\"}\n\n");
        let mut message = popup::Message {
            state: "abc".to_owned(),
            code: "a\nb<".to_owned(),
            error: String::new(),
        };
        assert_eq!(
            returned(&message),
            "event:@oauth2\ndata:{\"state\":\"abc\",\"code\":\"a\\nb\\u003c\"}\n\n"
        );
        message.error = "denied".to_owned();
        assert!(returned(&message).ends_with(b",\"error\":\"denied\"}\n\n"));
    }
}
