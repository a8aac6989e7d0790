//! A user's own functions inside fused loops.

use crate::expr::{Argument, Expr, Graph};
use crate::view::Element;
use fusewire_ir::custom::{Custom as Function, Elements, ElementsMut};
use fusewire_ir::{DType, Operand, Site};
use smallvec::SmallVec;
use std::fmt;

/// A function of a user, which is applied to expressions as a built-in operation is: its operands are
/// broadcast, and it runs on tiles of elements inside the fused loop. Made by [`Graph::custom`].
#[derive(Clone)]
pub struct Custom<'g> {
    graph: &'g Graph,
    function: Function,
}

/// A function on slices of one to four operands that writes its result to the last one: a closure such
/// as `|x: &[f64], y: &[f64], out: &mut [f64]| ...`. The slices of one call have one length.
pub trait TileFunction<Arguments>: Send + Sync + 'static {
    /// The dtypes of the operands.
    fn operands() -> Vec<DType>;
    /// The dtype of the result.
    fn result() -> DType;
    /// Calls it on slices of these dtypes.
    fn call(&self, operands: &[Elements<'_>], result: ElementsMut<'_>);
}

macro_rules! tile_functions {
    ($($($operand:ident)+;)+) => { $(
        impl<Function, $($operand: Element,)+ Result: Element> TileFunction<($($operand,)+ Result)> for Function
        where
            Function: Fn($(&[$operand],)+ &mut [Result]) + Send + Sync + 'static,
        {
            fn operands() -> Vec<DType> {
                vec![$(<$operand as Element>::DTYPE),+]
            }

            fn result() -> DType {
                <Result as Element>::DTYPE
            }

            #[allow(non_snake_case)]
            fn call(&self, operands: &[Elements<'_>], result: ElementsMut<'_>) {
                let mut operands = operands.iter().copied();
                $( let Some($operand) = operands.next().and_then(<$operand>::read) else { return }; )+
                let Some(result) = Result::write(result) else { return };
                self($($operand,)+ result);
            }
        }
    )+ };
}
tile_functions! {
    A;
    A B;
    A B C;
    A B C D;
}

impl Graph {
    /// A function of your own for this graph's expressions. Its dtypes are those of its slices. It is
    /// called with runs of elements in whichever pieces the loop likes, possibly on several threads at
    /// once, and must write each element of the result from the elements at that position alone.
    ///
    /// It takes part in everything that built-in operations do: broadcasting, limits, fusion, plans.
    /// A panic in it ends the run with that panic. So does a result of which it leaves an element of four or more bytes
    /// unwritten; narrower ones are then 0.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let smoothstep = g.custom("smoothstep", |x: &[f64], out: &mut [f64]| {
    ///     for (out, x) in out.iter_mut().zip(x) {
    ///         let x = x.clamp(0.0, 1.0);
    ///         *out = x * x * (3.0 - 2.0 * x);
    ///     }
    /// });
    /// let x = g.input("x", F64, [4]);
    /// let plan = g.plan([(smoothstep.apply([x * 0.5]) + 1).named("y")], &Limits::default())?;
    /// assert_eq!(plan.kernels().len(), 1);
    /// let mut y = [0.0; 4];
    /// plan.compile()?.run([("x", &[-1.0, 0.0, 1.0, 2.0])], [("y", &mut y)])?;
    /// assert_eq!(y, [1.0, 1.0, 1.5, 2.0]);
    /// # Ok::<(), fusewire::Error>(())
    /// ```
    pub fn custom<F, Arguments>(&self, name: &str, function: F) -> Custom<'_>
    where
        F: TileFunction<Arguments>,
    {
        let run = Box::new(move |operands: &[Elements<'_>], result: ElementsMut<'_>| {
            function.call(operands, result);
        });
        Custom { graph: self, function: Function::new(name, F::operands(), F::result(), run) }
    }
}

impl<'g> Custom<'g> {
    /// The function of these operands: expressions, or Rust numbers, which take its dtype.
    ///
    /// Operands of another dtype are converted where no value is lost, and else refused, as is another
    /// number of them.
    #[track_caller]
    pub fn apply<A: Into<Argument<'g>>>(&self, operands: impl IntoIterator<Item = A>) -> Expr<'g> {
        let site = Site::caller();
        let operands: SmallVec<[Operand; 3]> =
            operands.into_iter().map(|operand| operand.into().operand(self.graph)).collect();
        self.graph.push(|g| g.custom(&self.function, &operands, site))
    }
}

impl fmt::Debug for Custom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.function.fmt(f)
    }
}
