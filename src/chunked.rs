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
    /// The same plan cut along an axis of its first output (of its first input where that output has no axes), so that a piece touches at
    /// most this many bytes: workspace, and its parts of inputs and outputs. Results have the same bits. It is for plans whose memory is over
    /// budget when they run as a whole: plan with limits that let it pass, then cut it.
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
    /// An axis that does not exist or whose size is not known, or that nothing can follow; bytes that not even a piece of one element
    /// fits into, beside what is needed as a whole: the error lists the largest of it.
    #[track_caller]
    pub fn chunked(&self, axis: Axis, bytes: u64) -> Result<Chunked, Error> {
        let rank = self.first_cut().map_or(0, |port| port.array.shape.len());
        Ok(Chunked { cut: ir::Plan::chunked(self, position(axis, rank), bytes, Site::caller())? })
    }

    /// The same along an axis of the input or output of this name, as one that is reduced away before the first output.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let x = g.input("x", F32, [10_000, 8]);
    /// let sums = x.sum(Axis(0)).named("sums");
    /// let chunked = g.plan([sums], &Limits::default())?.chunked_along("x", Axis(0), 10_000)?;
    /// assert!(chunked.bytes() <= 10_000 && chunked.pieces() > 30);
    ///
    /// let data: Vec<f32> = (0..80_000).map(|at| at as f32 / 8.0).collect();
    /// let (mut whole, mut out) = ([0.0f32; 8], [0.0f32; 8]);
    /// let x = View::new(&data, [10_000, 8]);
    /// g.plan([sums], &Limits::default())?.compile()?.run([("x", x.clone())], [("sums", &mut whole)])?;
    /// chunked.compile()?.run([("x", x)], [("sums", &mut out)])?;
    /// assert_eq!(out, whole);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Plan::chunked`], and a name that no input or output has.
    #[track_caller]
    pub fn chunked_along(&self, port: &str, axis: Axis, bytes: u64) -> Result<Chunked, Error> {
        let ports = self.outputs().iter().chain(self.inputs());
        let rank =
            ports.into_iter().find(|known| *known.name == *port).map_or(0, |port| port.array.shape.len());
        Ok(Chunked { cut: ir::Plan::chunked_along(self, port, position(axis, rank), bytes, Site::caller())? })
    }
}

/// The position of an axis among so many. What is out of range stays out of range, and is refused.
fn position(axis: Axis, rank: usize) -> usize {
    let from_end = || rank.checked_sub(axis.0.unsigned_abs());
    if axis.0 < 0 { from_end().unwrap_or(usize::MAX) } else { axis.0.unsigned_abs() }
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

    /// The most bytes that one piece touches: workspace, and its parts of inputs and outputs. What runs once, on whole arrays, touches no
    /// more.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.cut.bytes()
    }

    /// The input or output whose axis is cut.
    #[must_use]
    pub fn port(&self) -> &str {
        self.cut.port()
    }

    /// How often the pieces are gone over: once more for every total that something waits for.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.cut.rounds().iter().filter(|round| round.in_pieces).count()
    }

    /// How it is cut.
    #[cfg(feature = "proptest")]
    pub(crate) const fn cut(&self) -> &ir::Chunked {
        &self.cut
    }

    /// What runs, to be looked at: the size of a piece is the dim `piece!`, where it begins is `start!`.
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
    /// What [`Program::bind`] reports, before the first piece runs. What [`crate::Bound::run`] reports of an index that an array does not have:
    /// pieces before the one that has it have been written.
    #[track_caller]
    pub fn run<'a>(
        &self,
        inputs: impl Arrays<View<'a>>,
        outputs: impl Arrays<ViewMut<'a>>,
    ) -> Result<(), Error> {
        self.program.run_rounds(&self.cut, inputs, outputs, Site::caller())
    }
}
