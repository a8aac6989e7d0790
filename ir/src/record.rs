//! Record types: fields by name, where each lies in a row, and how long a row is. NumPy calls an array
//! of such rows a structured array.

mod npy;

use crate::diagnostic::{Diagnostic, DiagnosticKind, Error, Site};
use crate::dtype::DType;
use std::fmt;
use std::sync::Arc;

/// What a field of a record holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// A number that takes part in expressions. A `bool` is a byte, of which any but 0 is true.
    Number(DType),
    /// Text of at most this many code points of four bytes each, filled up with NUL: NumPy's `U`.
    Text {
        /// Code points.
        characters: usize,
    },
    /// At most this many bytes, filled up with NUL: NumPy's `S`.
    Bytes {
        /// Bytes.
        bytes: usize,
    },
    /// Something else, which is carried along and not looked into.
    Opaque {
        /// How many bytes it takes.
        bytes: usize,
        /// Where a compiler would align it, in bytes.
        alignment: usize,
        /// What it is, for diagnostics.
        description: Arc<str>,
    },
}

impl FieldType {
    /// Text of at most this many code points: NumPy's `U`.
    #[must_use]
    pub const fn text(characters: usize) -> Self {
        Self::Text { characters }
    }

    /// At most this many bytes: NumPy's `S`.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Self {
        Self::Bytes { bytes }
    }

    /// Bytes that are carried along; `description` says what they are.
    #[must_use]
    pub fn opaque(bytes: usize, alignment: usize, description: &str) -> Self {
        Self::Opaque { bytes, alignment: alignment.max(1), description: description.into() }
    }

    /// How many bytes it takes; saturates.
    #[must_use]
    pub const fn size(&self) -> usize {
        match self {
            Self::Number(dtype) => dtype.bytes(),
            Self::Text { characters } => characters.saturating_mul(4),
            Self::Bytes { bytes } | Self::Opaque { bytes, .. } => *bytes,
        }
    }

    /// Where a compiler aligns it, in bytes; at least 1.
    #[must_use]
    pub const fn alignment(&self) -> usize {
        match self {
            Self::Number(dtype) => dtype.bytes(),
            Self::Text { .. } => 4,
            Self::Bytes { .. } => 1,
            Self::Opaque { alignment: 0, .. } => 1,
            Self::Opaque { alignment, .. } => *alignment,
        }
    }

    /// The dtype of a number.
    #[must_use]
    pub const fn dtype(&self) -> Option<DType> {
        match self {
            Self::Number(dtype) => Some(*dtype),
            _ => None,
        }
    }
}

impl From<DType> for FieldType {
    fn from(dtype: DType) -> Self {
        Self::Number(dtype)
    }
}

/// `i32`, `text of 10`, `12 bytes`, or the description of what is opaque.
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(dtype) => write!(f, "{dtype}"),
            Self::Text { characters } => write!(f, "text of {characters}"),
            Self::Bytes { bytes } => write!(f, "{bytes} bytes"),
            Self::Opaque { description, .. } => f.write_str(description),
        }
    }
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name, unlike that of every other field.
    pub name: Arc<str>,
    /// What it holds.
    pub ty: FieldType,
    /// Where it begins, in bytes from the start of the row.
    pub offset: usize,
}

impl Field {
    /// The bytes of a row that it takes.
    #[must_use]
    pub const fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.ty.size()
    }
}

/// The type of a record: its fields and the bytes from one row to the next. Copies share it.
///
/// ```
/// use fusewire_ir::DType::{Bool, F32, I64};
/// use fusewire_ir::record::{FieldType, RecordType};
///
/// let fields = || [("id", I64.into()), ("name", FieldType::text(10)), ("alarm", Bool.into()), ("temp", F32.into())];
/// let packed = RecordType::packed(fields())?;
/// assert_eq!((packed.itemsize(), packed.field("temp").unwrap().offset), (53, 49));
/// let aligned = RecordType::aligned(fields())?;
/// assert_eq!((aligned.itemsize(), aligned.field("temp").unwrap().offset), (56, 52));
/// # Ok::<(), fusewire_ir::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct RecordType {
    fields: Arc<[Field]>,
    itemsize: usize,
}

impl RecordType {
    /// Fields at the given offsets in rows of `itemsize` bytes, in any order. They may overlap: two fields
    /// can be read from the same bytes.
    ///
    /// # Errors
    /// All together: names that are empty or used twice, fields that leave the row, rows longer than any
    /// memory.
    #[track_caller]
    pub fn new<N: AsRef<str>>(
        fields: impl IntoIterator<Item = (N, FieldType, usize)>,
        itemsize: usize,
    ) -> Result<Self, Error> {
        let fields = fields
            .into_iter()
            .map(|(name, ty, offset)| Field { name: name.as_ref().into(), ty, offset })
            .collect();
        Self::checked(fields, itemsize, Site::caller())
    }

    /// Fields one after another without gaps: NumPy's default.
    ///
    /// # Errors
    /// Names that are empty or used twice, and rows longer than any memory, all together.
    #[track_caller]
    pub fn packed<N: AsRef<str>>(fields: impl IntoIterator<Item = (N, FieldType)>) -> Result<Self, Error> {
        Self::placed(fields, |_| 1, Site::caller())
    }

    /// Fields where a C compiler puts them: each at a multiple of its alignment, rows at a multiple of the
    /// largest one. NumPy's `align=True`, and a struct that is `#[repr(C)]`.
    ///
    /// # Errors
    /// Names that are empty or used twice, and rows longer than any memory, all together.
    #[track_caller]
    pub fn aligned<N: AsRef<str>>(fields: impl IntoIterator<Item = (N, FieldType)>) -> Result<Self, Error> {
        Self::placed(fields, FieldType::alignment, Site::caller())
    }

    fn placed<N: AsRef<str>>(
        fields: impl IntoIterator<Item = (N, FieldType)>,
        alignment: impl Fn(&FieldType) -> usize,
        site: Site,
    ) -> Result<Self, Error> {
        let (mut end, mut widest) = (0usize, 1usize);
        // What does not fit is too long for any memory, and refused for it.
        let rounded = |end: usize, to: usize| end.checked_next_multiple_of(to).unwrap_or(usize::MAX);
        let fields: Vec<Field> = fields
            .into_iter()
            .map(|(name, ty)| {
                let alignment = alignment(&ty);
                widest = widest.max(alignment);
                let offset = rounded(end, alignment);
                end = offset.saturating_add(ty.size());
                Field { name: name.as_ref().into(), ty, offset }
            })
            .collect();
        Self::checked(fields, rounded(end, widest), site)
    }

    /// The fields, if they can be those of a record.
    fn checked(fields: Vec<Field>, itemsize: usize, site: Site) -> Result<Self, Error> {
        let mut diagnostics = Vec::new();
        let mut refuse = |message: String, help: &str| {
            let wrong = Diagnostic::new(DiagnosticKind::Record, message).at(site);
            diagnostics.push(if help.is_empty() { wrong } else { wrong.help(help) });
        };
        let end = |field: &Field| field.offset.saturating_add(field.ty.size());
        let is_too_long = itemsize > isize::MAX as usize;
        if is_too_long {
            refuse("a row is longer than any memory".into(), "");
        }
        let mut names = std::collections::HashSet::new();
        for field in &fields {
            let name = &field.name;
            if name.is_empty() {
                refuse(format!("the field at byte {} has no name", field.offset), "");
            } else if !names.insert(name.clone()) {
                refuse(format!("two fields are named `{name}`"), "give each field a name of its own");
            }
            if !is_too_long && end(field) > itemsize {
                let message = format!(
                    "field `{name}` takes bytes {} to {} of a row of {itemsize} bytes",
                    field.offset,
                    end(field)
                );
                refuse(message, "the item size is that of a whole row, padding included");
            }
        }
        Error::check(diagnostics)?;
        Ok(Self { fields: fields.into(), itemsize })
    }

    /// The type that NumPy describes so in a `.npy` file (`descr`) and prints as `dtype.descr`:
    /// `[('name', '<U10'), ('age', '<i4')]`.
    ///
    /// Dates, complex numbers, sub-arrays and nested records become opaque fields. Padding is left out,
    /// and the bytes remain.
    ///
    /// # Errors
    /// Text that is no such list; and all together, by name, fields with the highest byte first, fields of
    /// Python objects, and types that are not known.
    #[track_caller]
    pub fn from_npy_descr(descr: &str) -> Result<Self, Error> {
        let site = Site::caller();
        let mut wrong = Vec::new();
        let (fields, end) = npy::fields(descr, &mut wrong);
        Error::check(wrong.into_iter().map(|wrong| wrong.at(site)).collect())?;
        Self::checked(fields, end, site)
    }

    /// Only these fields, where they are in rows of the same length: NumPy's `rows[["a", "b"]]`.
    ///
    /// # Errors
    /// Fields that do not exist, or are named twice, all together.
    #[track_caller]
    pub fn select<N: AsRef<str>>(&self, names: impl IntoIterator<Item = N>) -> Result<Self, Error> {
        let site = Site::caller();
        let (mut fields, mut wrong) = (Vec::new(), Vec::new());
        for name in names {
            match self.field(name.as_ref()) {
                Some(field) => fields.push(field.clone()),
                None => wrong.push(self.unknown_field("the record type", name.as_ref()).at(site)),
            }
        }
        Error::check(wrong)?;
        Self::checked(fields, self.itemsize, site)
    }

    /// The fields, in the order in which they were given.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| *field.name == *name)
    }

    /// Bytes from one row to the next.
    #[must_use]
    pub const fn itemsize(&self) -> usize {
        self.itemsize
    }

    /// Two fields that share bytes, if there are any.
    #[must_use]
    pub fn overlap(&self) -> Option<(&Field, &Field)> {
        let mut fields: Vec<&Field> = self.fields.iter().filter(|field| field.ty.size() > 0).collect();
        fields.sort_by_key(|field| field.offset);
        fields.windows(2).find(|pair| pair[0].range().end > pair[1].offset).map(|pair| (pair[0], pair[1]))
    }

    /// The bytes of a row that belong to fields, joined where they touch.
    #[must_use]
    pub fn spans(&self) -> Vec<std::ops::Range<usize>> {
        let mut ranges: Vec<_> =
            self.fields.iter().map(Field::range).filter(|range| !range.is_empty()).collect();
        ranges.sort_by_key(|range| range.start);
        let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
        for range in ranges {
            match spans.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => spans.push(range),
            }
        }
        spans
    }

    /// The diagnostic for a field that the record `of` does not have.
    #[must_use]
    pub fn unknown_field(&self, of: &str, name: &str) -> Diagnostic {
        let message = format!("{of} has no field `{name}`");
        let diagnostic = Diagnostic::new(DiagnosticKind::Record, message);
        // Comparing takes time in proportion to both lengths.
        let likeness = |field: &Field| match field.name.len().max(name.len()) {
            0..=64 => {
                let (field, name) = (field.name.to_lowercase(), name.to_lowercase());
                strsim::normalized_damerau_levenshtein(&field, &name)
            }
            _ => 0.0,
        };
        let alike = self.fields.iter().map(|field| (likeness(field), field));
        let closest = alike.filter(|(likeness, _)| *likeness >= 0.6).max_by(|a, b| a.0.total_cmp(&b.0));
        let diagnostic = match closest {
            Some((_, field)) => diagnostic.help(format!("did you mean `{}`?", field.name)),
            None => diagnostic,
        };
        let listed = |field: &Field| format!("`{}` {}", field.name, field.ty);
        let mut names: Vec<String> = self.fields.iter().take(Self::LISTED).map(listed).collect();
        if self.fields.len() > Self::LISTED {
            names.push(format!("and {} more", self.fields.len() - Self::LISTED));
        }
        let names = if names.is_empty() { "none".into() } else { names.join(", ") };
        diagnostic.help(format!("its fields are: {names}"))
    }

    /// How many fields a diagnostic lists.
    const LISTED: usize = 12;
}

/// `record of 17 bytes {id: i64 at 0, temp: f32 at 12}`.
impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record of {} bytes {{", self.itemsize)?;
        for (at, field) in self.fields.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{}: {} at {}", field.name, field.ty, field.offset)?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The field of a record that a port of a plan stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOf {
    /// The name that the rows are bound by.
    pub record: Arc<str>,
    /// The name of the field.
    pub field: Arc<str>,
    /// The type of the rows, as declared.
    pub ty: RecordType,
}
