//! Outputs: written under a name of their own, and renamed when they are complete.

use super::mapping::Written;
use super::plan::is_same;
use super::{Failure, array_file, plain};
use fusewire::{DType, ViewMut};
use rustix::fs::{CWD, FallocateFlags, RenameFlags, fallocate, renameat_with};
use rustix::process::{Resource, getrlimit};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The files that are not complete. Whoever holds the lock may remove or rename them.
static INCOMPLETE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn incomplete() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    INCOMPLETE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process without leaving incomplete files.
pub fn interrupted() -> ! {
    let files = incomplete();
    for file in files.iter() {
        let _ = std::fs::remove_file(file);
    }
    super::progress::clear();
    eprintln!("error: interrupted; nothing was written");
    // With the lock, so that nothing is renamed any more.
    std::process::exit(1)
}

/// An output that is being written.
pub struct Output {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    written: Written,
    start: usize,
    dtype: DType,
    sizes: Vec<u64>,
}

/// Says early what would go wrong at the end.
pub fn check(paths: &[&PathBuf], inputs: &[PathBuf], force: bool) -> Result<(), Failure> {
    for (at, path) in paths.iter().enumerate() {
        if path.is_dir() {
            return Err(Failure::of_file(path, "is a directory"));
        }
        if inputs.iter().any(|input| is_same(input, path)) {
            return Err(Failure::of_file(path, "is an input; write to another file"));
        }
        if paths[..at].iter().any(|other| is_same(other, path)) {
            return Err(Failure::of_file(path, "is the output of two results"));
        }
        if path.symlink_metadata().is_ok() && !force {
            return Err(Failure::of_file(path, "exists; `--force` replaces it"));
        }
    }
    Ok(())
}

impl Output {
    /// A file beside `path` with space for the array.
    pub fn create(path: &Path, dtype: DType, sizes: &[u64]) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::of_file(path, plain(&error));
        let Some(header) = array_file::write(dtype, sizes) else {
            return Err(Failure::of_file(
                path,
                format!("NumPy has no {dtype}; convert the result: `.astype(np.float32)`"),
            ));
        };
        let bytes = super::mapping::byte_count(dtype.bytes(), sizes)
            .and_then(|bytes| bytes.checked_add(header.len()));
        let Some(bytes) = bytes else {
            return Err(Failure::of_file(path, "the result is larger than any file"));
        };
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Some(name) = path.file_name() else { return Err(Failure::of_file(path, "is no name of a file")) };
        let (temporary, mut file) = Self::temporary(directory, &name.to_string_lossy()).map_err(failed)?;
        // From here on it is removed unless it is complete.
        incomplete().push(temporary.clone());
        let written = allocate(&file, bytes as u64)
            .and_then(|()| file.write_all(&header))
            .and_then(|()| Written::of_file(&file));
        match written {
            Ok(written) => {
                let (path, sizes, start) = (path.into(), sizes.to_vec(), header.len());
                Ok(Self { path, temporary, file, written, start, dtype, sizes })
            }
            Err(error) => {
                discard(&temporary);
                Err(failed(error))
            }
        }
    }

    fn temporary(directory: &Path, name: &str) -> io::Result<(PathBuf, File)> {
        let short: String = name.chars().take(100).collect();
        for attempt in 0..100 {
            let path = directory.join(format!(".{short}.{}-{attempt}.incomplete", std::process::id()));
            match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => return Ok((path, file?)),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "no name for an incomplete file is free"))
    }

    pub fn view(&mut self) -> Option<ViewMut<'_>> {
        self.written.view(self.start, self.dtype, &self.sizes)
    }

    /// Bytes of the elements.
    pub fn bytes(&mut self) -> usize {
        self.written.bytes().len() - self.start
    }

    /// Keeps no more than so many of the first parts of an axis, which the array has, where their number was found by
    /// the run.
    pub fn shorten(&mut self, axis: usize, length: u64) -> Result<(), Failure> {
        let most = self.sizes.get(axis).copied().unwrap_or(0);
        let kept = length.min(most);
        let blocks: u64 = self.sizes.iter().take(axis).product();
        let part: u64 = self.sizes.iter().skip(axis + 1).product::<u64>() * self.dtype.bytes() as u64;
        // What is kept moves together, the first block first: none goes where another still is.
        let (block, left) = ((most * part) as usize, (kept * part) as usize);
        let elements = &mut self.written.bytes()[self.start..];
        for at in (1..blocks as usize).filter(|_| left < block) {
            elements.copy_within(at * block..at * block + left, at * left);
        }
        if let Some(size) = self.sizes.get_mut(axis) {
            *size = kept;
        }
        let header = array_file::write_again(self.dtype, &self.sizes, self.start);
        let header = header.ok_or_else(|| Failure::of_file(&self.path, "the header does not fit"))?;
        self.written.bytes()[..self.start].copy_from_slice(&header);
        let shortened = self.file.set_len(self.start as u64 + blocks * kept * part);
        shortened.map_err(|error| Failure::of_file(&self.path, plain(&error)))
    }

    /// Gives the file its name.
    pub fn complete(self, force: bool) -> Result<(), Failure> {
        // Nothing is removed while it is renamed.
        let files = incomplete();
        let flags = if force { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
        let renamed = match renameat_with(CWD, &self.temporary, CWD, &self.path, flags) {
            // Where the file system cannot refuse to replace, a link does.
            Err(rustix::io::Errno::INVAL) if !force => std::fs::hard_link(&self.temporary, &self.path),
            renamed => renamed.map_err(io::Error::from),
        };
        drop(files);
        renamed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::of_file(&self.path, "exists; `--force` replaces it"),
            _ => Failure::of_file(&self.path, plain(&error)),
        })
    }
}

/// A file that was not renamed is removed.
impl Drop for Output {
    fn drop(&mut self) {
        discard(&self.temporary);
    }
}

fn discard(temporary: &Path) {
    let mut files = incomplete();
    let _ = std::fs::remove_file(temporary);
    files.retain(|file| file != temporary);
}

/// Space for so many bytes, or an error: a full disk would else be a signal when the memory is written.
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    // To go beyond a limit on the size of files is a signal as well.
    if getrlimit(Resource::Fsize).current.is_some_and(|most| bytes > most) {
        return Err(rustix::io::Errno::FBIG.into());
    }
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => fill(file, bytes),
        Err(error) => Err(error.into()),
    }
}

/// Where the file system cannot allocate, zeros take the space.
fn fill(mut file: &File, bytes: u64) -> io::Result<()> {
    use std::io::Seek;
    let zeros = vec![0; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(zeros.len() as u64);
        file.write_all(&zeros[..count as usize])?;
        left -= count;
    }
    file.rewind()
}
