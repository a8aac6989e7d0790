//! Sizes in three arithmetics: in bounds, as machine code, and as text of C.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::plan::Port;
use fusewire_ir::{Dim, PlanDim, SizeArithmetic, SizeExpr, Symbol};
use std::collections::HashMap;
use std::sync::Arc;

/// The largest number on the way to a size: half of what a word holds, so that sums of two fit.
const LARGEST: i128 = 1 << 62;

/// Intervals in which no number may be beyond [`LARGEST`].
struct Fits;

/// From and to.
type Range = (i128, i128);

fn fitting(range: Range) -> Option<Range> {
    (-LARGEST <= range.0 && range.1 <= LARGEST).then_some(range)
}

impl SizeArithmetic for Fits {
    type Number = Range;

    fn known(&mut self, value: i128) -> Option<Range> {
        fitting((value, value))
    }

    fn symbol(&mut self, symbol: &Symbol) -> Option<Range> {
        fitting((symbol.lower.into(), symbol.upper.into()))
    }

    fn add(&mut self, a: Range, b: Range) -> Option<Range> {
        fitting((a.0 + b.0, a.1 + b.1))
    }

    fn multiply(&mut self, a: Range, b: Range) -> Option<Range> {
        let ends = [a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1];
        fitting((ends.into_iter().min()?, ends.into_iter().max()?))
    }

    fn ceil_div(&mut self, a: Range, _: Range) -> Option<Range> {
        // Nearer to zero than the dividend, or the next number.
        fitting((a.0.min(0), a.1.max(1)))
    }

    fn smaller(&mut self, a: Range, b: Range) -> Option<Range> {
        Some((a.0.min(b.0), a.1.min(b.1)))
    }

    fn larger(&mut self, a: Range, b: Range) -> Option<Range> {
        Some((a.0.max(b.0), a.1.max(b.1)))
    }
}

/// Can it be computed in words of 64 bits, whatever symbols are within their bounds?
pub(super) fn fits(size: &SizeExpr) -> bool {
    size.compute(&mut Fits).is_some()
}

/// Values of symbols in code that is being compiled.
pub(super) type Symbols = HashMap<Arc<str>, Value>;

/// Sizes as signed words in code.
struct Code<'c, 'f> {
    b: &'c mut FunctionBuilder<'f>,
    symbols: &'c Symbols,
}

impl SizeArithmetic for Code<'_, '_> {
    type Number = Value;

    fn known(&mut self, value: i128) -> Option<Value> {
        Some(self.b.ins().iconst(types::I64, i64::try_from(value).ok()?))
    }

    fn symbol(&mut self, symbol: &Symbol) -> Option<Value> {
        self.symbols.get(&symbol.name).copied()
    }

    fn add(&mut self, a: Value, b: Value) -> Option<Value> {
        Some(self.b.ins().iadd(a, b))
    }

    fn multiply(&mut self, a: Value, b: Value) -> Option<Value> {
        Some(self.b.ins().imul(a, b))
    }

    fn ceil_div(&mut self, a: Value, b: Value) -> Option<Value> {
        let quotient = self.b.ins().sdiv(a, b);
        let rest = self.b.ins().srem(a, b);
        let more = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, rest, 0);
        let more = self.b.ins().uextend(types::I64, more);
        Some(self.b.ins().iadd(quotient, more))
    }

    fn smaller(&mut self, a: Value, b: Value) -> Option<Value> {
        Some(self.b.ins().smin(a, b))
    }

    fn larger(&mut self, a: Value, b: Value) -> Option<Value> {
        Some(self.b.ins().smax(a, b))
    }
}

/// A size in code. All symbols have values, and all sizes were seen to fit, before any code was made.
pub(super) fn emit(b: &mut FunctionBuilder<'_>, symbols: &Symbols, size: &SizeExpr) -> Value {
    let value = size.compute(&mut Code { b, symbols });
    value.unwrap_or_else(|| b.ins().iconst(types::I64, 0))
}

/// Sizes as expressions of C over `int64_t`, with the names that symbols have there.
struct Text<'n>(&'n HashMap<Arc<str>, String>);

impl SizeArithmetic for Text<'_> {
    type Number = String;

    fn known(&mut self, value: i128) -> Option<String> {
        Some(if value < 0 {
            format!("(-INT64_C({}))", value.unsigned_abs())
        } else {
            format!("INT64_C({value})")
        })
    }

    fn symbol(&mut self, symbol: &Symbol) -> Option<String> {
        Some(format!("(int64_t){}", self.0.get(&symbol.name)?))
    }

    fn add(&mut self, a: String, b: String) -> Option<String> {
        Some(format!("({a} + {b})"))
    }

    fn multiply(&mut self, a: String, b: String) -> Option<String> {
        Some(format!("{a} * {b}"))
    }

    fn ceil_div(&mut self, a: String, b: String) -> Option<String> {
        Some(format!("fusewire_ceil_div({a}, {b})"))
    }

    fn smaller(&mut self, a: String, b: String) -> Option<String> {
        Some(format!("fusewire_min({a}, {b})"))
    }

    fn larger(&mut self, a: String, b: String) -> Option<String> {
        Some(format!("fusewire_max({a}, {b})"))
    }
}

/// A size as an expression of C.
pub(super) fn text(size: &SizeExpr, names: &HashMap<Arc<str>, String>) -> String {
    size.compute(&mut Text(names)).unwrap_or_else(|| "0".into())
}

/// Where a call says how large a dim is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    /// It is the size of an axis.
    Axis { port: usize, axis: usize },
    /// The size of an axis is so many times the dim, plus so much.
    Linear { port: usize, axis: usize, factor: i64, constant: i64 },
    /// Nowhere in the arrays: it is an argument of its own.
    Argument,
}

/// The sources of dims, as [`resolve`](fusewire_ir::resolve) finds them: axes that are a dim first.
pub(super) fn sources(dims: &[PlanDim], ports: &[&Port]) -> Vec<Source> {
    let axes = || {
        let axes = |(port, of): (usize, &&Port)| -> Vec<(usize, usize, SizeExpr)> {
            of.array
                .shape
                .iter()
                .enumerate()
                .map(|(axis, dim): (usize, &Dim)| (port, axis, dim.size()))
                .collect()
        };
        ports.iter().enumerate().flat_map(axes).collect::<Vec<_>>()
    };
    let source = |dim: &PlanDim| {
        let is_dim = |symbol: Option<&Symbol>| symbol.is_some_and(|symbol| symbol.name == dim.name);
        for (port, axis, size) in axes() {
            if is_dim(size.as_symbol()) {
                return Source::Axis { port, axis };
            }
        }
        for (port, axis, size) in axes() {
            let Some((symbol, factor, constant)) = size.as_linear() else { continue };
            let (factor, constant) = (i64::try_from(factor), i64::try_from(constant));
            if let (true, Ok(factor), Ok(constant)) = (is_dim(Some(symbol)), factor, constant) {
                return Source::Linear { port, axis, factor, constant };
            }
        }
        Source::Argument
    };
    dims.iter().map(source).collect()
}
