//! What stands behind the names of an expression: `x=in.npy`, `x=in.npz:member`, `x=f64[1000]`, `x=3.5`.

use super::array_file::{self, Elements};
use super::mapping::{Bytes, view};
use super::{Failure, archive, plain, random};
use fusewire::text::{Input, Spec, SpecSize};
use fusewire::{DType, RecordType, RecordView, View};
use std::fs::File;
use std::path::{Path, PathBuf};

/// What is needed of inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Dtypes and sizes.
    Header,
    /// The elements as well.
    Elements,
}

enum Source {
    /// An array in memory that is mapped, and whether it is in Fortran's order.
    Mapped { bytes: Bytes, spec: Spec, sizes: Vec<u64>, is_fortran: bool },
    /// Rows of records in memory that is mapped.
    Rows { bytes: Bytes, ty: RecordType, sizes: Vec<u64> },
    /// As the expression has it.
    Declared(Input),
}

/// The inputs of a command, by name.
pub struct Inputs {
    sources: Vec<(String, Source)>,
    /// The files that are read.
    pub files: Vec<PathBuf>,
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_numeric())
        && !name.is_empty()
        && name.chars().all(|c| c == '_' || c.is_alphanumeric())
}

impl Inputs {
    pub fn open(arguments: &[&String], wanted: Wanted) -> Result<Self, Failure> {
        let mut inputs = Self { sources: Vec::new(), files: Vec::new() };
        for argument in arguments {
            let Some((name, value)) = argument.split_once('=').filter(|(name, _)| is_name(name)) else {
                return Err(Failure::new(format!(
                    "`{argument}` is not of the form NAME=VALUE; the expression comes first, in quotes"
                )));
            };
            if inputs.sources.iter().any(|(known, _)| known == name) {
                return Err(Failure::new(format!("`{name}` is given twice")));
            }
            let source = inputs.source(name, value, wanted)?;
            inputs.sources.push((name.to_owned(), source));
        }
        Ok(inputs)
    }

    fn source(&mut self, name: &str, value: &str, wanted: Wanted) -> Result<Source, Failure> {
        match value.parse::<Input>() {
            Ok(Input::Array(spec)) if wanted == Wanted::Elements => {
                let (bytes, sizes) =
                    random::made(name, &spec).map_err(|what| Failure::new(format!("`{name}`: {what}")))?;
                let spec = Spec {
                    axes: spec
                        .axes
                        .into_iter()
                        .zip(&sizes)
                        .map(|((label, _), size)| (label, SpecSize::Known(*size)))
                        .collect(),
                    ..spec
                };
                Ok(Source::Mapped { bytes, spec, sizes, is_fortran: false })
            }
            Ok(input) => Ok(Source::Declared(input)),
            // What has brackets is not meant as a file.
            Err(error) if value.ends_with(']') => Err(Failure::new(format!("`{name}`: {error}"))),
            Err(_) => self.file(value, wanted),
        }
    }

    fn file(&mut self, value: &str, wanted: Wanted) -> Result<Source, Failure> {
        let (path, member) = split(value);
        let failed = |what: String| Failure::of_file(&path, what);
        // A pipe would wait for somebody to write.
        let metadata = std::fs::metadata(&path).map_err(|error| failed(plain(&error)))?;
        if metadata.is_dir() {
            return Err(failed("is a directory".into()));
        }
        if !metadata.is_file() {
            return Err(failed("is no ordinary file".into()));
        }
        if metadata.len() == 0 {
            return Err(failed("it is empty".into()));
        }
        let file = File::open(&path).map_err(|error| failed(plain(&error)))?;
        let bytes = Bytes::of_file(&file).map_err(|error| failed(plain(&error)))?;
        let bytes = match path.extension() {
            Some(extension) if extension == "npz" => archive::member(&bytes, member).map_err(failed)?,
            _ => bytes,
        };
        let header = array_file::read(&bytes).map_err(failed)?;
        self.files.push(path.clone());
        if wanted == Wanted::Header {
            return Ok(Source::Declared(match header.elements {
                Elements::Numbers(dtype) => Input::Array(Spec::of(dtype, &header.sizes)),
                Elements::Records(ty) => Input::Records(ty, known(&header.sizes)),
            }));
        }
        let elements = header.start..bytes.len();
        let bytes = match bytes.part(elements.clone()) {
            Some(part) => part,
            None => Bytes::made(elements.len(), |to| to.copy_from_slice(&bytes[elements]))
                .map_err(|error| failed(plain(&error)))?,
        };
        let sizes = header.sizes;
        Ok(match header.elements {
            Elements::Numbers(dtype) => {
                Source::Mapped { bytes, spec: Spec::of(dtype, &sizes), sizes, is_fortran: header.is_fortran }
            }
            Elements::Records(ty) => Source::Rows { bytes, ty, sizes },
        })
    }

    /// What the names are to an expression.
    pub fn declared(&self) -> Vec<(&str, Input)> {
        let input = |source: &Source| match source {
            Source::Mapped { spec, .. } if spec.dtype == DType::Bool => Input::Truth(spec.clone()),
            Source::Mapped { spec, .. } => Input::Array(spec.clone()),
            Source::Rows { ty, sizes, .. } => Input::Records(ty.clone(), known(sizes)),
            Source::Declared(input) => input.clone(),
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
            Source::Declared(_) => return None,
        };
        let dtype = if spec.dtype == DType::Bool { DType::U8 } else { spec.dtype };
        view(bytes, dtype, sizes, *is_fortran)
    }
}

/// Sizes that are known, without labels.
fn known(sizes: &[u64]) -> Vec<(Option<String>, SpecSize)> {
    sizes.iter().map(|size| (None, SpecSize::Known(*size))).collect()
}

/// The path, and the member after it: `file.npz:member`.
fn split(value: &str) -> (PathBuf, Option<&str>) {
    match value.rsplit_once(".npz:") {
        Some((path, member)) if !Path::new(value).exists() => {
            (PathBuf::from(format!("{path}.npz")), Some(member))
        }
        _ => (PathBuf::from(value), None),
    }
}
