//! Rows that are gathered from others: by index, by mask, in order.

use super::{RecordView, RecordViewMut, initialised, wrong};
use crate::view::{View, ViewMut};
use fusewire_ir::diagnostic::human_bytes;
use fusewire_ir::record::RecordType;
use fusewire_ir::{DType, Diagnostic, DiagnosticKind, Error, Site};
use std::fmt;
use std::mem::MaybeUninit;

/// Rows that own their memory.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordArray {
    ty: RecordType,
    bytes: Vec<u8>,
}

/// An empty vector with room for so many, or an error where the machine has not the memory.
pub(super) fn with_room<T>(count: usize, site: Site) -> Result<Vec<T>, Error> {
    let mut room = Vec::new();
    match room.try_reserve_exact(count) {
        Ok(()) => Ok(room),
        Err(_) => {
            let bytes = human_bytes((count as u64).saturating_mul(size_of::<T>() as u64));
            let message = format!("the machine cannot give the {bytes} for {count} rows");
            Err(Diagnostic::new(DiagnosticKind::Workspace, message).at(site).into())
        }
    }
}

impl RecordArray {
    /// Rows of this type from their bytes.
    ///
    /// # Errors
    /// Bytes that are no whole number of rows.
    #[track_caller]
    pub fn new(ty: &RecordType, bytes: Vec<u8>) -> Result<Self, Error> {
        RecordView::from_bytes(ty, &bytes).rows.checked(Site::caller())?;
        Ok(Self { ty: ty.clone(), bytes })
    }

    /// As many rows of zeros.
    ///
    /// # Errors
    /// More than the machine has memory for.
    #[track_caller]
    pub fn zeroed(ty: &RecordType, count: usize) -> Result<Self, Error> {
        Self::zeroed_at(ty, count, Site::caller())
    }

    fn zeroed_at(ty: &RecordType, count: usize, site: Site) -> Result<Self, Error> {
        let size = count.saturating_mul(ty.itemsize());
        let mut bytes = with_room(size, site)?;
        bytes.resize(size, 0);
        Ok(Self { ty: ty.clone(), bytes })
    }

    /// The rows, to be read.
    #[must_use]
    pub fn view(&self) -> RecordView<'_> {
        RecordView::from_bytes(&self.ty, &self.bytes)
    }

    /// The rows, to be written.
    #[must_use]
    pub fn view_mut(&mut self) -> RecordViewMut<'_> {
        RecordViewMut::from_bytes(&self.ty, &mut self.bytes)
    }

    /// The type of the rows.
    #[must_use]
    pub const fn record_type(&self) -> &RecordType {
        &self.ty
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Are there no rows?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of all rows.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of all rows.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// As [`RecordView::argsort`].
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn argsort<N: AsRef<str>>(&self, keys: &[N]) -> Result<Vec<usize>, Error> {
        self.view().argsort(keys)
    }

    /// As [`RecordView::sort_by`].
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn sort_by<N: AsRef<str>>(&self, keys: &[N]) -> Result<Self, Error> {
        self.view().sort_by(keys)
    }

    /// As [`RecordView::filter`].
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn filter(&self, mask: &[bool]) -> Result<Self, Error> {
        self.view().filter(mask)
    }

    /// As [`RecordView::take`].
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn take<I: Copy + TryInto<usize> + fmt::Display>(&self, indices: &[I]) -> Result<Self, Error> {
        self.view().take(indices)
    }
}

impl RecordView<'_> {
    /// The rows at these indices, in their order, as rows of the same type: one allocation of their size.
    ///
    /// # Errors
    /// An index that no row has; memory that the machine cannot give.
    #[track_caller]
    pub fn take<I: Copy + TryInto<usize> + fmt::Display>(&self, indices: &[I]) -> Result<RecordArray, Error> {
        let site = Site::caller();
        let mut taken = RecordArray::zeroed_at(&self.rows.ty, indices.len(), site)?;
        self.take_at(indices, taken.view_mut(), site)?;
        Ok(taken)
    }

    /// Writes the rows at these indices to `out`, which has as many. Its type may have another layout, and
    /// fewer fields. Bytes between its fields are left as they are, unless the types are the same.
    ///
    /// # Errors
    /// An index that no row has; another number of rows; fields that are missing here or have another type.
    /// Nothing has been written then.
    #[track_caller]
    pub fn take_into<I: Copy + TryInto<usize> + fmt::Display>(
        &self,
        indices: &[I],
        out: RecordViewMut<'_>,
    ) -> Result<(), Error> {
        self.take_at(indices, out, Site::caller())
    }

    fn take_at<I: Copy + TryInto<usize> + fmt::Display>(
        &self,
        indices: &[I],
        out: RecordViewMut<'_>,
        site: Site,
    ) -> Result<(), Error> {
        self.rows.checked(site)?;
        let count = self.len();
        let row = |index: &I| (*index).try_into().ok().filter(|row| *row < count);
        if let Some(at) = indices.iter().position(|index| row(index).is_none()) {
            let message = format!("index {} at position {at} is none of the {count} rows", indices[at]);
            return Err(wrong(message, site));
        }
        out.has_rows(indices.len(), "indices", site)?;
        self.gather(indices.iter().filter_map(row), out, site)
    }

    /// The rows for which the mask is true, in order, as rows of the same type: one allocation of their size.
    ///
    /// # Errors
    /// A mask of another length; memory that the machine cannot give.
    #[track_caller]
    #[doc(alias = "compress")]
    pub fn filter(&self, mask: &[bool]) -> Result<RecordArray, Error> {
        let site = Site::caller();
        let count = self.selected(mask, site)?;
        let mut kept = RecordArray::zeroed_at(&self.rows.ty, count, site)?;
        self.filter_at(mask, kept.view_mut(), site)?;
        Ok(kept)
    }

    /// Writes the rows for which the mask is true to the front of `out`, and says how many there are. The rest
    /// of `out` stays as it is; its type may have another layout, and fewer fields.
    ///
    /// # Errors
    /// A mask of another length; more rows than `out` has; fields that are missing here or have another type.
    /// Nothing has been written then.
    #[track_caller]
    pub fn filter_into(&self, mask: &[bool], out: RecordViewMut<'_>) -> Result<usize, Error> {
        self.filter_at(mask, out, Site::caller())
    }

    fn filter_at(&self, mask: &[bool], out: RecordViewMut<'_>, site: Site) -> Result<usize, Error> {
        let count = self.selected(mask, site)?;
        out.rows.checked(site)?;
        if count > out.len() {
            let message = format!("the mask selects {count} rows, but there is room for {}", out.len());
            return Err(wrong(message, site));
        }
        let selected = mask.iter().enumerate().filter(|(_, keep)| **keep).map(|(row, _)| row);
        self.gather(selected, out, site)?;
        Ok(count)
    }

    /// How many rows a mask selects.
    fn selected(&self, mask: &[bool], site: Site) -> Result<usize, Error> {
        self.rows.checked(site)?;
        if mask.len() != self.len() {
            let message = format!("a mask of {} for {} rows", mask.len(), self.len());
            return Err(wrong(message, site));
        }
        Ok(mask.iter().filter(|keep| **keep).count())
    }

    /// The rows in the order of [`RecordView::argsort`], as rows of the same type.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn sort_by<N: AsRef<str>>(&self, keys: &[N]) -> Result<RecordArray, Error> {
        self.take(&self.argsort(keys)?)
    }

    /// Copies rows that exist to the front of `out`, which has as many.
    fn gather(
        &self,
        rows: impl Iterator<Item = usize>,
        out: RecordViewMut<'_>,
        site: Site,
    ) -> Result<(), Error> {
        let copies = self.copies_to(&out, site)?;
        let (from_size, to_size) = (self.rows.ty.itemsize(), out.rows.ty.itemsize());
        if from_size == 0 || to_size == 0 {
            return Ok(());
        }
        // What is a `bool` to Rust is 0 or 1, whatever byte stands for true here.
        let truths = out.rows.ty.fields().iter().filter(|field| field.ty.dtype() == Some(DType::Bool));
        let truths: Vec<usize> = truths.map(|field| field.offset).collect();
        let truths = if out.rows.typed && !self.rows.typed { truths } else { Vec::new() };
        for (row, to) in rows.zip(out.memory.chunks_exact_mut(to_size)) {
            let from = &self.memory[row * from_size..][..from_size];
            for copy in &copies {
                to[copy.to..][..copy.bytes].copy_from_slice(&from[copy.from..][..copy.bytes]);
            }
            for truth in &truths {
                let is_true = initialised(&to[*truth..][..1]) != [0];
                to[*truth] = MaybeUninit::new(u8::from(is_true));
            }
        }
        Ok(())
    }

    /// The pieces of a row that are copied to a row of `out`.
    fn copies_to(&self, out: &RecordViewMut<'_>, site: Site) -> Result<Vec<Copied>, Error> {
        let (from, to) = (&self.rows.ty, &out.rows.ty);
        if from == to && !self.rows.typed {
            return Ok(vec![Copied { from: 0, to: 0, bytes: from.itemsize() }]);
        }
        if from == to {
            let spans = from.spans().into_iter();
            return Ok(spans
                .map(|span| Copied { from: span.start, to: span.start, bytes: span.len() })
                .collect());
        }
        let mut diagnostics = Vec::new();
        if let Some((first, second)) = to.overlap() {
            let message =
                format!("rows cannot be written: fields `{}` and `{}` share bytes", first.name, second.name);
            diagnostics.push(Diagnostic::new(DiagnosticKind::Record, message).at(site));
        }
        let mut copies = Vec::new();
        for field in to.fields() {
            match from.field(&field.name) {
                None => diagnostics.push(from.unknown_field("the record type", &field.name).at(site)),
                Some(known) if known.ty != field.ty => {
                    let message = format!(
                        "field `{}` is {}, but {} where it is written",
                        field.name, known.ty, field.ty
                    );
                    diagnostics.push(Diagnostic::new(DiagnosticKind::Record, message).at(site));
                }
                Some(known) => {
                    copies.push(Copied { from: known.offset, to: field.offset, bytes: field.ty.size() });
                }
            }
        }
        Error::check(diagnostics)?;
        Ok(copies)
    }
}

/// Bytes that go from one place in a row to another.
struct Copied {
    from: usize,
    to: usize,
    bytes: usize,
}

impl RecordViewMut<'_> {
    fn has_rows(&self, wanted: usize, of: &str, site: Site) -> Result<(), Error> {
        self.rows.checked(site)?;
        if self.len() != wanted {
            return Err(wrong(format!("{wanted} {of} for {} rows to write", self.len()), site));
        }
        Ok(())
    }
}

impl<'a> From<&'a RecordArray> for View<'a> {
    fn from(array: &'a RecordArray) -> Self {
        array.view().into()
    }
}

impl<'a> From<&'a mut RecordArray> for ViewMut<'a> {
    fn from(array: &'a mut RecordArray) -> Self {
        array.view_mut().into()
    }
}

/// The number of rows and their type.
impl fmt::Debug for RecordArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordArray({}, {})", self.len(), self.ty)
    }
}
