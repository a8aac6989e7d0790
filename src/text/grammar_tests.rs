//! The parser against Python's own: `tests/golden/text_grammar.py` writes the file and explains it.

use super::tree::{Callee, Id, Infix, Prefix, Span, Syntax, Tree};
use super::{grammar, tree};
use fusewire_ir::ElementOp as Op;
use std::fmt::Write;

const GOLDEN: &str = include_str!("../../tests/golden/text_grammar.txt");

/// The piece of a node as Python gives it: brackets around a value do not belong to it, but for those of a tuple.
fn piece(text: &str, span: Span, is_tuple: bool) -> Span {
    let mut piece = span;
    while closes(text, piece) {
        let inner = Span::new(piece.start + 1, piece.end - 1);
        let trimmed = inner.of(text);
        let before = trimmed.len() - trimmed.trim_start().len();
        let after = trimmed.len() - trimmed.trim_end().len();
        let inner = Span::new(inner.start + before as u32, inner.end - after as u32);
        if is_tuple && !closes(text, inner) {
            break;
        }
        piece = inner;
    }
    piece
}

/// Does the bracket at the beginning of the piece close at its end?
fn closes(text: &str, span: Span) -> bool {
    let (mut depth, mut quote) = (0, None);
    let piece = span.of(text).as_bytes();
    if piece.first() != Some(&b'(') {
        return false;
    }
    for (at, byte) in piece.iter().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[') => depth += 1,
            (None, b')' | b']') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1 == piece.len();
        }
    }
    false
}

const fn symbol(op: Infix) -> &'static str {
    match op {
        Infix::Matmul => "@",
        Infix::Element(op) => match op {
            Op::Add => "+",
            Op::Subtract => "-",
            Op::Multiply => "*",
            Op::Divide => "/",
            Op::FloorDivide => "//",
            Op::Remainder => "%",
            Op::Power => "**",
            Op::BitwiseOr => "|",
            Op::BitwiseXor => "^",
            Op::BitwiseAnd => "&",
            Op::LeftShift => "<<",
            Op::RightShift => ">>",
            Op::Less => "<",
            Op::LessEqual => "<=",
            Op::Greater => ">",
            Op::GreaterEqual => ">=",
            Op::Equal => "==",
            _ => "!=",
        },
    }
}

fn all(text: &str, tree: &Tree, parts: &[Id]) -> String {
    parts.iter().fold(String::new(), |mut all, part| {
        let _ = write!(all, " {}", dumped(text, tree, *part));
        all
    })
}

fn dumped(text: &str, tree: &Tree, id: Id) -> String {
    let node = tree.node(id);
    let one = |id: Id| dumped(text, tree, id);
    let is_tuple = matches!(node.syntax, Syntax::Tuple(_));
    let Span { start, end } = piece(text, node.span, is_tuple);
    let shown = match &node.syntax {
        Syntax::Int(value) => format!("i:{value}"),
        Syntax::Float(value) => format!("f:{:016x}", value.to_bits()),
        Syntax::Bool(true) => "True".into(),
        Syntax::Bool(false) => "False".into(),
        Syntax::None => "None".into(),
        Syntax::Ellipsis => "...".into(),
        Syntax::Text(value) => format!("s:{value}"),
        Syntax::Name(name) => format!("n:{}", name.of(text)),
        Syntax::Target => "target".into(),
        Syntax::Prefix(sign, of) => {
            let sign = match sign {
                Prefix::Minus => '-',
                Prefix::Plus => '+',
                Prefix::Invert => '~',
            };
            format!("(u{sign} {})", one(*of))
        }
        Syntax::Infix(op, left, right) => format!("({} {} {})", symbol(*op), one(*left), one(*right)),
        Syntax::Attribute(of, name) => format!("(.{} {})", name.of(text), one(*of)),
        Syntax::Call(callee, given) => {
            let mut call = match callee {
                Callee::Function(path) => format!("(call {}", path.of(text)),
                Callee::Method(of, name) => format!("(method {} {}", name.of(text), one(*of)),
            };
            for argument in given {
                let keyword = argument.keyword.map(|name| format!("{}=", name.of(text))).unwrap_or_default();
                let _ = write!(call, " {keyword}{}", one(argument.value));
            }
            call + ")"
        }
        Syntax::Subscript(of, items) => format!("(index {} {})", one(*of), one(*items)),
        Syntax::Slice(parts) => {
            let parts = parts.map(|part| part.map_or("_".into(), one));
            format!("(slice {})", parts.join(" "))
        }
        Syntax::Tuple(parts) => format!("(tuple{})", all(text, tree, parts)),
        Syntax::List(parts) => format!("(list{})", all(text, tree, parts)),
    };
    format!("{shown}@{start}-{end}")
}

#[test]
fn expressions_are_read_as_python_reads_them() {
    let mut count = 0;
    for line in GOLDEN.lines() {
        let (text, expected) = line.split_once('\t').unwrap();
        let tree = match grammar::parse(text) {
            Ok(tree) => tree,
            Err(refusal) => panic!("{text}: {refusal:?}"),
        };
        let [tree::Line { statement: tree::Statement::Expression(id), .. }] = tree.lines[..] else {
            panic!("{text}: {tree:?}");
        };
        assert_eq!(dumped(text, &tree, id), expected, "{text}");
        count += 1;
    }
    assert!(count >= 1000);
}

#[test]
fn no_two_nodes_share_their_token() {
    for text in GOLDEN.lines().filter_map(|line| line.split('\t').next()) {
        let tree = grammar::parse(text).unwrap();
        let mut anchors: Vec<u32> = tree.nodes.iter().map(|node| node.anchor).collect();
        anchors.sort_unstable();
        let count = anchors.len();
        anchors.dedup();
        assert_eq!(anchors.len(), count, "{text}");
    }
}
