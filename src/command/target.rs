//! Where outputs go: what is looked at before anything is computed, and again when a file gets its name.

use super::failure::{Failure, plain};
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Which file it is, by whatever name: its device and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    pub fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// A file that is read.
#[derive(Clone, Debug)]
pub struct Read {
    pub identity: Identity,
    /// What it is: `an input`.
    pub what: &'static str,
}

/// Where an output goes.
#[derive(Debug)]
pub struct Target {
    /// As it was given.
    pub given: PathBuf,
    /// The folder, without symbolic links, and the name in it.
    pub folder: PathBuf,
    pub path: PathBuf,
    /// May it replace a file?
    pub force: bool,
}

impl Target {
    /// The place of a path, which leads to no file that is read.
    fn new(given: &Path, read: &[Read], force: bool) -> Result<Self, Failure> {
        let failed = |what: String| Failure::of_file(given, what);
        // What `file_name` leaves out.
        if given.as_os_str().as_bytes().ends_with(b"/") && !given.is_dir() {
            return Err(failed("is the name of a directory, which does not exist".into()));
        }
        let mut path = given.to_owned();
        match given.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {
                // What it leads to need not have a name, as what `/dev/stdout` does.
                let led_to = given.metadata().map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => failed(
                        "is a symbolic link to a file that does not exist; write to the name of the file"
                            .into(),
                    ),
                    _ => failed(plain(&error)),
                })?;
                if let Some(what) = no_file(&led_to) {
                    return Err(failed(what));
                }
                path = given.canonicalize().map_err(|error| failed(plain(&error)))?;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(plain(&error))),
            _ => {}
        }
        let name = path.file_name().ok_or_else(|| match path.is_dir() {
            true => failed("is a directory".into()),
            false => failed("is no name of a file".into()),
        })?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = parent.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => failed(format!("no such directory: {}", parent.display())),
            _ => failed(plain(&error)),
        })?;
        let path = folder.join(name);
        let target = Self { given: given.to_owned(), folder, path, force };
        if let Some(metadata) = target.metadata()? {
            let known = read.iter().find(|file| file.identity == Identity::of(&metadata));
            if let Some(known) = known {
                return Err(failed(format!("is {}; write to another file", known.what)));
            }
            if !force {
                return Err(target.exists());
            }
        }
        Ok(target)
    }

    /// What is there now, which is an ordinary file; `None` where there is nothing.
    pub fn metadata(&self) -> Result<Option<Metadata>, Failure> {
        let failed = |what: &str| Err(Failure::of_file(&self.given, what));
        match self.path.symlink_metadata() {
            Ok(metadata) => match no_file(&metadata) {
                Some(what) => failed(&what),
                None => Ok(Some(metadata)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => failed(&plain(&error)),
        }
    }

    pub fn exists(&self) -> Failure {
        Failure::of_file(&self.given, "exists; `--force` replaces it")
    }
}

/// What it is, where that is no ordinary file.
fn no_file(metadata: &Metadata) -> Option<String> {
    let kind = metadata.file_type();
    let what = match () {
        () if kind.is_file() => return None,
        () if kind.is_dir() => return Some("is a directory".into()),
        () if kind.is_symlink() => "a symbolic link by now",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Some(format!("is {what}, no ordinary file, and is left alone; write to a file"))
}

/// The places of outputs, of which none is another's, nor a file that is read.
pub fn targets(paths: &[&PathBuf], read: &[Read], force: bool) -> Result<Vec<Target>, Failure> {
    let mut targets: Vec<(Target, Option<Identity>)> = Vec::new();
    for path in paths {
        let target = Target::new(path, read, force)?;
        let identity = target.metadata()?.as_ref().map(Identity::of);
        let other = targets
            .iter()
            .find(|(other, known)| other.path == target.path || identity.is_some() && *known == identity);
        if let Some((other, _)) = other {
            let spelled = if other.given == **path {
                String::new()
            } else {
                format!(", as {} is", other.given.display())
            };
            return Err(Failure::usage(format!("{}: is the output of two results{spelled}", path.display())));
        }
        targets.push((target, identity));
    }
    Ok(targets.into_iter().map(|(target, _)| target).collect())
}
