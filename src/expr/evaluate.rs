//! One result at once, for trying things out.

use super::Expr;
use crate::view::{Element, ViewMut};
use fusewire_ir::diagnostic::human_bytes;
use fusewire_ir::{Diagnostic, DiagnosticKind, Error, Limits, Site};

impl Expr<'_> {
    /// The elements in C order of an expression that reads no inputs, only constants and what is computed from
    /// them: planned with [`Limits::default`], compiled and run once, into an array of its own.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.constant(&[1.0, 2.0, 3.0, 4.0], [2, 2]);
    /// assert_eq!((x - x.mean(Axis(0))).to_vec::<f64>()?, [-1.0, -1.0, 1.0, 1.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Graph::plan`](crate::Graph::plan) and [`Program::run`](crate::Program::run); a `T` that is not the dtype; inputs, which
    /// a program binds.
    #[track_caller]
    pub fn to_vec<T: Element + Default>(self) -> Result<Vec<T>, Error> {
        let plan = self.graph.plan([self], &Limits::default())?;
        let Some(output) = plan.outputs().first() else { return Ok(Vec::new()) };
        let name = output.name.clone();
        let shape: Vec<usize> =
            output.array.shape.iter().map(|dim| usize::try_from(dim.upper()).unwrap_or(usize::MAX)).collect();
        // A size of 0 may stand beside sizes whose product overflows.
        let count = if shape.contains(&0) {
            0
        } else {
            shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size)).unwrap_or(usize::MAX)
        };
        let mut elements: Vec<T> = Vec::new();
        if elements.try_reserve_exact(count).is_err() {
            let bytes = human_bytes((count as u64).saturating_mul(size_of::<T>() as u64));
            let message = format!("the machine cannot give the {bytes} of the result");
            return Err(Diagnostic::new(DiagnosticKind::Workspace, message).at(Site::caller()).into());
        }
        elements.resize(count, T::default());
        plan.compile()?
            .run(Vec::<(&str, crate::View<'_>)>::new(), [(&*name, ViewMut::new(&mut elements, shape))])?;
        Ok(elements)
    }
}
