//! Builds the dashboard of `admin-ui/` into `OUT_DIR/admin-ui`, from where `src/http/admin_ui.rs`
//! takes it into the executable.
//!
//! `FERROBASE_ADMIN_UI` chooses: unset builds with npm, a folder is taken as it is, and `none` leaves
//! the dashboard out for a page that says so.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Everything that the dashboard is built from.
const SOURCES: [&str; 10] = [
    "build",
    "index.html",
    "left-out",
    "package-lock.json",
    "package.json",
    "public",
    "src",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

#[expect(clippy::disallowed_methods, reason = "a build script has nobody to be told by")]
fn main() {
    let sources = Path::new("admin-ui");
    println!("cargo:rerun-if-env-changed=FERROBASE_ADMIN_UI");
    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", sources.join(source).display());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("admin-ui");
    let made = match env::var("FERROBASE_ADMIN_UI") {
        Err(_) => build(sources, &out),
        Ok(choice) if choice == "none" => take(&sources.join("left-out"), &out),
        Ok(folder) => {
            println!("cargo:rerun-if-changed={folder}");
            take(Path::new(&folder), &out)
        }
    };
    if let Err(problem) = made {
        println!("cargo::error={problem}");
    }
}

/// Builds with npm; packages are installed when the lock file asks for others than there are.
fn build(sources: &Path, out: &Path) -> Result<(), String> {
    let lock = |path: &str| fs::metadata(sources.join(path)).and_then(|file| file.modified()).ok();
    if lock("node_modules/.package-lock.json") < lock("package-lock.json") {
        npm(sources, &["ci", "--no-audit", "--no-fund"], out)?;
    }
    npm(sources, &["run", "build"], out)
}

fn npm(sources: &Path, arguments: &[&str], out: &Path) -> Result<(), String> {
    let shown = arguments.join(" ");
    let output = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
        .args(arguments)
        .current_dir(sources)
        .env("ADMIN_UI_OUT", out)
        .output();
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "the dashboard is built with npm, which is not there. Install \
            Node.js 20 or newer (https://nodejs.org), or leave the dashboard out: \
            FERROBASE_ADMIN_UI=none cargo build"
            .to_owned(),
        _ => format!("`npm {shown}` does not start: {error}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().replace('\n', "\n  ");
    println!("cargo::error=`npm {shown}` in admin-ui failed:");
    for line in said.lines() {
        println!("cargo::error={line}");
    }
    Err("mend that, or leave the dashboard out: FERROBASE_ADMIN_UI=none cargo build".to_owned())
}

/// Copies a folder that has an `index.html`.
fn take(folder: &Path, out: &Path) -> Result<(), String> {
    if !folder.join("index.html").is_file() {
        return Err(format!(
            "FERROBASE_ADMIN_UI is \"{}\", which has no index.html: name the folder of a built \
             dashboard, or \"none\"",
            folder.display()
        ));
    }
    let copied = match fs::remove_dir_all(out) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => copy(folder, out),
    };
    copied.map_err(|error| format!("cannot copy {}: {error}", folder.display()))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
