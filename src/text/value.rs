//! What a piece of an expression stands for: arrays that are not computed yet, and the Python values around them.

use super::error::Refusal;
use super::selected::{Selected, USES};
use crate::expr::{Argument, Expr, Graph, Records};
use fusewire_ir::{AxisRef, DType, Dim, Scalar, Shape, SizeExpr, Weak};
use std::rc::Rc;

/// The most elements of nested lists and tuples that become an array, and axes of an array, as in NumPy.
const MOST_ELEMENTS: usize = 1_000_000;
pub(super) const MOST_AXES: usize = 64;

/// An array, and whose memory Python would say that it is. Nothing is stored; but `y = x` and `y = x[1:]` share
/// in what is assigned to a part of either.
#[derive(Clone, Copy)]
pub(super) struct Array<'g> {
    pub expr: Expr<'g>,
    /// Which value it is: two names for one array have the same.
    pub identity: u32,
    /// The array whose memory it shows: its own identity, unless it is a view.
    pub memory: u32,
}

/// Rows of records, of which fields are taken.
#[derive(Clone)]
pub(super) struct Rows<'g> {
    pub records: Records<'g>,
    pub shape: Rc<Shape>,
}

#[derive(Clone)]
pub(super) enum Value<'g> {
    Array(Array<'g>),
    Records(Rows<'g>),
    Selected(Selected<'g>),
    /// A Python number: it takes the dtype of the array that it meets.
    Number(Weak),
    /// A size that is not known yet.
    Dim(Dim),
    /// A Python number that is known when the program runs, without axes: `i64`, `f64` or `bool`.
    Later(Expr<'g>),
    DType(DType),
    Text(Rc<str>),
    Tuple(Sequence<'g>),
    List(Sequence<'g>),
    Slice(Rc<[Value<'g>; 3]>),
    None,
    Ellipsis,
    /// What was refused where it was made.
    Wrong,
}

/// The values of a tuple or a list. What they are made of is counted, because names make it easy to have a tuple
/// of a tuple of a tuple, each twice as large.
#[derive(Clone)]
pub(super) struct Sequence<'g> {
    parts: Rc<[Value<'g>]>,
    elements: usize,
    depth: usize,
    /// The memory that arrays within show, sorted.
    memory: Rc<[u32]>,
}

impl<'g> Sequence<'g> {
    pub fn new(parts: Vec<Value<'g>>) -> Result<Self, Refusal> {
        let within = |part: &Value<'g>| match part {
            Value::Tuple(of) | Value::List(of) => (of.elements, of.depth),
            _ => (1, 0),
        };
        let elements = parts.iter().map(|part| within(part).0).sum();
        let depth = 1 + parts.iter().map(|part| within(part).1).max().unwrap_or(0);
        if elements > MOST_ELEMENTS || depth > MOST_AXES {
            let message =
                format!("a list or tuple has more than {MOST_ELEMENTS} elements or {MOST_AXES} levels");
            return Err(Refusal::new(fusewire_ir::DiagnosticKind::TooLarge, message));
        }
        let mut memory: Vec<u32> = Vec::new();
        for part in &parts {
            match part {
                Value::Array(array) => memory.push(array.memory),
                Value::Tuple(of) | Value::List(of) => memory.extend(of.memory.iter()),
                _ => {}
            }
        }
        memory.sort_unstable();
        memory.dedup();
        Ok(Self { parts: parts.into(), elements, depth, memory: memory.into() })
    }

    /// Does an array within show this memory?
    pub fn shows(&self, memory: u32) -> bool {
        self.memory.binary_search(&memory).is_ok()
    }
}

impl<'g> std::ops::Deref for Sequence<'g> {
    type Target = [Value<'g>];

    fn deref(&self) -> &[Value<'g>] {
        &self.parts
    }
}

/// Why there is no value: something to say, or nothing but that it was made of what is wrong.
pub(super) enum Stop<'g> {
    Refused(Refusal),
    Poison(Expr<'g>),
}

impl From<Refusal> for Stop<'_> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

pub(super) type Evaluated<'g, T = Value<'g>> = Result<T, Stop<'g>>;

impl<'g> Value<'g> {
    pub fn int(value: impl Into<i128>) -> Self {
        Self::Number(Weak::Int(value.into()))
    }

    /// A size, as a number where it is known.
    pub fn size(dim: &Dim) -> Self {
        match dim.known() {
            Some(size) => Self::int(size),
            None => Self::Dim(dim.clone().with_label(None)),
        }
    }

    /// What it is called in a message.
    pub fn describe(&self) -> String {
        match self {
            Self::Array(array) => array.expr.array().map_or("an array".into(), |array| array.to_string()),
            Self::Records(_) => "an array of records".into(),
            Self::Selected(_) => "the elements that a mask selects".into(),
            Self::Number(number) => Self::python(*number),
            Self::Dim(dim) => format!("the size {dim}"),
            Self::Later(_) => "a number that is known only when data is".into(),
            Self::DType(dtype) => format!("the dtype {dtype}"),
            Self::Text(text) => format!("the string {text:?}"),
            Self::Tuple(_) => "a tuple".into(),
            Self::List(_) => "a list".into(),
            Self::Slice(_) => "a slice".into(),
            Self::None => "None".into(),
            Self::Ellipsis => "`...`".into(),
            Self::Wrong => "what was refused".into(),
        }
    }

    fn python(number: Weak) -> String {
        match number {
            Weak::Bool(true) => "True".into(),
            Weak::Bool(false) => "False".into(),
            other => other.to_string(),
        }
    }

    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// A tuple of a few values.
    pub fn tuple(parts: Vec<Self>) -> Evaluated<'g> {
        Ok(Self::Tuple(Sequence::new(parts)?))
    }

    /// The values of a tuple or a list.
    pub fn parts(&self) -> Option<&[Self]> {
        match self {
            Self::Tuple(parts) | Self::List(parts) => Some(parts),
            _ => None,
        }
    }

    /// A whole number of 64 bits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Number(Weak::Int(value)) => i64::try_from(*value).ok(),
            Self::Number(Weak::Bool(value)) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// An axis by its position or its label.
    pub fn as_axis(&self) -> Option<AxisRef> {
        match self {
            Self::Text(label) => Some(AxisRef::from(&**label)),
            Self::Number(Weak::Int(axis)) => Some(AxisRef::from(isize::try_from(*axis).ok()?)),
            _ => None,
        }
    }

    /// A size, also one that is not known yet. Negative ones stay negative, and are refused where they are used.
    pub fn as_dim(&self) -> Option<Dim> {
        match self {
            Self::Dim(dim) => Some(dim.clone()),
            Self::Number(Weak::Int(size)) => Some(SizeExpr::from(i64::try_from(*size).ok()?).into()),
            _ => None,
        }
    }

    /// A shape: a size or several.
    pub fn as_shape(&self) -> Option<Shape> {
        match self.parts() {
            Some(parts) => parts.iter().map(Self::as_dim).collect(),
            None => Some(std::iter::once(self.as_dim()?).collect()),
        }
    }

    /// A dtype, as `np.float32`, `float` or a string.
    pub fn as_dtype(&self) -> Option<DType> {
        match self {
            Self::DType(dtype) => Some(*dtype),
            Self::Text(name) => dtype_of_numpy(name),
            _ => None,
        }
    }

    /// Is it one of Python's numbers, known or not?
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Dim(_) | Self::Later(_))
    }

    /// A Python number that is known only when data is, in the dtype that it takes beside an array of `dtype`.
    pub fn beside(&self, graph: &'g Graph, dtype: DType) -> Evaluated<'g, Expr<'g>> {
        let number = self.as_expr(graph, None)?;
        let own = number.dtype().unwrap_or(DType::I64);
        let weak = if own.is_float() { Weak::Float(0.0) } else { Weak::Int(0) };
        let to = if own == DType::Bool { dtype } else { dtype.promote_weak(weak) };
        let most = match self {
            Self::Dim(dim) => i128::from(dim.upper()),
            _ => i128::from(i64::MAX),
        };
        let fits = to.int_info().is_none_or(|info| most <= info.max);
        if own == to || own == DType::Bool || own.is_float() || fits {
            return Ok(if own == to { number } else { number.astype(to) });
        }
        // Whether a narrower integer holds it is seen when data is.
        let message = format!("{to} does not hold {{wanted}}, which is computed with its elements");
        let whole = number.astype(DType::I64);
        Ok((whole.astype(to).astype(DType::I64).expect_equal(whole, &message)).astype(to))
    }

    /// What an operation takes: an expression, or a number that has no dtype yet.
    pub fn as_argument(&self, graph: &'g Graph) -> Evaluated<'g, Argument<'g>> {
        match self {
            Self::Number(number) => Ok(Argument::Number(*number)),
            other => Ok(Argument::Expr(other.as_expr(graph, None)?)),
        }
    }

    /// As an array of its own dtype, or of `dtype`.
    pub fn as_expr(&self, graph: &'g Graph, dtype: Option<DType>) -> Evaluated<'g, Expr<'g>> {
        let cast = |expr: Expr<'g>| match dtype {
            Some(dtype) if expr.dtype() != Some(dtype) => expr.astype(dtype),
            _ => expr,
        };
        match self {
            Self::Array(array) => Ok(cast(array.expr)),
            Self::Number(number) => strong(graph, *number, dtype),
            Self::Dim(dim) => Ok(cast(graph.size(dim.clone()))),
            Self::Later(number) => Ok(cast(*number)),
            Self::Tuple(_) | Self::List(_) => nested(graph, self, dtype),
            Self::Selected(_) => {
                let message = "elements that a mask selects are not in the language here";
                Err(Refusal::language(message).help(USES).into())
            }
            other => Err(Refusal::argument(format!("{} is no array", other.describe())).into()),
        }
    }
}

/// The dtype that NumPy gives to a Python number by itself.
fn own_dtype(number: Weak) -> DType {
    match number {
        Weak::Int(value) if i64::try_from(value).is_err() => DType::U64,
        other => other.default_dtype(),
    }
}

fn out_of_range(number: Weak, dtype: DType) -> Refusal {
    let refusal =
        Refusal::new(fusewire_ir::DiagnosticKind::ScalarRange, format!("{dtype} does not hold {number}"));
    match (number, dtype.int_info()) {
        (Weak::Int(_), Some(info)) => {
            refusal.help(format!("it has integers from {} to {}", info.min, info.max))
        }
        (Weak::Float(_), Some(_)) => refusal.help("it has integers"),
        _ => refusal,
    }
}

/// A number in a dtype. Of floats, integers have what is in front of the point, as where Python assigns one.
fn held(number: Weak, dtype: DType) -> Result<Scalar, Refusal> {
    let whole = match number {
        Weak::Float(value) if dtype.is_int() && value.is_finite() => Weak::Int(value as i128),
        Weak::Float(_) if dtype.is_int() => return Err(out_of_range(number, dtype)),
        other => other,
    };
    whole.to_scalar(dtype).ok_or_else(|| out_of_range(number, dtype))
}

/// A number with a dtype of its own.
fn strong<'g>(graph: &'g Graph, number: Weak, dtype: Option<DType>) -> Evaluated<'g, Expr<'g>> {
    Ok(graph.scalar(held(number, dtype.unwrap_or_else(|| own_dtype(number)))?))
}

/// Nested lists as an array: a constant where all are numbers, else arrays that are stacked.
fn nested<'g>(graph: &'g Graph, value: &Value<'g>, dtype: Option<DType>) -> Evaluated<'g, Expr<'g>> {
    let mut numbers = Vec::new();
    let mut shape = Vec::new();
    if flatten(value, 0, &mut shape, &mut numbers)? {
        // A float holds any integer, but NumPy has no array of those that no integer dtype holds.
        let is_beyond = |number: &&Weak| {
            matches!(number, Weak::Int(_)) && number.to_scalar(own_dtype(**number)).is_none()
        };
        if let Some(beyond) = numbers.iter().find(is_beyond).filter(|_| dtype.is_none()) {
            return Err(out_of_range(*beyond, own_dtype(*beyond)).into());
        }
        let dtype = dtype.unwrap_or_else(|| common_dtype(&numbers));
        let scalars = numbers.iter().map(|number| held(*number, dtype)).collect::<Result<Vec<_>, _>>()?;
        let sizes: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
        let site = fusewire_ir::Site::caller();
        return Ok(graph.push(|g| g.constant(scalars, dtype, sizes.into(), site)));
    }
    let parts = value.parts().unwrap_or_default().iter().map(|part| part.as_expr(graph, dtype));
    let parts = parts.collect::<Evaluated<'g, Vec<_>>>()?;
    Ok(graph.stack(crate::axes::Axis(0), parts))
}

/// NumPy's dtype for numbers of several kinds.
fn common_dtype(numbers: &[Weak]) -> DType {
    numbers.iter().map(|number| own_dtype(*number)).reduce(DType::promote).unwrap_or(DType::F64)
}

/// The numbers of nested lists in order, and their shape; `false` where there are arrays among them.
fn flatten(
    value: &Value<'_>,
    depth: usize,
    shape: &mut Vec<usize>,
    numbers: &mut Vec<Weak>,
) -> Result<bool, Refusal> {
    let ragged = || Err(Refusal::argument("the lists do not all have the same length"));
    match value {
        Value::Number(number) if depth == shape.len() => {
            numbers.push(*number);
            Ok(true)
        }
        Value::Number(_) => ragged(),
        Value::Tuple(parts) | Value::List(parts) => {
            if depth == shape.len() {
                if !numbers.is_empty() {
                    return ragged();
                }
                shape.push(parts.len());
            } else if shape[depth] != parts.len() {
                return ragged();
            }
            for part in parts.iter() {
                if !flatten(part, depth + 1, shape, numbers)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The dtype of a specification of an array: fusewire's names, where `u8` has 8 bits, and else NumPy's.
pub(super) fn dtype_named(name: &str) -> Option<DType> {
    DType::ALL.into_iter().find(|dtype| dtype.name() == name).or_else(|| dtype_of_numpy(name))
}

/// The dtype that NumPy has by this name: those of Python and of array files, where `u8` has 8 bytes, and those of one
/// letter.
pub(super) fn dtype_of_numpy(name: &str) -> Option<DType> {
    let of_file = name.strip_prefix(['<', '|', '=']);
    // Names are longer than what stands in the header of a file.
    let name = of_file.filter(|code| code.len() <= 2).unwrap_or(name);
    Some(match name {
        "bool" | "bool_" | "b1" | "?" => DType::Bool,
        "int8" | "i1" | "byte" | "b" => DType::I8,
        "int16" | "i2" | "short" | "h" => DType::I16,
        "int32" | "i4" | "intc" | "i" => DType::I32,
        "int64" | "i8" | "int" | "int_" | "intp" | "long" | "longlong" | "l" | "q" | "n" | "p" => DType::I64,
        "uint8" | "u1" | "ubyte" | "B" => DType::U8,
        "uint16" | "u2" | "ushort" | "H" => DType::U16,
        "uint32" | "u4" | "uintc" | "I" => DType::U32,
        "uint64" | "u8" | "uint" | "uintp" | "ulong" | "ulonglong" | "L" | "Q" | "N" | "P" => DType::U64,
        "float16" | "f2" | "half" | "e" => DType::F16,
        "bfloat16" => DType::BF16,
        "float32" | "f4" | "single" | "f" => DType::F32,
        "float64" | "f8" | "float" | "double" | "d" => DType::F64,
        _ => return None,
    })
}
