//! What stands behind the names of an expression: `x=in.npy`, `x=in.npz:member`, `x=f64[1000]`, `x=3.5`.

use super::array_file::{self, Elements};
use super::failure::{Failure, plain};
use super::mapping::{Bytes, view};
use super::target::{Identity, Read};
use super::{archive, random};
use fusewire::text::{Input, Spec, SpecSize};
use fusewire::{DType, RecordType, RecordView, View};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What is needed of inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Dtypes and sizes.
    Header,
    /// The elements as well.
    Elements,
}

enum Source {
    /// A file that is not open yet, with a member of it.
    File(OsString),
    /// An array in memory that is mapped, and whether it is in Fortran's order.
    Mapped { bytes: Bytes, spec: Spec, sizes: Vec<u64>, is_fortran: bool },
    /// Rows of records in memory that is mapped.
    Rows { bytes: Bytes, ty: RecordType, sizes: Vec<u64> },
    /// An array of random data that is not made yet.
    Random(Spec, Vec<u64>),
    /// As the expression has it.
    Declared(Input),
}

/// The inputs of a command, by name.
pub struct Inputs {
    sources: Vec<(String, Source)>,
    /// The files that are read.
    pub files: Vec<Read>,
}

/// Files that are mapped, and how long they were then.
static MAPPED: Mutex<Vec<(PathBuf, File, u64)>> = Mutex::new(Vec::new());

/// Why memory of a file is not there any more.
pub fn what_was_lost() -> String {
    let mapped = MAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_shorter =
        |(_, file, length): &&(PathBuf, File, u64)| file.metadata().is_ok_and(|now| now.len() < *length);
    match mapped.iter().find(is_shorter) {
        Some((path, ..)) => {
            super::failure::one_line(&format!("{}: it was cut short while it was read", path.display()))
        }
        None => "a file that is mapped into memory could not be read or written".into(),
    }
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_numeric())
        && !name.is_empty()
        && name.chars().all(|c| c == '_' || c.is_alphanumeric())
}

/// `NAME=VALUE` as its two parts.
fn parts(argument: &OsStr) -> Option<(&str, &OsStr)> {
    let bytes = argument.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(&bytes[..at]).ok().filter(|name| is_name(name))?;
    Some((name, OsStr::from_bytes(&bytes[at + 1..])))
}

/// Is a value that is no specification meant as one? What begins with a dtype and a bracket, or ends with one, is.
fn is_meant_as_spec(value: &str) -> bool {
    let dtype = value.split(['[', '(', '{', '<']).next().filter(|dtype| dtype.len() < value.len());
    let begins = dtype.is_some_and(|dtype| dtype.parse::<Spec>().is_ok());
    (begins || value.ends_with(']')) && !Path::new(value).exists()
}

impl Inputs {
    /// What arguments say, before any file is looked at.
    pub fn named(arguments: &[&OsString]) -> Result<Self, Failure> {
        let mut sources: Vec<(String, Source)> = Vec::new();
        for argument in arguments {
            let Some((name, value)) = parts(argument) else {
                return Err(Failure::usage(format!(
                    "`{}` is not of the form NAME=VALUE; the expression comes first, in quotes",
                    argument.display()
                )));
            };
            if sources.iter().any(|(known, _)| known == name) {
                return Err(Failure::usage(format!("`{name}` is given twice")));
            }
            if value.is_empty() {
                return Err(Failure::usage(format!(
                    "`{name}=` has no value; it is a file, a number, or a dtype and sizes: `{name}=f64[1000,3]`"
                )));
            }
            let source = match value.to_str().map(|text| (text, text.parse::<Input>())) {
                Some((_, Ok(input))) => Source::Declared(input),
                Some((text, Err(error))) if is_meant_as_spec(text) => {
                    return Err(Failure::usage(format!("`{name}={text}`: {error}")));
                }
                _ => Source::File(value.to_owned()),
            };
            sources.push((name.to_owned(), source));
        }
        Ok(Self { sources, files: Vec::new() })
    }

    /// Opens files, and decides the sizes of random data.
    pub fn open(&mut self, wanted: Wanted) -> Result<(), Failure> {
        for (name, source) in &mut self.sources {
            match source {
                Source::File(value) => {
                    let value = std::mem::take(value);
                    *source = file(name, &value, wanted, &mut self.files)?;
                }
                Source::Declared(Input::Array(spec)) if wanted == Wanted::Elements => {
                    let sized = random::sized(spec);
                    let (spec, sizes) =
                        sized.map_err(|what| Failure::new(format!("`{name}={spec}`: {what}")))?;
                    *source = Source::Random(spec, sizes);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes random data.
    pub fn fill(&mut self) -> Result<(), Failure> {
        for (name, source) in &mut self.sources {
            if let Source::Random(spec, sizes) = source {
                let made = random::made(name, spec.dtype, sizes);
                let bytes = made.map_err(|what| Failure::new(format!("`{name}={spec}`: {what}")))?;
                *source =
                    Source::Mapped { bytes, spec: spec.clone(), sizes: sizes.clone(), is_fortran: false };
            }
        }
        Ok(())
    }

    /// What the names are to an expression.
    pub fn declared(&self) -> Vec<(&str, Input)> {
        let input = |source: &Source| match source {
            Source::Mapped { spec, .. } if spec.dtype == DType::Bool => Input::Truth(spec.clone()),
            Source::Mapped { spec, .. } => Input::Array(spec.clone()),
            Source::Rows { ty, sizes, .. } => Input::Records(ty.clone(), known(sizes)),
            Source::Random(spec, _) => Input::Array(spec.clone()),
            Source::Declared(input) => input.clone(),
            // Opened before.
            Source::File(_) => Input::Array(Spec::of(DType::Bool, &[0])),
        };
        self.sources.iter().map(|(name, source)| (&**name, input(source))).collect()
    }

    /// The array that a name stands for.
    pub fn view(&self, name: &str) -> Option<View<'_>> {
        let (_, source) = self.sources.iter().find(|(known, _)| known == name)?;
        let (bytes, spec, sizes, is_fortran) = match source {
            Source::Mapped { bytes, spec, sizes, is_fortran } => (bytes, spec, sizes, is_fortran),
            Source::Rows { bytes, ty, sizes } => {
                let count = ty.itemsize() * usize::try_from(sizes.iter().product::<u64>()).ok()?;
                let sizes: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
                return Some(RecordView::from_bytes(ty, bytes.get(..count)?).with_shape(sizes).into());
            }
            Source::Declared(_) | Source::Random(..) | Source::File(_) => return None,
        };
        let dtype = if spec.dtype == DType::Bool { DType::U8 } else { spec.dtype };
        view(bytes, dtype, sizes, *is_fortran)
    }
}

/// The array of a file, or what its header says.
fn file(name: &str, value: &OsStr, wanted: Wanted, files: &mut Vec<Read>) -> Result<Source, Failure> {
    let (path, member) = split(value);
    let failed = |what: String| Failure::of_file(&path, what);
    // A pipe would wait for somebody to write.
    let metadata = std::fs::metadata(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound if path.extension().is_none() => failed(format!(
            "no such file; `{name}=` takes a file, a number, or a dtype and sizes, as in `{name}=f64[1000,3]`"
        )),
        _ => failed(plain(&error)),
    })?;
    if metadata.is_dir() {
        return Err(failed("is a directory".into()));
    }
    if !metadata.is_file() {
        return Err(failed("is no ordinary file; save what it gives to one first".into()));
    }
    let file = File::open(&path).map_err(|error| failed(plain(&error)))?;
    let metadata = file.metadata().map_err(|error| failed(plain(&error)))?;
    if metadata.len() == 0 {
        return Err(failed("it is empty".into()));
    }
    let bytes = Bytes::of_file(&file).map_err(|error| match error.raw_os_error() {
        Some(libc::ENODEV) => failed("cannot be mapped into memory; copy it to a file first".into()),
        _ => failed(format!("cannot be mapped into memory: {}", plain(&error))),
    })?;
    files.push(Read { identity: Identity::of(&metadata), what: "an input" });
    MAPPED.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), file, bytes.len() as u64));
    let is_archive = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06");
    let is_called_one = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz"));
    if member.is_some() && !is_archive {
        return Err(failed("it is no .npz file, and has no members".into()));
    }
    let (header, bytes) = match is_archive || is_called_one && !bytes.starts_with(b"\x93NUMPY") {
        true => archive::member(&bytes, member, wanted).map_err(failed)?,
        false => (array_file::read(&bytes, bytes.len() as u64).map_err(failed)?, bytes),
    };
    if wanted == Wanted::Header {
        return Ok(Source::Declared(match header.elements {
            Elements::Numbers(dtype) => Input::Array(Spec::of(dtype, &header.sizes)),
            Elements::Records(ty) => Input::Records(ty, known(&header.sizes)),
        }));
    }
    let bytes = bytes.part(header.start..bytes.len()).ok_or_else(|| failed("it ends early".into()))?;
    let sizes = header.sizes;
    Ok(match header.elements {
        Elements::Numbers(dtype) => {
            Source::Mapped { bytes, spec: Spec::of(dtype, &sizes), sizes, is_fortran: header.is_fortran }
        }
        Elements::Records(ty) => Source::Rows { bytes, ty, sizes },
    })
}

/// Sizes that are known, without labels.
fn known(sizes: &[u64]) -> Vec<(Option<String>, SpecSize)> {
    sizes.iter().map(|size| (None, SpecSize::Known(*size))).collect()
}

/// The path, and the member after it: `file.npz:member`.
fn split(value: &OsStr) -> (PathBuf, Option<String>) {
    let bytes = value.as_bytes();
    let at = bytes.windows(5).rposition(|piece| piece.eq_ignore_ascii_case(b".npz:")).map(|at| at + 4);
    match at {
        Some(at) if !Path::new(value).exists() => {
            let member = String::from_utf8_lossy(&bytes[at + 1..]).into_owned();
            (PathBuf::from(OsStr::from_bytes(&bytes[..at])), Some(member))
        }
        _ => (PathBuf::from(value), None),
    }
}
