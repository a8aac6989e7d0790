//! The tokens of the golden files, read and written.

use fusewire_ir::interpret::{Array, evaluate};
use fusewire_ir::{
    AxisRef, DType, DiagnosticKind, Dim, Graph, Operand, Scalar, Shape, Site, SiteId, Sizes, Weak,
};
use std::collections::HashMap;

/// A dtype by its name.
pub fn dtype(token: &str) -> Option<DType> {
    DType::ALL.into_iter().find(|dtype| dtype.name() == token)
}

/// `f64:3ff0000000000000,nan`: a dtype and elements of it.
pub fn elements(token: &str) -> Option<(DType, Vec<Scalar>)> {
    let (name, values) = token.split_once(':')?;
    let dtype = dtype(name)?;
    let element = |text: &str| {
        Some(match text {
            "nan" => Scalar::F64(f64::NAN).cast(dtype),
            _ if dtype.is_float() => Scalar::from_bits(u64::from_str_radix(text, 16).ok()?, dtype),
            _ => Scalar::from_int(text.parse().ok()?, dtype),
        })
    };
    let values = values.split(',').filter(|text| !text.is_empty());
    Some((dtype, values.map(element).collect::<Option<_>>()?))
}

/// A Python number as it is written in Python.
pub fn weak(token: &str) -> Weak {
    match token {
        "True" => Weak::Bool(true),
        "False" => Weak::Bool(false),
        _ => match token.parse() {
            Ok(int) => Weak::Int(int),
            Err(_) => Weak::Float(token.parse().expect("a Python number")),
        },
    }
}

/// `[2,3]`, or `None` for `all`.
pub fn list<T: std::str::FromStr>(token: &str) -> Option<Vec<T>> {
    let inner = token.strip_prefix('[')?.strip_suffix(']')?;
    inner.split(',').filter(|text| !text.is_empty()).map(|text| text.parse().ok()).collect()
}

/// An array that the graph holds.
pub fn constant(graph: &mut Graph, elements: &str, shape: &[u64]) -> SiteId {
    let (dtype, elements) = self::elements(elements).expect("elements of a dtype");
    graph.constant(elements, dtype, Shape::from(shape), Site::caller())
}

/// An operand of an operation: an array of one element, or a number.
pub fn operand(graph: &mut Graph, token: &str) -> Operand {
    if token.contains(':') { Operand::Expr(constant(graph, token, &[1])) } else { Operand::Weak(weak(token)) }
}

/// The error that NumPy raises for what is wrong with a graph.
pub fn refusal(graph: &Graph) -> String {
    let (_, diagnostic) = graph.diagnostics().first().expect("a refused call says why");
    match diagnostic.kind {
        DiagnosticKind::DType => "!TypeError".into(),
        DiagnosticKind::ScalarRange => "!OverflowError".into(),
        DiagnosticKind::Axis => "!IndexError".into(),
        DiagnosticKind::Shape | DiagnosticKind::EmptyReduction => "!ValueError".into(),
        other => panic!("unexpected diagnostic {other:?}"),
    }
}

/// The value of a call; `None` where it is refused. Its dtype and shape are those that the graph
/// decided before.
pub fn value(graph: &Graph, site: SiteId) -> Option<Array> {
    let decided = graph.site_array(site)?;
    let mut values =
        evaluate(graph, &[site], &HashMap::new(), &Sizes::new()).expect("constants have a value");
    let value = values.remove(0);
    assert_eq!(&value.array, decided);
    Some(value)
}

/// The elements of a value, or how it is refused.
pub fn show_elements(graph: &Graph, site: SiteId) -> String {
    value(graph, site).map_or_else(|| refusal(graph), |value| written_elements(&value))
}

/// The shape and elements of a value, or how it is refused.
pub fn show_array(graph: &Graph, site: SiteId) -> String {
    value(graph, site).map_or_else(|| refusal(graph), |value| show_elements_of(&value))
}

/// The shape and elements of an array.
pub fn show_elements_of(value: &Array) -> String {
    format!("{} {}", written_shape(&value.array.shape), written_elements(value))
}

pub fn written_shape(shape: &Shape) -> String {
    let sizes: Vec<String> = shape.iter().map(Dim::to_string).collect();
    format!("[{}]", sizes.join(","))
}

fn written_elements(value: &Array) -> String {
    let element = |element: &Scalar| match element.dtype() {
        DType::Bool => element.bits().to_string(),
        dtype if !dtype.is_float() => element.to_string(),
        _ if element.as_f64().is_nan() => "nan".into(),
        dtype => format!("{:0digits$x}", element.bits(), digits = 2 * dtype.bytes()),
    };
    let texts: Vec<String> = value.elements.iter().map(element).collect();
    format!("{}:{}", value.array.dtype, texts.join(","))
}

/// Axes by their positions.
pub fn references(axes: Vec<isize>) -> Vec<AxisRef> {
    axes.into_iter().map(AxisRef::from).collect()
}
