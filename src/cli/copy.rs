//! `ferrobase copy`: from the database of a data folder into an empty one on a server.

use std::path::Path;
use std::sync::Arc;

use crate::cli::boot::StartError;
use crate::cli::environment::Environment;
use crate::cli::options::CopyOptions;
use crate::cli::progress::Bar;
use crate::cli::terminal::{complain, say};
use crate::domain::keyring::Keyring;
use crate::services::copy::{self, Copied, Progress};
use crate::store::{DirLock, PostgresOptions, Snapshot, Store, StoreOptions};

/// Digits of a checksum that are shown.
const DIGITS: usize = 16;

/// Copies, and says what was copied.
///
/// # Errors
/// Why nothing was copied.
pub(super) async fn run(options: CopyOptions) -> Result<(), StartError> {
    let variables = Environment::of_process()?;
    let given = options.to.filter(|url| !url.is_empty());
    let named =
        ["FERROBASE_TO", "DATABASE_URL"].into_iter().find_map(|name| variables.filled(name));
    let url = given.or(named);
    let url = url.ok_or(StartError::NoTarget("It is not said what to copy into."))?;
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(StartError::NoTarget("This is no address of a PostgreSQL database."));
    }
    let dir = options.dir;
    // What a server writes after the copy began would be lost.
    let lock = DirLock::acquire(&dir)?;
    let source = Snapshot::open(&dir)?;
    let target = Store::open(StoreOptions {
        postgres: Some(PostgresOptions { url, pool: 2 }),
        fresh: true,
        // Rows go over as they are stored.
        keyring: Keyring::Blind,
        ..StoreOptions::new(&dir)
    })?;
    let bar = Arc::new(Bar::new());
    let shown = Arc::clone(&bar);
    let report = Arc::new(move |progress: &Progress| shown.show(progress));
    let copied = copy::copy(source, &target, report).await;
    bar.end();
    target.close().await;
    drop(lock);
    tell(&copied?, &dir);
    Ok(())
}

fn tell(copied: &Copied, dir: &Path) {
    let names = copied.tables.iter().map(|table| table.name.len());
    let width = names.max().unwrap_or_default();
    for table in &copied.tables {
        let (name, rows) = (&table.name, table.rows);
        let checksum = &table.checksum[..DIGITS.min(table.checksum.len())];
        say(&format!("{name:width$}  {rows:>10}  {checksum}"));
    }
    if !copied.left_out.is_empty() {
        let names = copied.left_out.join(", ");
        complain(&format!("Not copied, since they belong to no collection: {names}."));
    }
    say(&format!(
        "Copied {}: rows and checksums are the same on both sides.\n\
         Serve it with the address of the copy in DATABASE_URL, and the same --dir: uploaded files \
         stay there.",
        dir.join("data.db").display()
    ));
}
