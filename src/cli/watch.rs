//! Tells when files changed. Knows nothing of what is in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Config, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::cli::environment::Environment;

/// How long a burst of changes must be over before it counts: editors write a file in steps.
const SETTLED: Duration = Duration::from_millis(60);

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Notice {
    /// By the system's own notices.
    #[default]
    System,
    /// By looking at this interval; works on every file system.
    Poll(Duration),
}

impl Notice {
    /// The system's notices, unless `FERROBASE_WATCH_POLL_MS` asks for a look at that interval (network
    /// file systems send no notices).
    pub(super) fn of(variables: &Environment) -> Self {
        let interval = variables.variable("FERROBASE_WATCH_POLL_MS");
        let interval = interval.and_then(|text| text.parse().ok());
        interval.map_or(Self::System, |millis| Self::Poll(Duration::from_millis(millis)))
    }
}

/// Watches the folders of some files.
pub(super) struct Watch {
    watcher: Box<dyn Watcher + Send>,
    folders: BTreeSet<PathBuf>,
    changes: mpsc::UnboundedReceiver<()>,
}

impl Watch {
    /// A watch over nothing yet.
    ///
    /// # Errors
    /// When the system has no watches left.
    pub(super) fn new(notice: Notice) -> notify::Result<Self> {
        let (sender, changes) = mpsc::unbounded_channel();
        let tell = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = sender.send(());
            }
        };
        let watcher: Box<dyn Watcher + Send> = match notice {
            Notice::System => Box::new(RecommendedWatcher::new(tell, Config::default())?),
            Notice::Poll(every) => Box::new(PollWatcher::new(
                tell,
                Config::default().with_poll_interval(every).with_compare_contents(true),
            )?),
        };
        Ok(Self { watcher, folders: BTreeSet::new(), changes })
    }

    /// Adds the folders that `files` are in. Folders rather than files, because editors replace
    /// files, and because a file that is not there yet is worth noticing too.
    pub(super) fn add<'a>(&mut self, files: impl IntoIterator<Item = &'a Path>) {
        for file in files {
            let folder = match file.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                _ => PathBuf::from("."),
            };
            if !self.folders.contains(&folder)
                && self.watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok()
            {
                self.folders.insert(folder);
            }
        }
    }

    /// Waits until something in the folders changed and the burst is over. The caller compares what
    /// it cares about, as other files of the folders count too.
    pub(super) async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        while let Ok(Some(())) = tokio::time::timeout(SETTLED, self.changes.recv()).await {}
    }
}
