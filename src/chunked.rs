//! Plans that run piece by piece.

use crate::axes::Axis;
use crate::plan::Plan;
use crate::program::{Arrays, Program};
use crate::view::{View, ViewMut};
use fusewire_ir as ir;
use fusewire_ir::{Error, Site};
use std::fmt;

/// A plan that is cut along an axis: made by [`Plan::chunked`].
#[derive(Clone, PartialEq)]
pub struct Chunked {
    cut: ir::Chunked,
}

impl Plan {
    /// The same plan cut along an axis of its first output, so that a piece touches at most this many bytes: workspace, and its parts
    /// of inputs and outputs. Results have the same bits. It is for plans whose memory is over budget when they run as a
    /// whole: plan with limits that let it pass, then cut it.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F64, [1000, 8]);
    /// let centred = (x - x.mean(Axis(1)).expand_dims(1)).named("centred");
    /// let chunked = g.plan([centred], &Limits::default())?.chunked(Axis(0), 10_000)?;
    /// assert!(chunked.bytes() <= 10_000 && chunked.pieces() > 10);
    ///
    /// let data: Vec<f64> = (0..8000).map(f64::from).collect();
    /// let mut out = vec![0.0; 8000];
    /// chunked.compile()?.run([("x", View::new(&data, [1000, 8]))], [("centred", ViewMut::new(&mut out, [1000, 8]))])?;
    /// assert_eq!(out[..3], [-3.5, -2.5, -1.5]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// An axis that does not exist or whose size is not known; values that need all of the axis at once, such as a reduction along
    /// it; bytes that not even a piece of one element fits into.
    #[track_caller]
    pub fn chunked(&self, axis: Axis, bytes: u64) -> Result<Chunked, Error> {
        let rank = self.outputs().first().map_or(0, |port| port.array.shape.len());
        // What is out of range stays out of range, and is refused.
        let at =
            if axis.0 < 0 { rank.checked_sub(axis.0.unsigned_abs()) } else { Some(axis.0.unsigned_abs()) };
        Ok(Chunked { cut: ir::Plan::chunked(self, at.unwrap_or(usize::MAX), bytes, Site::caller())? })
    }
}

impl Chunked {
    /// How many pieces there are.
    #[must_use]
    pub const fn pieces(&self) -> u64 {
        self.cut.pieces()
    }

    /// The most elements of the axis in one piece.
    #[must_use]
    pub const fn piece(&self) -> u64 {
        self.cut.piece()
    }

    /// The most bytes that one piece touches: its workspace, and its parts of inputs and outputs.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.cut.bytes()
    }

    /// What runs for each piece, to be looked at: its size is the dim `piece!`, where it begins is `start!`.
    #[must_use]
    pub const fn plan(&self) -> &ir::Plan {
        self.cut.plan()
    }

    /// Translates every kernel to machine code.
    ///
    /// # Errors
    /// A processor that is not supported, or no executable memory.
    pub fn compile(self) -> Result<ChunkedProgram, Error> {
        let program = Program::new(self.cut.plan().clone())?;
        Ok(ChunkedProgram { cut: self.cut, program })
    }
}

impl fmt::Debug for Chunked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chunked({} pieces of {})", self.pieces(), self.piece())
    }
}

/// A compiled plan that runs piece by piece.
#[derive(Clone, Debug)]
pub struct ChunkedProgram {
    cut: ir::Chunked,
    program: Program,
}

impl ChunkedProgram {
    /// The same program on at most this many threads, as [`Program::with_threads`].
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.program = self.program.with_threads(threads);
        self
    }

    /// Runs all pieces on whole arrays bound by name, one after another.
    ///
    /// # Errors
    /// What [`Program::bind`] reports. A wrong binding is found before the first piece runs; memory for workspace that the machine cannot
    /// give may be found at a later one.
    #[track_caller]
    pub fn run<'a>(
        &self,
        inputs: impl Arrays<View<'a>>,
        outputs: impl Arrays<ViewMut<'a>>,
    ) -> Result<(), Error> {
        let pieces = (0..self.cut.pieces()).map(|piece| self.cut.sizes(piece));
        self.program.run_pieces(inputs, outputs, pieces, Site::caller())
    }
}
