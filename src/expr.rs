//! The fluent builder: graphs and the `Copy` handles to what they compute.

mod arrange;
mod bessel;
mod contract;
mod evaluate;
mod grids;
mod index;
mod join;
mod lengths;
mod masked;
mod memory;
mod missing;
mod order;
mod records;
mod reductions;
mod scan;
mod search;
mod statistics;
mod views;

pub use grids::Indexing;
pub use lengths::Unique;
pub use masked::Masked;
pub use records::Records;

use crate::plan::Plan;
use crate::recipe::{Recipe, RecipeId};
use crate::trace::Timed;
use fusewire_ir as ir;
use fusewire_ir::{
    ArrayType, BroadcastPolicy, Broadcasts, DType, Dim, ElementOp, Error, Limits, Operand, Scalar, Shape,
    Site, SiteId, StorePolicy, Weak,
};
use std::cell::RefCell;
use std::fmt;
use std::ops;

/// An expression graph under construction.
///
/// ```
/// use fusewire::prelude::*;
///
/// let g = Graph::new();
/// let x = g.input("x", F64, [4]);
/// let plan = g.plan([(x * 2 + 1).named("y")], &Limits::default())?;
/// let mut y = [0.0; 4];
/// plan.compile()?.run([("x", &[1.0, 2.0, 3.0, 4.0])], [("y", &mut y)])?;
/// assert_eq!(y, [3.0, 5.0, 7.0, 9.0]);
/// # Ok::<(), fusewire::Error>(())
/// ```
#[derive(Default)]
pub struct Graph {
    ir: RefCell<ir::Graph>,
    /// What the handles to sizes stand for.
    dims: RefCell<Vec<Dim>>,
    /// The recipe that it continues.
    recipe: Option<RecipeId>,
}

/// A handle to an expression: it can be copied freely, and copying it shares the work.
///
/// Methods and operators never fail and never panic. A mistake is remembered with the line that made
/// it, and [`Graph::plan`] reports all mistakes that an output depends on, together.
#[derive(Clone, Copy)]
pub struct Expr<'g> {
    graph: &'g Graph,
    site: SiteId,
}

/// What can stand beside an expression: another expression, or a Rust number, which takes the dtype
/// of the array it meets.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'g> {
    /// An expression.
    Expr(Expr<'g>),
    /// A Rust number.
    Number(Weak),
}

impl Argument<'_> {
    /// What it is to an operation of this graph.
    pub(crate) fn operand(self, of: &Graph) -> Operand {
        match self {
            Self::Expr(expr) => expr.operand(of),
            Self::Number(weak) => Operand::Weak(weak),
        }
    }
}

impl<'g> From<Expr<'g>> for Argument<'g> {
    fn from(expr: Expr<'g>) -> Self {
        Self::Expr(expr)
    }
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn continuing(ir: ir::Graph, recipe: RecipeId) -> Self {
        Self { ir: RefCell::new(ir), dims: RefCell::default(), recipe: Some(recipe) }
    }

    pub(crate) const fn recipe_id(&self) -> Option<RecipeId> {
        self.recipe
    }

    pub(crate) const fn expr(&self, site: SiteId) -> Expr<'_> {
        Expr { graph: self, site }
    }

    pub(crate) const fn ir(&self) -> &RefCell<ir::Graph> {
        &self.ir
    }

    pub(crate) const fn dims(&self) -> &RefCell<Vec<Dim>> {
        &self.dims
    }

    pub(crate) fn push(&self, push: impl FnOnce(&mut ir::Graph) -> SiteId) -> Expr<'_> {
        let site = push(&mut self.ir.borrow_mut());
        Expr { graph: self, site }
    }

    /// An array that is bound by `name` when the program runs.
    #[track_caller]
    pub fn input(&self, name: &str, dtype: DType, shape: impl Into<Shape>) -> Expr<'_> {
        let (shape, site) = (shape.into(), Site::caller());
        self.push(|g| g.input(name, dtype, shape, site))
    }

    /// A number with a dtype of its own: beside an array it promotes as an array would, where a plain
    /// Rust number gives way.
    #[track_caller]
    pub fn scalar(&self, value: impl Into<Scalar>) -> Expr<'_> {
        let (value, site) = (value.into(), Site::caller());
        self.push(|g| g.scalar(value, site))
    }

    /// An array of `elements` in C order, which the plan carries with it.
    #[track_caller]
    pub fn constant<T: Into<Scalar> + Copy + crate::Element>(
        &self,
        elements: &[T],
        shape: impl Into<Shape>,
    ) -> Expr<'_> {
        let (shape, site) = (shape.into(), Site::caller());
        let elements = elements.iter().map(|element| (*element).into()).collect();
        self.push(|g| g.constant(elements, T::DTYPE, shape, site))
    }

    /// An array with the same value everywhere, which takes no memory.
    #[track_caller]
    pub fn full(&self, shape: impl Into<Shape>, value: impl Into<Scalar>) -> Expr<'_> {
        let (shape, value, site) = (shape.into(), value.into(), Site::caller());
        self.push(|g| g.full(shape, value, site))
    }

    /// An array of zeros, which takes no memory.
    #[track_caller]
    pub fn zeros(&self, dtype: DType, shape: impl Into<Shape>) -> Expr<'_> {
        let (shape, site) = (shape.into(), Site::caller());
        self.push(|g| g.full(shape, Scalar::I64(0).cast(dtype), site))
    }

    /// An array of ones, which takes no memory.
    #[track_caller]
    pub fn ones(&self, dtype: DType, shape: impl Into<Shape>) -> Expr<'_> {
        let (shape, site) = (shape.into(), Site::caller());
        self.push(|g| g.full(shape, Scalar::I64(1).cast(dtype), site))
    }

    /// The numbers from `start` up to but not including `stop`, `step` apart, computed in the loop:
    /// `i64` from integers, `f64` if any of the three is a float.
    #[track_caller]
    pub fn arange(&self, start: impl Into<Weak>, stop: impl Into<Weak>, step: impl Into<Weak>) -> Expr<'_> {
        let (start, stop, step, site) = (start.into(), stop.into(), step.into(), Site::caller());
        self.push(|g| g.arange(start, stop, step, site))
    }

    /// As [`Graph::arange`] up to a size that need not be known, in `i64`: `g.arange_to(0, n, 1)` has
    /// the indices of an axis of `n` elements.
    #[track_caller]
    pub fn arange_to(&self, start: i64, stop: impl Into<Dim>, step: i64) -> Expr<'_> {
        let (stop, site) = (stop.into(), Site::caller());
        self.push(|g| g.arange_to(start, &stop, step, site))
    }

    /// `count` numbers evenly spaced from `start` to `stop` inclusive, in `f64`, computed in the loop.
    #[track_caller]
    pub fn linspace(&self, start: f64, stop: f64, count: impl Into<Dim>) -> Expr<'_> {
        let (count, site) = (count.into(), Site::caller());
        self.push(|g| g.linspace_over(start, stop, &count, site))
    }

    /// Which broadcasts the operations that follow may do; those made before keep their policy.
    pub fn set_broadcast(&self, policy: BroadcastPolicy) {
        self.ir.borrow_mut().set_broadcast(policy);
    }

    /// Checks and fuses everything the outputs depend on. Nothing has run and no array has been
    /// allocated when this returns. An output without a name is called `out`, or `out0`, `out1`, ...
    /// where there are several.
    ///
    /// # Errors
    /// Every mistake that an output depends on, all together: dtypes, shapes, axes, names, limits.
    #[track_caller]
    pub fn plan<'g>(
        &'g self,
        outputs: impl IntoIterator<Item = Expr<'g>>,
        limits: &Limits,
    ) -> Result<Plan, Error> {
        let site = Site::caller();
        let (sites, mut foreign) = self.own(outputs, site);
        let timed = Timed::begin();
        let plan = self.ir.borrow().plan(&sites, limits).map_err(|error| error.or_at(site));
        // What is wrong with the others is reported together with it.
        if !foreign.is_empty()
            && !sites.is_empty()
            && let Err(error) = &plan
        {
            foreign.extend(error.diagnostics().iter().cloned());
        }
        let plan = Error::check(foreign).and(plan);
        timed.planned(&plan);
        Ok(Plan::new(plan?))
    }

    /// A copy of the graph and its outputs that owns everything: to keep in a struct, to send to
    /// another thread, to plan again with other limits.
    ///
    /// # Errors
    /// Outputs that belong to another graph.
    #[track_caller]
    pub fn recipe<'g>(&'g self, outputs: impl IntoIterator<Item = Expr<'g>>) -> Result<Recipe, Error> {
        let (sites, foreign) = self.own(outputs, Site::caller());
        Error::check(foreign)?;
        Ok(Recipe::new(self.ir.borrow().clone(), sites))
    }

    /// The outputs that belong to this graph, and what is wrong with the others.
    pub(crate) fn own<'g>(
        &'g self,
        outputs: impl IntoIterator<Item = Expr<'g>>,
        site: Site,
    ) -> (Vec<SiteId>, Vec<ir::Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut sites = Vec::new();
        for output in outputs {
            if std::ptr::eq(output.graph, self) {
                sites.push(output.site);
            } else {
                let foreign = ir::foreign_graph("an output belongs to another graph", output.location());
                let foreign = foreign.at(site);
                if !diagnostics.contains(&foreign) {
                    diagnostics.push(foreign);
                }
            }
        }
        (sites, diagnostics)
    }
}

/// One node a line.
impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ir.borrow())
    }
}

impl<'g> Expr<'g> {
    /// The dtype and shape, where the expression is sound.
    #[must_use]
    pub fn array(self) -> Option<ArrayType> {
        self.graph.ir.borrow().site_array(self.site).cloned()
    }

    /// Has it a dtype and a shape?
    #[cfg(feature = "text")]
    pub(crate) fn is_sound(self) -> bool {
        self.graph.ir.borrow().site_array(self.site).is_some()
    }

    /// The dtype, where the expression is sound.
    #[must_use]
    pub fn dtype(self) -> Option<DType> {
        self.array().map(|array| array.dtype)
    }

    /// The shape, where the expression is sound.
    #[must_use]
    pub fn shape(self) -> Option<Shape> {
        self.array().map(|array| array.shape)
    }

    /// The number of axes, where the expression is sound.
    #[must_use]
    #[doc(alias = "rank")]
    pub fn ndim(self) -> Option<usize> {
        self.array().map(|array| array.shape.len())
    }

    /// The number of elements, where the expression is sound and `u64` holds it; for dims that are not
    /// known yet, at their upper bounds.
    #[must_use]
    pub fn size(self) -> Option<u64> {
        self.array()?.shape.elements()
    }

    /// The bytes of an array that would hold it, as [`Expr::size`] counts elements. An expression takes
    /// memory only where a plan stores it.
    #[must_use]
    pub fn nbytes(self) -> Option<u64> {
        let array = self.array()?;
        array.shape.bytes(array.dtype)
    }

    /// The place in the source that made it.
    #[must_use]
    pub fn location(self) -> Site {
        self.graph.ir.borrow().call_site(self.site).site
    }

    /// The same expression under a name: an output is bound by it, and diagnostics and plans use it. A name is one
    /// line of text: one that is empty, or has control characters, is refused.
    #[must_use]
    #[track_caller]
    pub fn named(self, name: &str) -> Self {
        let site = Site::caller();
        self.graph.push(|g| g.name(self.site, name, site))
    }

    /// The same expression, allowed to have this many elements whatever [`Limits`] says. The excuse
    /// belongs to this call alone, as a whole where it is one of a function composed of operations; calls that
    /// use the value without enlarging it need none.
    #[must_use]
    pub fn allow_elements(self, elements: u64) -> Self {
        self.graph.push(|g| g.amend_composition(self.site, |call| call.allow_elements = Some(elements)))
    }

    /// The same expression with a say in whether its value is stored between kernels.
    ///
    /// `Always` wins where two calls that compute the same value differ. `Never` gives way only where an
    /// expression is too long for one kernel and nothing else could be stored, and where a routine (a sort, a
    /// matrix product) makes or reads it: the plan says so.
    #[must_use]
    pub fn store(self, policy: StorePolicy) -> Self {
        self.graph.push(|g| g.amend(self.site, |call| call.store = policy))
    }

    /// The same operation under another broadcast policy than its graph's. A function that is composed of
    /// operations, such as [`Expr::isclose_within`], takes it as a whole; what it broadcasts on its own, as
    /// [`Expr::var`] does its mean, needs no leave.
    #[must_use]
    pub fn with_broadcast(self, policy: BroadcastPolicy) -> Self {
        self.graph.push(|g| {
            g.amend_composition(self.site, |call| {
                if call.composition.is_none_or(|function| function.broadcasts == Broadcasts::OfCaller) {
                    call.policy = policy;
                }
            })
        })
    }

    pub(crate) const fn graph(self) -> &'g Graph {
        self.graph
    }

    pub(crate) const fn site(self) -> SiteId {
        self.site
    }

    fn operand(self, of: &Graph) -> Operand {
        if std::ptr::eq(self.graph, of) {
            Operand::Expr(self.site)
        } else {
            Operand::Foreign(self.location())
        }
    }

    /// An operation of the op table, by its row.
    #[cfg(feature = "proptest")]
    #[track_caller]
    pub(crate) fn apply(op: ElementOp, first: Self, others: &[Argument<'g>]) -> Self {
        first.element(op, others)
    }

    #[track_caller]
    fn element(self, op: ElementOp, others: &[Argument<'_>]) -> Self {
        Self::element_of(self.graph, op, std::iter::once(Argument::Expr(self)).chain(others.iter().copied()))
    }

    #[track_caller]
    pub(crate) fn element_of<'a>(
        graph: &'g Graph,
        op: ElementOp,
        all: impl Iterator<Item = Argument<'a>>,
    ) -> Self {
        let site = Site::caller();
        let operands: smallvec::SmallVec<[Operand; 3]> =
            all.map(|argument| argument.operand(graph)).collect();
        graph.push(|g| g.element(op, &operands, site))
    }

    /// The value in another dtype. Integers wrap around, floats round to nearest or truncate towards
    /// zero; a float that no integer of the dtype holds becomes its smallest value.
    #[must_use]
    #[track_caller]
    pub fn astype(self, dtype: DType) -> Self {
        let site = Site::caller();
        self.graph.push(|g| g.cast(self.site, dtype, site))
    }
}

impl fmt::Debug for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = self.graph.ir.borrow();
        write!(f, "{}", graph.display_name(self.site))?;
        match graph.site_array(self.site) {
            Some(array) => write!(f, ": {array}"),
            None => f.write_str(": error"),
        }
    }
}

macro_rules! methods {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident: $name:ident($($operand:ident),*), aliases [$($alias:literal),*],
            dtypes $rule:ident, cost $cost:literal, ulp $ulp:literal,
            $(lower $lower:expr,)? $(calls $arity:ident($($element:ident),+),)? reference $reference:expr;
    )+) => {
        // `add` and its like are methods here and operators below: the same operation by both names.
        #[allow(clippy::should_implement_trait)]
        impl<'g> Expr<'g> { $(
            $(#[doc = $doc])+
            $(#[doc(alias = $alias)])*
            #[must_use]
            #[track_caller]
            pub fn $name(self $(, $operand: impl Into<Argument<'g>>)*) -> Self {
                self.element(ElementOp::$variant, &[$($operand.into()),*])
            }
        )+ }
    };
}
fusewire_ir::element_ops!(methods);

macro_rules! operators {
    ($($trait:ident $method:ident, $assign:ident $assign_method:ident, $op:ident;)+) => { $(
        impl<'g, T: Into<Argument<'g>>> ops::$trait<T> for Expr<'g> {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: T) -> Self {
                self.element(ElementOp::$op, &[other.into()])
            }
        }
        // The name stands for another value then; the one before is as it was.
        impl<'g, T: Into<Argument<'g>>> ops::$assign<T> for Expr<'g> {
            #[track_caller]
            fn $assign_method(&mut self, other: T) {
                *self = self.element(ElementOp::$op, &[other.into()]);
            }
        }
        operators! { @number $trait $method $op: bool i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize f32 f64 }
    )+ };
    (@number $trait:ident $method:ident $op:ident: $($number:ty)+) => { $(
        impl<'g> ops::$trait<Expr<'g>> for $number {
            type Output = Expr<'g>;
            #[track_caller]
            fn $method(self, other: Expr<'g>) -> Expr<'g> {
                let both = [Argument::Number(self.into()), Argument::Expr(other)];
                Expr::element_of(other.graph, ElementOp::$op, both.into_iter())
            }
        }
    )+ };
}
operators! {
    Add add, AddAssign add_assign, Add;
    Sub sub, SubAssign sub_assign, Subtract;
    Mul mul, MulAssign mul_assign, Multiply;
    Div div, DivAssign div_assign, Divide;
    Rem rem, RemAssign rem_assign, Remainder;
    BitAnd bitand, BitAndAssign bitand_assign, BitwiseAnd;
    BitOr bitor, BitOrAssign bitor_assign, BitwiseOr;
    BitXor bitxor, BitXorAssign bitxor_assign, BitwiseXor;
    Shl shl, ShlAssign shl_assign, LeftShift;
    Shr shr, ShrAssign shr_assign, RightShift;
}

macro_rules! numbers {
    ($($number:ty)+) => { $(
        impl From<$number> for Argument<'_> {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        }
    )+ };
}
numbers! { bool i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize f32 f64 }

impl ops::Neg for Expr<'_> {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        self.element(ElementOp::Negative, &[])
    }
}

impl ops::Not for Expr<'_> {
    type Output = Self;
    #[track_caller]
    fn not(self) -> Self {
        self.element(ElementOp::Invert, &[])
    }
}
