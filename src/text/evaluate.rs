//! A syntax tree to expressions of a graph: one loop over the nodes, each from the values of its operands.

use super::error::Refusal;
use super::input::{Input, Place};
use super::python;
use super::selected::{self, Compressed};
use super::tree::{Id, Infix, Prefix, Span, Statement, Syntax, Target, Tree};
use super::value::{Array, Evaluated, MOST_AXES, Sequence, Stop, Value};
use crate::expr::{Argument, Expr, Graph};
use fusewire_ir::{DType, ElementOp as Op, Site, Weak};
use std::collections::{BTreeSet, HashMap};

/// Nothing is evaluated after so many mistakes.
const MOST_REFUSALS: usize = 200;

pub(super) struct Evaluator<'t, 'g> {
    pub text: &'t str,
    pub tree: &'t Tree,
    pub graph: &'g Graph,
    pub places: &'t Place,
    pub inputs: HashMap<&'t str, Input>,
    pub variables: HashMap<&'t str, Value<'g>>,
    /// Names of views of arrays that were assigned to since.
    pub stale: BTreeSet<&'t str>,
    pub refusals: Vec<Refusal>,
    /// What the graph knows to be wrong.
    pub poisoned: Vec<Expr<'g>>,
    identities: u32,
    /// The node that is a statement of its own, or what one assigns.
    root: Option<Id>,
}

/// A result of an expression in text.
#[derive(Clone, Copy, Debug)]
pub struct Output<'g> {
    /// The array. Where its length depends on data, as that of `x[mask]`, it is as long as it may become.
    pub expr: Expr<'g>,
    /// How many there are in front along `axis`, in `i64` without axes, where that depends on data.
    pub length: Option<Expr<'g>>,
    /// The axis that the length is of: the first, unless other indices stand before a mask, as in `x[:, mask]`.
    pub axis: usize,
}

/// The results of an evaluation.
pub(super) struct Results<'g> {
    pub outputs: Vec<Output<'g>>,
    pub refusals: Vec<Refusal>,
    pub poisoned: Vec<Expr<'g>>,
}

/// Believes the places of calls again, however an evaluation ends.
struct Placed<'g>(&'g Graph);

impl Drop for Placed<'_> {
    fn drop(&mut self) {
        self.0.ir().borrow_mut().set_place(None);
    }
}

impl<'t, 'g> Evaluator<'t, 'g> {
    pub fn new(
        text: &'t str,
        tree: &'t Tree,
        places: &'t Place,
        graph: &'g Graph,
        inputs: HashMap<&'t str, Input>,
    ) -> Self {
        Self {
            text,
            tree,
            graph,
            places,
            inputs,
            variables: HashMap::new(),
            stale: BTreeSet::new(),
            refusals: Vec::new(),
            poisoned: Vec::new(),
            identities: 0,
            root: None,
        }
    }

    /// Evaluates every statement; the results are the value of the last.
    pub fn run(mut self) -> Results<'g> {
        let _placed = Placed(self.graph);
        let mut values: Vec<Value<'g>> = Vec::new();
        values.resize_with(self.tree.nodes.len(), || Value::None);
        let mut last = (Value::None, Span::new(0, 0));
        'lines: for line in &self.tree.lines {
            // `out=` changes an array before the next statement, not in the middle of one.
            let is_update = matches!(line.statement, Statement::Update(..));
            self.root = line.nodes.end.checked_sub(1).filter(|_| !is_update).map(Id);
            for at in line.nodes.clone() {
                // Looking each of them up in the graph takes time as well.
                if self.refusals.len() + self.poisoned.len() >= MOST_REFUSALS {
                    break 'lines;
                }
                let node = &self.tree.nodes[at as usize];
                self.place(node.anchor);
                let value = self.node(Id(at), &mut values).map_err(|stop| self.pointed(stop, &node.syntax));
                values[at as usize] = match self.settle(value, node.span) {
                    // Reported whatever else is refused around it.
                    Value::Array(wrong) if !wrong.expr.is_sound() => {
                        self.poisoned.push(wrong.expr);
                        Value::Wrong
                    }
                    value => value,
                };
            }
            self.place(line.anchor);
            let value = self.statement(&line.statement, &mut values);
            if value.is_err() {
                self.lose(&line.statement);
            }
            last = (self.settle(value, line.span), line.span);
        }
        let outputs = self.outputs(last.0, last.1);
        Results { outputs, refusals: self.refusals, poisoned: self.poisoned }
    }

    /// What a refused statement would have assigned is not known: its uses are not refused once more.
    fn lose(&mut self, statement: &'t Statement) {
        let targets = match statement {
            Statement::Assign(targets, _) => &targets[..],
            Statement::Update(target, ..) => std::slice::from_ref(target),
            Statement::Expression(_) => &[],
        };
        for target in targets {
            let names = match target {
                Target::Name(name) | Target::Part(name, _) => std::slice::from_ref(name),
                Target::Names(names) => names,
            };
            for name in names {
                self.variables.insert(name.of(self.text), Value::Wrong);
            }
        }
    }

    /// A refusal at the operand or the index that it is about.
    fn pointed(&self, stop: Stop<'g>, syntax: &Syntax) -> Stop<'g> {
        match (stop, syntax) {
            (Stop::Refused(refusal), Syntax::Infix(_, left, right)) => {
                let part = refusal.part.and_then(|part| [left, right].get(part).copied());
                part.map_or(refusal.clone(), |part| refusal.at(self.tree.span(*part))).into()
            }
            (Stop::Refused(refusal), Syntax::Subscript(_, items)) => {
                self.pointed_at_item(refusal, *items).into()
            }
            (stop, _) => stop,
        }
    }

    /// A refusal at the index that it is about.
    fn pointed_at_item(&self, refusal: Refusal, items: Id) -> Refusal {
        let Some(part) = refusal.part else { return refusal };
        match &self.tree.node(items).syntax {
            Syntax::Tuple(parts) => match parts.get(part) {
                Some(part) => refusal.at(self.tree.span(*part)),
                None => refusal,
            },
            _ => refusal.at(self.tree.span(items)),
        }
    }

    /// Calls that follow belong to this token.
    fn place(&self, anchor: u32) {
        let (line, column) = self.places.of(anchor);
        let site = Site { file: self.places.name, line, column };
        self.graph.ir().borrow_mut().set_place(Some(site));
    }

    /// Keeps what is wrong, and goes on.
    fn settle(&mut self, value: Evaluated<'g>, span: Span) -> Value<'g> {
        match value {
            Ok(value) => value,
            Err(Stop::Refused(refusal)) => {
                self.refusals.push(refusal.at(span));
                Value::Wrong
            }
            Err(Stop::Poison(expr)) => {
                self.poisoned.push(expr);
                Value::Wrong
            }
        }
    }

    /// The arrays of the last value.
    fn outputs(&mut self, value: Value<'g>, span: Span) -> Vec<Output<'g>> {
        let values = match &value {
            Value::Tuple(parts) => parts.to_vec(),
            other => vec![other.clone()],
        };
        let mut outputs = Vec::new();
        for value in values {
            match value {
                Value::Wrong => {}
                Value::Selected(selected) => match selected.compressed() {
                    Ok(Compressed { rows, count, axis }) => {
                        outputs.push(Output { expr: rows, length: Some(count), axis })
                    }
                    Err(Stop::Poison(expr)) => self.poisoned.push(expr),
                    Err(Stop::Refused(refusal)) => self.refusals.push(refusal.at(span)),
                },
                value => match value.as_expr(self.graph, None) {
                    Ok(expr) => outputs.push(Output { expr, length: None, axis: 0 }),
                    Err(Stop::Poison(expr)) => self.poisoned.push(expr),
                    Err(Stop::Refused(_)) => {
                        let message = format!("the result is {}, not an array", value.describe());
                        self.refusals.push(Refusal::argument(message).at(span));
                    }
                },
            }
        }
        if outputs.is_empty() && self.refusals.is_empty() && self.poisoned.is_empty() {
            self.refusals.push(Refusal::argument("the result is empty").at(span));
        }
        outputs
    }

    /// A computed array, which has memory of its own.
    pub fn fresh(&mut self, expr: Expr<'g>) -> Value<'g> {
        self.identities += 1;
        Value::Array(Array { expr, identity: self.identities, memory: self.identities })
    }

    /// An array in the memory of another.
    pub fn view(&mut self, of: Array<'g>, expr: Expr<'g>) -> Value<'g> {
        self.identities += 1;
        Value::Array(Array { expr, identity: self.identities, memory: of.memory })
    }

    fn node(&mut self, id: Id, values: &mut [Value<'g>]) -> Evaluated<'g> {
        let node = self.tree.node(id);
        let operands = node.syntax.operands();
        if operands.iter().any(|operand| matches!(values[operand.index()], Value::Wrong)) {
            return Ok(Value::Wrong);
        }
        let mut take = |id: Id| std::mem::replace(&mut values[id.index()], Value::None);
        let value = match &node.syntax {
            Syntax::Int(value) => Value::Number(Weak::Int(*value)),
            Syntax::Float(value) => Value::Number(Weak::Float(*value)),
            Syntax::Bool(value) => Value::Number(Weak::Bool(*value)),
            Syntax::None | Syntax::Target => Value::None,
            Syntax::Ellipsis => Value::Ellipsis,
            Syntax::Text(text) => Value::Text(text.as_str().into()),
            Syntax::Name(name) => self.name(name.of(self.text))?,
            Syntax::Prefix(sign, of) => self.prefix(*sign, &take(*of))?,
            Syntax::Infix(op, left, right) => {
                let (left, right) = (take(*left), take(*right));
                self.infix(*op, &left, &right)?
            }
            Syntax::Attribute(of, name) => {
                let of = take(*of);
                self.attribute(&of, name.of(self.text))?
            }
            Syntax::Call(callee, given) => {
                let may_write = self.root == Some(id);
                self.call(callee, given, may_write, &mut take)?
            }
            Syntax::Subscript(of, items) => {
                let (of, items) = (take(*of), take(*items));
                self.subscript(&of, &items)?
            }
            Syntax::Slice(parts) => {
                let parts = parts.map(|part| part.map_or(Value::None, &mut take));
                Value::Slice(parts.into())
            }
            Syntax::Tuple(parts) => {
                Value::Tuple(Sequence::new(parts.iter().map(|part| take(*part)).collect())?)
            }
            Syntax::List(parts) => {
                Value::List(Sequence::new(parts.iter().map(|part| take(*part)).collect())?)
            }
        };
        self.checked(value)
    }

    /// Holds arrays to the number of axes that NumPy allows.
    fn checked(&self, value: Value<'g>) -> Evaluated<'g> {
        if let Value::Array(array) = &value
            && array.expr.ndim().is_some_and(|axes| axes > MOST_AXES)
        {
            return Err(Refusal::argument(format!("an array has at most {MOST_AXES} axes")).into());
        }
        Ok(value)
    }

    fn prefix(&mut self, sign: Prefix, of: &Value<'g>) -> Evaluated<'g> {
        if let Value::Number(number) = of {
            let number = python::prefix(sign, *number);
            return number.map(Value::Number).map_err(|wrong| Refusal::argument(wrong).into());
        }
        let op = match sign {
            Prefix::Minus => Op::Negative,
            Prefix::Plus => Op::Positive,
            Prefix::Invert => Op::Invert,
        };
        let result = self.element(op, std::slice::from_ref(of))?;
        if of.is_number() { Ok(Value::Later(result.as_expr(self.graph, None)?)) } else { Ok(result) }
    }

    pub fn infix(&mut self, op: Infix, left: &Value<'g>, right: &Value<'g>) -> Evaluated<'g> {
        let op = match op {
            Infix::Element(op) => op,
            Infix::Matmul => return super::functions::matmul(self, left, right),
        };
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => {
                let number = python::infix(op, *left, *right);
                number.map(Value::Number).map_err(|wrong| Refusal::argument(wrong).into())
            }
            (Value::Tuple(left), Value::Tuple(right)) if op == Op::Add => {
                Value::tuple([&left[..], &right[..]].concat())
            }
            (Value::DType(own), other) | (other, Value::DType(own))
                if matches!(op, Op::Equal | Op::NotEqual) && other.as_dtype().is_some() =>
            {
                Ok(Value::Number(Weak::Bool((other.as_dtype() == Some(*own)) == (op == Op::Equal))))
            }
            // Python would join, repeat or refuse them.
            (
                Value::Tuple(_) | Value::List(_),
                Value::Tuple(_) | Value::List(_) | Value::Number(_) | Value::Dim(_) | Value::Later(_),
            )
            | (Value::Number(_) | Value::Dim(_) | Value::Later(_), Value::Tuple(_) | Value::List(_)) => {
                let message = "tuples and lists are not computed with";
                Err(Refusal::language(message)
                    .help("make an array of one of them: `np.array([1, 2])`")
                    .into())
            }
            (Value::Dim(_), Value::Dim(_) | Value::Number(Weak::Int(_)))
            | (Value::Number(Weak::Int(_)), Value::Dim(_))
                if matches!(op, Op::Add | Op::Subtract | Op::Multiply) =>
            {
                let (Some(left), Some(right)) = (left.as_dim(), right.as_dim()) else {
                    return Err(Refusal::argument("a size has at most 64 bits").into());
                };
                Ok(Value::size(&match op {
                    Op::Add => left + right,
                    Op::Subtract => left - right,
                    _ => left * right,
                }))
            }
            // Numbers of Python, of which one is known only when data is.
            _ if left.is_number() && right.is_number() => {
                let result = self.element(op, &[left.clone(), right.clone()])?;
                Ok(Value::Later(result.as_expr(self.graph, None)?))
            }
            // The square of `bool` is one of its own operations.
            (Value::Array(array), Value::Number(Weak::Int(2)))
                if op == Op::Power && array.expr.dtype() == Some(DType::Bool) =>
            {
                self.element(Op::Square, std::slice::from_ref(left))
            }
            _ => self.element(op, &[left.clone(), right.clone()]),
        }
    }

    /// An operation of the op table.
    pub fn element(&mut self, op: Op, values: &[Value<'g>]) -> Evaluated<'g> {
        if let Some(selected) = selected::common(values)? {
            let mut everywhere: Vec<Value<'g>> = Vec::with_capacity(values.len());
            for value in values {
                everywhere.push(self.everywhere(value, &selected)?);
            }
            let result = self.element(op, &everywhere)?;
            return self.selected(&selected, result);
        }
        let mut arguments = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            arguments.push(value.as_argument(self.graph).map_err(|stop| of_part(stop, at))?);
        }
        // Numbers that are known only when data is give way to arrays as others do.
        let of_arrays = values.iter().zip(&arguments).filter(|(value, _)| !value.is_number());
        let dtypes = of_arrays.filter_map(|(_, argument)| match argument {
            Argument::Expr(expr) => expr.dtype(),
            Argument::Number(_) => None,
        });
        if let Some(dtype) = DType::result_type(dtypes) {
            for (value, argument) in values.iter().zip(&mut arguments) {
                if matches!(value, Value::Dim(_) | Value::Later(_)) {
                    *argument = Argument::Expr(value.beside(self.graph, dtype)?);
                }
            }
        }
        // A function of nothing but numbers computes in their own dtypes.
        if !arguments.iter().any(|argument| matches!(argument, Argument::Expr(_)))
            && let (Some(first), Some(value)) = (arguments.first_mut(), values.first())
        {
            *first = Argument::Expr(value.as_expr(self.graph, None)?);
        }
        let expr = Expr::element_of(self.graph, op, arguments.into_iter());
        Ok(self.fresh(expr))
    }

    fn statement(&mut self, statement: &'t Statement, values: &mut [Value<'g>]) -> Evaluated<'g> {
        let mut take = |id: Id| std::mem::replace(&mut values[id.index()], Value::None);
        match statement {
            Statement::Expression(id) => Ok(take(*id)),
            Statement::Assign(targets, id) => {
                let value = take(*id);
                for target in targets {
                    let items = match target {
                        Target::Part(_, items) => take(*items),
                        _ => Value::None,
                    };
                    self.assign(target, items, &value).map_err(|stop| match (stop, target) {
                        (Stop::Refused(refusal), Target::Part(_, items)) => {
                            self.pointed_at_item(refusal, *items).into()
                        }
                        (stop, _) => stop,
                    })?;
                }
                match targets.last() {
                    Some(Target::Part(name, _)) => self.name(name.of(self.text)),
                    _ => Ok(value),
                }
            }
            Statement::Update(target, op, id) => {
                let value = take(*id);
                let items = match target {
                    Target::Part(_, items) => take(*items),
                    _ => Value::None,
                };
                self.update(target, *op, items, &value)
            }
        }
    }

    /// What a name of the text stands for.
    pub fn variable(&mut self, name: Span) -> Evaluated<'g> {
        self.name(name.of(self.text)).map_err(|stop| match stop {
            Stop::Refused(refusal) => refusal.at(name).into(),
            stop => stop,
        })
    }
}

/// About this operand.
pub(super) fn of_part(stop: Stop<'_>, part: usize) -> Stop<'_> {
    match stop {
        Stop::Refused(refusal) => refusal.of_part(part).into(),
        stop => stop,
    }
}
