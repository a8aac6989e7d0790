//! The syntax tree of an expression in text: nodes in one arena, children before parents, so that evaluation is
//! a loop over it and no recursion follows its depth.

use fusewire_ir::ElementOp;
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::ops::Range;

/// A piece of the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The piece from the beginning of the one to the end of the other.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The piece of a text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }
}

/// A node of a [`Tree`]; children have smaller ids than their parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub u32);

impl Id {
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What can stand before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    Minus,
    Plus,
    Invert,
}

/// What can stand between two operands: the operation, as its symbol is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Infix {
    Element(ElementOp),
    /// `@`.
    Matmul,
}

/// What a call calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Callee {
    /// A function by its dotted name, which `Span` covers.
    Function(Span),
    /// A method of a value; its name.
    Method(Id, Span),
}

/// An argument of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Given {
    pub keyword: Option<Span>,
    pub value: Id,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Syntax {
    Int(i128),
    Float(f64),
    Bool(bool),
    None,
    Ellipsis,
    Text(String),
    /// A name with dots or without, such as `x` or `np.pi`.
    Name(Span),
    /// What is assigned to, which has no value of its own.
    Target,
    Prefix(Prefix, Id),
    Infix(Infix, Id, Id),
    Attribute(Id, Span),
    Call(Callee, Vec<Given>),
    Subscript(Id, Id),
    Slice([Option<Id>; 3]),
    Tuple(Vec<Id>),
    List(Vec<Id>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub syntax: Syntax,
    pub span: Span,
    /// The token that stands for this node alone, such as its operator.
    pub anchor: u32,
}

/// Where an assignment writes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// A name.
    Name(Span),
    /// A part of what a name stands for: the name, and what stands between the brackets.
    Part(Span, Id),
    /// Names that a tuple is taken apart for.
    Names(Vec<Span>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    /// An expression by itself.
    Expression(Id),
    /// `target = target = value`.
    Assign(Vec<Target>, Id),
    /// `target op= value`.
    Update(Target, Infix, Id),
}

/// A statement with its piece of the text and the nodes that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub statement: Statement,
    pub span: Span,
    /// The `=`, or where the expression begins.
    pub anchor: u32,
    /// The nodes of the statement, in order.
    pub nodes: Range<u32>,
}

impl Syntax {
    /// The nodes whose values this one is made of.
    pub fn operands(&self) -> SmallVec<[Id; 4]> {
        match self {
            Self::Prefix(_, of) | Self::Attribute(of, _) => smallvec![*of],
            Self::Infix(_, left, right) | Self::Subscript(left, right) => smallvec![*left, *right],
            Self::Call(callee, given) => {
                let receiver = match callee {
                    Callee::Method(receiver, _) => Some(*receiver),
                    Callee::Function(_) => None,
                };
                receiver.into_iter().chain(given.iter().map(|given| given.value)).collect()
            }
            Self::Slice(parts) => parts.iter().flatten().copied().collect(),
            Self::Tuple(parts) | Self::List(parts) => parts.iter().copied().collect(),
            _ => SmallVec::new(),
        }
    }
}

/// Statements over one arena of nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tree {
    pub nodes: Vec<Node>,
    pub lines: Vec<Line>,
}

impl Tree {
    pub fn push(&mut self, syntax: Syntax, span: Span, anchor: u32) -> Id {
        self.nodes.push(Node { syntax, span, anchor });
        Id(self.nodes.len() as u32 - 1)
    }

    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.index()]
    }

    pub fn span(&self, id: Id) -> Span {
        self.node(id).span
    }

    /// The piece of each node and statement by the token that it has for its own.
    pub fn anchored(&self) -> HashMap<u32, Span> {
        let lines = self.lines.iter().map(|line| (line.anchor, line.span));
        lines.chain(self.nodes.iter().map(|node| (node.anchor, node.span))).collect()
    }
}
