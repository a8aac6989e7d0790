//! Arrays that are written: where they will be, in memory.

use super::array_file;
use super::failure::Failure;
use super::incomplete::Incomplete;
use super::mapping::Written;
use super::target::Target;
use fusewire::{DType, ViewMut};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::io::{self, Write};

/// An output that is being written.
pub struct Output {
    incomplete: Incomplete,
    written: Written,
    start: usize,
    dtype: DType,
    sizes: Vec<u64>,
}

impl Output {
    /// An incomplete file with space for the array.
    pub fn create(target: Target, dtype: DType, sizes: &[u64]) -> Result<Self, Failure> {
        let refused = |what: &str| Err(Failure::of_file(&target.given, what));
        let Some(header) = array_file::write(dtype, sizes) else {
            return refused(&format!("NumPy has no {dtype}; convert the result: `.astype(np.float32)`"));
        };
        let bytes = super::mapping::byte_count(dtype.bytes(), sizes)
            .and_then(|bytes| bytes.checked_add(header.len()));
        let Some(bytes) = bytes else { return refused("the result is larger than any file") };
        let mut incomplete = Incomplete::create(target)?;
        let written = allocate(&incomplete.file, bytes as u64)
            .and_then(|()| incomplete.file.write_all(&header))
            .and_then(|()| Written::of_file(&incomplete.file))
            .map_err(|error| incomplete.failed(error))?;
        Ok(Self { incomplete, written, start: header.len(), dtype, sizes: sizes.to_vec() })
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
        let header = header
            .ok_or_else(|| Failure::of_file(&self.incomplete.target.given, "the header does not fit"))?;
        self.written.bytes()[..self.start].copy_from_slice(&header);
        let shortened = self.incomplete.file.set_len(self.start as u64 + blocks * kept * part);
        shortened.map_err(|error| self.incomplete.failed(error))
    }

    /// The file, of which everything is written.
    pub fn into_incomplete(self) -> Incomplete {
        self.incomplete
    }
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
