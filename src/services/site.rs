//! The files of a static site: a folder of this machine that the server does not write to. Finds what a
//! path means there, and lets nothing out that is not below the folder.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags};

use crate::domain::codings::Coding;
use crate::domain::site::{INDEX, SitePath, WELL_KNOWN, is_hidden};
use crate::services::Error;
use crate::services::blobs::Blob;

/// Files of before 1980-01-02 have times that somebody made up, so that builds are reproducible: nothing
/// can be told by them. Archives begin with the day before. In seconds since 1970.
const FIRST_TIME: Duration = Duration::from_secs(3_653 * 86_400);

/// A folder that is served.
#[derive(Debug, Clone)]
pub struct Site {
    folder: PathBuf,
    /// Whether a path that means nothing is left to the page at the root.
    has_fallback: bool,
}

/// What a path means.
pub enum Found {
    /// A file.
    File(Box<SiteFile>),
    /// A folder that was not asked for as one, or the other way round: the path has another form.
    OtherForm,
    /// Nothing.
    Nothing,
}

/// A file of a site.
pub struct SiteFile {
    /// Its content, perhaps packed.
    pub blob: Blob,
    /// Where it is, below the folder; its name says what it is.
    pub path: String,
    /// How the content is packed.
    pub coding: Option<Coding>,
    /// Whether another client may get it packed in another way.
    pub is_varied: bool,
    /// What changes when the content does.
    pub tag: String,
    /// When it was changed, if that is known.
    pub modified: Option<SystemTime>,
}

impl Site {
    /// The site in this folder.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be entered.
    pub fn open(folder: &Path, has_fallback: bool) -> io::Result<Self> {
        if !fs::metadata(folder)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        fs::read_dir(folder)?;
        Ok(Self { folder: folder.to_owned(), has_fallback })
    }

    /// Whether paths that mean nothing are left to the page at the root.
    pub const fn has_fallback(&self) -> bool {
        self.has_fallback
    }

    /// What is at this path, packed as a client with this `Accept-Encoding` likes it best.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub async fn find(&self, path: &SitePath, codings: Option<String>) -> Result<Found, Error> {
        let mut below: PathBuf = path.segments().iter().collect();
        let is_folder = path.is_folder();
        if is_folder {
            below.push(INDEX);
        }
        let folder = self.folder.clone();
        off_thread(move || look(&folder, &below, is_folder, codings.as_deref())).await
    }

    /// The page at the root.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub async fn root_page(&self, codings: Option<String>) -> Result<Found, Error> {
        let folder = self.folder.clone();
        off_thread(move || look(&folder, Path::new(INDEX), true, codings.as_deref())).await
    }
}

async fn off_thread(
    work: impl FnOnce() -> io::Result<Found> + Send + 'static,
) -> Result<Found, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) if is_absent(&error) => Ok(Found::Nothing),
        Ok(Err(error)) => Err(Error::unavailable(error)),
        Err(error) => Err(Error::internal(error)),
    }
}

/// What is at `below`. The folder is looked up each time: it may be a link that a deployment moves.
fn look(folder: &Path, below: &Path, is_folder: bool, codings: Option<&str>) -> io::Result<Found> {
    let root = folder.canonicalize()?;
    let Some((place, path)) = resolve(&root, below)? else {
        // A file that was asked for as a folder.
        let file = below.parent().filter(|_| is_folder);
        let file = file.map(|file| resolve(&root, file)).transpose()?.flatten();
        let is_file = file.is_some_and(|(place, _)| place.is_file());
        return Ok(if is_file { Found::OtherForm } else { Found::Nothing });
    };
    let metadata = fs::metadata(&place)?;
    if metadata.is_dir() {
        // An index.html that is a folder is nobody's page.
        return Ok(if is_folder { Found::Nothing } else { Found::OtherForm });
    }
    if !metadata.is_file() {
        return Ok(Found::Nothing);
    }
    let packed = packed_forms(&root, &place);
    let chosen = codings.and_then(|header| {
        let offered: Vec<Coding> = packed.iter().map(|(coding, _)| *coding).collect();
        Coding::choose(header, &offered)
    });
    let chosen = packed.iter().find(|(coding, _)| Some(*coding) == chosen);
    let source = chosen.map_or(&place, |(_, packed)| packed);
    let Some(blob) = Blob::of_file(open(source)?)? else { return Ok(Found::Nothing) };
    Ok(Found::File(Box::new(SiteFile {
        tag: tag(&blob),
        modified: Some(blob.modified).filter(|time| *time >= SystemTime::UNIX_EPOCH + FIRST_TIME),
        blob,
        path,
        coding: chosen.map(|(coding, _)| *coding),
        is_varied: !packed.is_empty(),
    })))
}

/// Where `below` really is, and its path below the root. Links may lead elsewhere inside, never out of
/// it, and not to what is hidden.
fn resolve(root: &Path, below: &Path) -> io::Result<Option<(PathBuf, String)>> {
    let place = match root.join(below).canonicalize() {
        Ok(place) => place,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Ok(inside) = place.strip_prefix(root) else { return Ok(None) };
    let names = inside.components().map(|part| part.as_os_str().to_str());
    let Some(names) = names.collect::<Option<Vec<&str>>>() else { return Ok(None) };
    let is_shown =
        |(number, name): (usize, &&str)| !is_hidden(name) || (number == 0 && *name == WELL_KNOWN);
    if !names.iter().enumerate().all(is_shown) {
        return Ok(None);
    }
    // Under the name that was asked for: a link may point to a file without an ending.
    let path = below.to_str().unwrap_or_default().to_owned();
    Ok(Some((place, path)))
}

/// The packed forms beside a file, the shortest first.
fn packed_forms(root: &Path, place: &Path) -> Vec<(Coding, PathBuf)> {
    let form = |coding: Coding| {
        let mut name = place.as_os_str().to_owned();
        name.push(coding.ending());
        let packed = Path::new(&name).canonicalize().ok()?;
        (packed.starts_with(root) && packed.is_file()).then_some((coding, packed))
    };
    Coding::BY_SIZE.into_iter().filter_map(form).collect()
}

/// Opens a file that was found a moment ago: what has become a link or a pipe since is not followed and
/// not waited for.
fn open(place: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(place, flags, Mode::empty())?))
}

/// What is read at once is known by its content: a build may give all files one time, and another
/// build's page has the same length.
fn tag(blob: &Blob) -> String {
    if blob.first.len() as u64 == blob.size {
        return format!("\"{:x}-{:08x}\"", blob.size, crc32fast::hash(&blob.first));
    }
    let since = blob.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("\"{:x}-{:x}-{:08x}\"", blob.size, since.as_nanos(), crc32fast::hash(&blob.first))
}

/// Whether the system says so of what cannot be served. What the process may not read is not there for
/// clients, and the operator is told.
fn is_absent(error: &io::Error) -> bool {
    if error.kind() == ErrorKind::PermissionDenied {
        tracing::warn!("a file of the site may not be read: see its permissions and its folder's");
        return true;
    }
    let kinds = [ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::InvalidFilename];
    kinds.contains(&error.kind())
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}
