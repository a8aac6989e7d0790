//! Files without a name, which get theirs when everything is complete: whatever ends the process before, nothing of
//! them is left.
//!
//! Where the file system has no such files they have a name of their own until then, and are removed by whatever
//! ends the process, unless that is a signal nobody can handle.

use super::failure::{Failure, plain};
use super::target::Target;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, linkat, renameat_with};
use rustix::io::Errno;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How far the outputs are. Whoever holds the lock may name or remove files.
struct State {
    /// Incomplete files that have a name.
    named: Vec<PathBuf>,
    is_complete: bool,
}

static STATE: Mutex<State> = Mutex::new(State { named: Vec::new(), is_complete: false });

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process without leaving incomplete files, and says why, unless everything is in its place already.
pub fn end(why: &str) -> ! {
    let state = state();
    for file in &state.named {
        let _ = std::fs::remove_file(file);
    }
    super::progress::clear();
    if state.is_complete {
        std::process::exit(0)
    }
    let _ = super::print_beside(&format!("error: {why}; nothing was written\n"));
    // With the lock, so that nothing gets a name any more.
    std::process::exit(1)
}

/// A file that is being written.
pub struct Incomplete {
    pub file: File,
    pub target: Target,
    /// The name that it has until it is complete, where it needs one.
    name: Option<PathBuf>,
}

impl Incomplete {
    pub fn create(target: Target) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::of_file(&target.given, plain(&error));
        if let Some(file) = nameless(&target.folder).map_err(failed)? {
            return Ok(Self { file, target, name: None });
        }
        let mut state = state();
        let (name, file) =
            free(&target, |name| OpenOptions::new().read(true).write(true).create_new(true).open(name))
                .map_err(failed)?;
        state.named.push(name.clone());
        Ok(Self { file, target, name: Some(name) })
    }

    pub fn failed(&self, error: io::Error) -> Failure {
        Failure::of_file(&self.target.given, plain(&error))
    }

    /// Gets ready to take the place of a file: a name beside it, its owner and its mode.
    fn prepare(&mut self, replaced: &Metadata, state: &mut State) -> io::Result<()> {
        let mut mode = replaced.mode() & 0o777;
        let own = self.file.metadata()?;
        if (own.uid(), own.gid()) != (replaced.uid(), replaced.gid())
            && fchown(&self.file, Some(replaced.uid()), Some(replaced.gid())).is_err()
            && fchown(&self.file, None, Some(replaced.gid())).is_err()
        {
            // Another group has no more rights than anybody.
            mode = (mode & !0o070) | (((mode & 0o007) << 3) & mode);
        }
        self.file.set_permissions(Permissions::from_mode(mode))?;
        if self.name.is_none() {
            let (name, ()) = free(&self.target, |name| link(&self.file, name))?;
            state.named.push(name.clone());
            self.name = Some(name);
        }
        Ok(())
    }

    /// Gives the file its name, which nothing has.
    fn name(&mut self) -> Result<(), Failure> {
        let named = match &self.name {
            None => link(&self.file, &self.target.path),
            Some(name) => match renameat_with(CWD, name, CWD, &self.target.path, RenameFlags::NOREPLACE) {
                // Where the file system cannot refuse to replace, a link does.
                Err(Errno::INVAL | Errno::NOSYS) => {
                    std::fs::hard_link(name, &self.target.path).map(|()| drop(std::fs::remove_file(name)))
                }
                renamed => renamed.map_err(Into::into),
            },
        };
        match named {
            Ok(()) => {
                self.name = None;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(self.target.exists()),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Takes the place of the file that has the name, which gets the one that this had: so it can be undone.
    fn exchange(&self) -> io::Result<()> {
        let Some(name) = &self.name else { return Ok(()) };
        Ok(renameat_with(CWD, name, CWD, &self.target.path, RenameFlags::EXCHANGE)?)
    }

    /// Takes the place of the file that has the name, for good.
    fn replace(&mut self) -> io::Result<()> {
        let Some(name) = self.name.take() else { return Ok(()) };
        std::fs::rename(&name, &self.target.path).inspect_err(|_| self.name = Some(name))
    }
}

/// A file that has a name of its own is removed.
impl Drop for Incomplete {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let mut state = state();
            let _ = std::fs::remove_file(name);
            state.named.retain(|named| named != name);
        }
    }
}

/// What was done for a file that got its name.
enum Placed {
    New,
    Exchanged,
    Replaced,
}

/// Gives all files their names, or none of them.
pub fn complete(mut files: Vec<Incomplete>) -> Result<(), Failure> {
    // Files are dropped when the lock is free.
    let result = complete_all(&mut files);
    drop(files);
    result
}

fn complete_all(files: &mut [Incomplete]) -> Result<(), Failure> {
    let mut state = state();
    let mut replaces = Vec::new();
    for file in &mut *files {
        let replaced = file.target.metadata()?;
        match &replaced {
            Some(_) if !file.target.force => return Err(file.target.exists()),
            Some(metadata) => file.prepare(metadata, &mut state).map_err(|error| file.failed(error))?,
            None => {}
        }
        replaces.push(replaced.is_some());
    }
    let is_alone = files.len() == 1;
    let mut placed: Vec<Placed> = Vec::new();
    for at in 0..files.len() {
        let done = match replaces[at] {
            false => files[at].name().map(|()| Placed::New),
            true if is_alone => {
                files[at].replace().map(|()| Placed::Replaced).map_err(|error| files[at].failed(error))
            }
            true => match files[at].exchange() {
                Ok(()) => Ok(Placed::Exchanged),
                // Where the file system cannot exchange two files, this one cannot be undone.
                Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => {
                    files[at].replace().map(|()| Placed::Replaced).map_err(|error| files[at].failed(error))
                }
                Err(error) => Err(files[at].failed(error)),
            },
        };
        match done {
            Ok(done) => placed.push(done),
            Err(failure) => {
                for (file, placed) in files.iter().zip(placed) {
                    match placed {
                        Placed::New => drop(std::fs::remove_file(&file.target.path)),
                        Placed::Exchanged => drop(file.exchange()),
                        Placed::Replaced => {}
                    }
                }
                return Err(failure);
            }
        }
    }
    // What was replaced.
    for name in files.iter_mut().filter_map(|file| file.name.take()) {
        let _ = std::fs::remove_file(name);
    }
    state.is_complete = true;
    Ok(())
}

/// A file in a folder that has no name there; `None` where there can be none, or it could not get one.
fn nameless(folder: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    match rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)) {
        Ok(file) => {
            let file = File::from(file);
            Ok(own_path(&file).exists().then_some(file))
        }
        // Of file systems without them, and of kernels from before there were any.
        Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::ISDIR | Errno::NOSYS) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The path by which a file without a name is found.
fn own_path(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives a file without a name one, which nothing has.
fn link(file: &File, name: &Path) -> io::Result<()> {
    Ok(linkat(CWD, own_path(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// Makes something under a name beside the target that nothing has.
fn free<T>(target: &Target, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(PathBuf, T)> {
    let name = target.path.file_name().unwrap_or_default().to_string_lossy();
    // What is added fits into the longest name as well.
    let short = &name[..name.floor_char_boundary(100)];
    for attempt in 0..100 {
        let name = target.folder.join(format!(".{short}.{}-{attempt}.incomplete", std::process::id()));
        match make(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return Ok((name, made?)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "no name for an incomplete file is free"))
}
