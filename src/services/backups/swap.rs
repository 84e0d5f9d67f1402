//! Putting a restored data folder in the place of the one there is, by renames. Which step it has come
//! to is written down before it begins, so that whoever comes after a crash goes on from there: the
//! folder holds the old data or the new, and never some of each when a database is opened.
//!
//! The old data stays aside until a server has started on the new. When it cannot, everything goes back.
//! After that the old data is kept until the next restore, so that a person may undo this one.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What is swapped. What another program left beside a database belongs to it.
const ITEMS: [&str; 7] = [
    "data.db",
    "data.db-wal",
    "data.db-shm",
    "auxiliary.db",
    "auxiliary.db-wal",
    "auxiliary.db-shm",
    "storage",
];

/// The folder, in the data folder, of a restore under way.
const UNDER_WAY: &str = ".restore";

/// The folder of the data before the last restore.
const BEFORE: &str = ".before-restore";

/// The file, beside a new database, that says that nothing else is swapped: logs and files stay.
pub(in crate::services) const DATABASE_ALONE: &str = "database-alone";

/// How many of the items are the database.
const DATABASE: usize = 3;

/// The file that says how far it is.
const STEP: &str = "step";

/// What is to be done next; each step may have been begun already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// What was kept becomes what is restored.
    Fetch,
    /// The old data goes aside.
    Clear,
    /// The new data comes in.
    Fill,
    /// A server is to start on the new data.
    Try,
    /// It has: the old data is kept.
    Keep,
    /// It could not: the new data goes away.
    Empty,
    /// The old data comes back.
    Return,
    /// What is left goes.
    End,
}

const WORDS: [(&str, Step); 8] = [
    ("fetch", Step::Fetch),
    ("clear", Step::Clear),
    ("fill", Step::Fill),
    ("try", Step::Try),
    ("keep", Step::Keep),
    ("empty", Step::Empty),
    ("return", Step::Return),
    ("end", Step::End),
];

/// New data that a server has to be started on: then it is [kept](Swapped::keep), else it is
/// [undone](Swapped::undo).
#[derive(Debug)]
#[must_use = "new data is kept or goes away again"]
pub struct Swapped(Swap);

#[derive(Debug)]
struct Swap {
    dir: PathBuf,
    /// Changes of the disk until it fails, for tests.
    #[cfg(test)]
    fuse: Option<std::cell::Cell<usize>>,
}

/// Has the data in the folder `new`, which is on the same disk, swapped in by the next
/// [`resume`]. From here on it is, whatever happens.
///
/// # Errors
/// What the system says; nothing has changed then.
pub fn prepare(dir: &Path, new: &Path) -> io::Result<()> {
    Swap::of(dir).prepare(new)
}

/// Has the data before the last restore swapped in by the next [`resume`]; `false` when there is none.
///
/// # Errors
/// What the system says; nothing has changed then.
pub fn prepare_undo(dir: &Path) -> io::Result<bool> {
    let swap = Swap::of(dir);
    if !dir.join(BEFORE).join("data.db").is_file() {
        return Ok(false);
    }
    swap.begin(Step::Fetch).map(|()| true)
}

/// Whether a restore is under way in the data folder `dir`: nobody may open its database.
pub fn is_under_way(dir: &Path) -> bool {
    dir.join(UNDER_WAY).join(STEP).exists()
}

/// Goes on with a restore in the data folder `dir`, whose lock the caller holds, if there is one.
///
/// # Errors
/// What the system says. Where [`is_under_way`] says no afterwards, the old data is back.
pub fn resume(dir: &Path) -> io::Result<Option<Swapped>> {
    let swap = Swap::of(dir);
    Ok(swap.run()?.then_some(Swapped(swap)))
}

impl Swapped {
    /// Keeps the new data, and the old until the next restore.
    ///
    /// # Errors
    /// What the system says; the next start tries it again.
    pub fn keep(self) -> io::Result<()> {
        self.0.go_on(Step::Keep)
    }

    /// Brings the old data back.
    ///
    /// # Errors
    /// What the system says; the next start tries it again.
    pub fn undo(self) -> io::Result<()> {
        self.0.go_on(Step::Empty)
    }
}

impl Swap {
    fn of(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            #[cfg(test)]
            fuse: None,
        }
    }

    fn under_way(&self) -> PathBuf {
        self.dir.join(UNDER_WAY)
    }

    fn prepare(&self, new: &Path) -> io::Result<()> {
        self.remove(&self.under_way())?;
        self.change(|| fs::create_dir(self.under_way()))?;
        sync_all_below(new)?;
        self.rename(new, &self.under_way().join("new"))?;
        self.begin(Step::Clear)
    }

    fn begin(&self, step: Step) -> io::Result<()> {
        fs::create_dir_all(self.under_way())?;
        self.write(step)?;
        sync_folder(&self.dir)
    }

    fn go_on(&self, step: Step) -> io::Result<()> {
        self.write(step)?;
        self.run().map(|_| ())
    }

    /// Does all steps up to one that waits for somebody; whether there is one.
    fn run(&self) -> io::Result<bool> {
        while let Some(step) = self.read()? {
            let next = match step {
                Step::Fetch => self.fetch()?,
                Step::Clear => self.clear().or_else(|error| self.give_up(Step::Return, error))?,
                Step::Fill => self.fill().or_else(|error| self.give_up(Step::Empty, error))?,
                Step::Try => return Ok(true),
                Step::Keep => self.keep()?,
                Step::Empty => self.empty()?,
                Step::Return => self.bring_back()?,
                Step::End => {
                    // The word goes last.
                    for name in ["new", "old", "failed"] {
                        self.remove(&self.under_way().join(name))?;
                    }
                    self.remove(&self.under_way())?;
                    break;
                }
            };
            self.write(next)?;
        }
        // One that was never begun.
        self.remove(&self.under_way())?;
        Ok(false)
    }

    /// Undoes everything from `step` on, for folders that cannot be moved now cannot be so later.
    fn give_up(&self, step: Step, error: io::Error) -> io::Result<Step> {
        self.go_on(step)?;
        Err(error)
    }

    fn fetch(&self) -> io::Result<Step> {
        let new = self.under_way().join("new");
        if self.dir.join(BEFORE).is_dir() && !new.is_dir() {
            self.rename(&self.dir.join(BEFORE), &new)?;
        }
        Ok(Step::Clear)
    }

    fn clear(&self) -> io::Result<Step> {
        if !self.under_way().join("new/data.db").is_file() {
            return Ok(Step::End);
        }
        self.move_all(&self.dir, "old")?;
        if self.is_database_alone() {
            let mark = self.under_way().join("old").join(DATABASE_ALONE);
            self.change(|| fs::write(mark, ""))?;
        }
        Ok(Step::Fill)
    }

    fn is_database_alone(&self) -> bool {
        self.under_way().join("new").join(DATABASE_ALONE).exists()
    }

    fn fill(&self) -> io::Result<Step> {
        let new = self.under_way().join("new");
        for item in ITEMS.iter().filter(|item| new.join(item).exists()) {
            self.rename(&new.join(item), &self.dir.join(item))?;
        }
        self.sync()?;
        Ok(Step::Try)
    }

    fn keep(&self) -> io::Result<Step> {
        let (old, before) = (self.under_way().join("old"), self.dir.join(BEFORE));
        if old.is_dir() {
            self.remove(&before)?;
            self.rename(&old, &before)?;
            self.sync()?;
        }
        Ok(Step::End)
    }

    fn empty(&self) -> io::Result<Step> {
        self.move_all(&self.dir, "failed")?;
        Ok(Step::Return)
    }

    fn bring_back(&self) -> io::Result<Step> {
        let old = self.under_way().join("old");
        for item in ITEMS.iter().filter(|item| old.join(item).exists()) {
            self.rename(&old.join(item), &self.dir.join(item))?;
        }
        self.sync()?;
        Ok(Step::End)
    }

    /// Moves what is in `from` into the folder `name`. What is there under its name came first.
    fn move_all(&self, from: &Path, name: &str) -> io::Result<()> {
        let to = self.under_way().join(name);
        fs::create_dir_all(&to)?;
        let items = if self.is_database_alone() { &ITEMS[..DATABASE] } else { &ITEMS[..] };
        for item in items.iter().filter(|item| from.join(item).exists()) {
            if to.join(item).exists() {
                return Err(io::Error::other(format!(
                    "both {} and {} are there: somebody wrote to the data folder while a restore was \
                     under way. Move the first one elsewhere",
                    from.join(item).display(),
                    to.join(item).display()
                )));
            }
            self.rename(&from.join(item), &to.join(item))?;
        }
        sync_folder(&to)?;
        self.sync()
    }

    fn read(&self) -> io::Result<Option<Step>> {
        let text = match fs::read_to_string(self.under_way().join(STEP)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let step = WORDS.iter().find(|(word, _)| *word == text.trim());
        step.map(|(_, step)| Some(*step)).ok_or_else(|| {
            let path = self.under_way().join(STEP);
            io::Error::other(format!("{} holds no step of a restore: {text:?}", path.display()))
        })
    }

    fn write(&self, step: Step) -> io::Result<()> {
        let word = WORDS.iter().find(|(_, known)| *known == step).map_or("", |(word, _)| word);
        let (draft, file) = (self.under_way().join("step.part"), self.under_way().join(STEP));
        self.change(|| fs::write(&draft, word))?;
        File::open(&draft)?.sync_all()?;
        self.rename(&draft, &file)?;
        sync_folder(&self.under_way())
    }

    fn sync(&self) -> io::Result<()> {
        sync_folder(&self.under_way())?;
        sync_folder(&self.dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|| fs::rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(|| match fs::remove_dir_all(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests let the disk of one of these fail")]
    fn change(&self, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        work()
    }

    #[cfg(test)]
    fn change(&self, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if let Some(fuse) = &self.fuse {
            let left = fuse.get().checked_sub(1).ok_or_else(|| io::Error::other("the end"))?;
            fuse.set(left);
        }
        work()
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Brings all files below `folder` to the disk.
fn sync_all_below(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(File::open(folder)?)?);
    #[cfg(not(target_os = "linux"))]
    {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                sync_all_below(&path)?;
            } else {
                File::open(&path)?.sync_all()?;
            }
        }
        sync_folder(folder)
    }
}

#[cfg(test)]
mod tests;
