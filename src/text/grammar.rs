//! Tokens to a syntax tree: the expressions of Python that NumPy gives a meaning.

use super::error::Refusal;
use super::token::{Kind, Token, float_value, int_value, text_value, tokens};
use super::tree::{Callee, Given, Id, Infix, Prefix, Span, Syntax, Tree};
use fusewire_ir::ElementOp as Op;
use smallvec::SmallVec;
use winnow::Parser;
use winnow::combinator::opt;
use winnow::error::EmptyError;
use winnow::stream::TokenSlice;
use winnow::token::any;

/// How tightly comparisons bind: less than all else.
const COMPARISON: u8 = 1;

/// The modules whose names stand before a dot.
pub(super) const MODULES: [&str; 2] = ["np", "numpy"];

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Tree, Refusal> {
    let tokens = tokens(text)?;
    let mut grammar = Grammar { text, tokens: TokenSlice::new(&tokens), tree: Tree::default() };
    grammar.statements()?;
    Ok(grammar.tree)
}

/// The tokens that are left, and the tree of those that were read.
pub(super) struct Grammar<'t> {
    pub text: &'t str,
    tokens: TokenSlice<'t, Token>,
    pub tree: Tree,
}

pub(super) type Parsed<T> = Result<T, Refusal>;

/// What an operator between operands does, and how tightly it binds.
pub(super) fn infix(symbol: &str) -> Option<(Infix, u8)> {
    let (op, binding) = match symbol {
        "<" => (Op::Less, COMPARISON),
        "<=" => (Op::LessEqual, COMPARISON),
        ">" => (Op::Greater, COMPARISON),
        ">=" => (Op::GreaterEqual, COMPARISON),
        "==" => (Op::Equal, COMPARISON),
        "!=" => (Op::NotEqual, COMPARISON),
        "|" => (Op::BitwiseOr, 2),
        "^" => (Op::BitwiseXor, 3),
        "&" => (Op::BitwiseAnd, 4),
        "<<" => (Op::LeftShift, 5),
        ">>" => (Op::RightShift, 5),
        "+" => (Op::Add, 6),
        "-" => (Op::Subtract, 6),
        "*" => (Op::Multiply, 7),
        "/" => (Op::Divide, 7),
        "//" => (Op::FloorDivide, 7),
        "%" => (Op::Remainder, 7),
        "@" => return Some((Infix::Matmul, 7)),
        _ => return None,
    };
    Some((Infix::Element(op), binding))
}

/// Why a word that Python reserves is refused, and what to write instead.
pub(super) fn reserved(word: &str, span: Span) -> Refusal {
    let (what, help) = match word {
        "and" => (
            "an array is neither true nor false",
            "write `&`, with brackets around comparisons: `(x > 0) & (x < 1)`",
        ),
        "or" => (
            "an array is neither true nor false",
            "write `|`, with brackets around comparisons: `(x < 0) | (x > 1)`",
        ),
        "not" => ("an array is neither true nor false", "write `~`: `~(x > 0)`"),
        "if" | "else" | "elif" => (
            "conditions are not in the language",
            "write `np.where(condition, x, y)`, which chooses for each element",
        ),
        "for" | "while" | "break" | "continue" => (
            "loops are not in the language",
            "operations on whole arrays are: `x * 2`, `x.sum(axis=0)`, `np.diff(x)`",
        ),
        "in" | "is" => (
            "tests of membership and identity are not in the language",
            "compare with `==`, or with `np.isnan` and its like",
        ),
        "lambda" | "def" | "class" | "return" | "yield" | "async" | "await" | "global" | "nonlocal" => {
            ("definitions are not in the language", "give a value a name with `y = ...`")
        }
        "import" | "from" => {
            ("nothing but numpy can be imported", "`np.` may stand before functions without an import")
        }
        "with" | "try" | "except" | "finally" | "raise" | "assert" => (
            "statements other than assignments are not in the language",
            "end with the expression that is wanted",
        ),
        _ => ("it is not in the language", "the language has expressions and assignments"),
    };
    Refusal::language(format!("`{word}`: {what}")).at(span).help(help)
}

impl<'t> Grammar<'t> {
    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.first().copied()
    }

    pub(super) fn peek_symbol(&self) -> Option<&'static str> {
        match self.peek()?.kind {
            Kind::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    pub(super) fn is_next(&self, at: usize, kind: Kind) -> bool {
        self.tokens.get(at).is_some_and(|token| *token == kind)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        any::<_, EmptyError>.parse_next(&mut self.tokens).ok().copied()
    }

    pub(super) fn eat(&mut self, kind: Kind) -> Option<Token> {
        let wanted = any.verify(|token: &&Token| **token == kind);
        opt::<_, _, EmptyError, _>(wanted).parse_next(&mut self.tokens).ok().flatten().copied()
    }

    pub(super) fn eat_symbol(&mut self, symbol: &'static str) -> Option<Token> {
        self.eat(Kind::Symbol(symbol))
    }

    fn expect(&mut self, symbol: &'static str, after: &str) -> Parsed<Token> {
        self.eat_symbol(symbol).ok_or_else(|| self.unexpected(&format!("`{symbol}` {after}")))
    }

    /// The end of what `open` began.
    fn close(&mut self, symbol: &'static str, after: &str, open: Span) -> Parsed<Token> {
        if self.peek().is_none() {
            let message = format!("`{}` is never closed", open.of(self.text));
            return Err(Refusal::syntax(message, open).help(format!("write `{symbol}` {after}")));
        }
        self.expect(symbol, after)
    }

    /// A value stands where an operator or a comma is missing.
    fn begins_value(&self) -> bool {
        self.peek().is_some_and(|token| match token.kind {
            Kind::Name | Kind::Int | Kind::Float | Kind::Text => true,
            Kind::Symbol(symbol) => matches!(symbol, "(" | "[" | "None" | "True" | "False" | "..."),
            Kind::Newline => false,
        })
    }

    /// Something else stands where `wanted` should.
    pub(super) fn unexpected(&self, wanted: &str) -> Refusal {
        let Some(token) = self.peek() else {
            let end = self.text.len() as u32;
            return Refusal::syntax(
                format!("the expression ends where {wanted} should stand"),
                Span::new(end, end),
            );
        };
        match token.kind {
            Kind::Symbol("{" | "}") => {
                Refusal::language("dictionaries and sets are not in the language").at(token.span)
            }
            Kind::Symbol(":=") => Refusal::language("`:=` is not in the language")
                .at(token.span)
                .help("write `y = ...;` before"),
            Kind::Symbol(word)
                if word.starts_with(|first: char| first.is_ascii_alphabetic())
                    && !matches!(word, "None" | "True" | "False") =>
            {
                reserved(word, token.span)
            }
            Kind::Newline => {
                Refusal::syntax(format!("the line ends where {wanted} should stand"), token.span)
            }
            Kind::Symbol(closing @ (")" | "]")) if wanted.starts_with("an operator") => {
                Refusal::syntax(format!("`{closing}` closes nothing"), token.span)
            }
            _ => {
                let found = token.span.of(self.text);
                let refusal = Refusal::syntax(format!("`{found}` stands where {wanted} should"), token.span);
                if self.begins_value() && !wanted.starts_with("a value") {
                    refusal.help(format!("is an operator or a comma missing before `{found}`?"))
                } else {
                    refusal
                }
            }
        }
    }

    /// An expression, or several with commas between them, which are a tuple.
    pub(super) fn tuple(&mut self) -> Parsed<Id> {
        let first = self.expression()?;
        let Some(comma) = self.peek().filter(|token| *token == Kind::Symbol(",")) else { return Ok(first) };
        let mut parts = vec![first];
        while self.eat_symbol(",").is_some() {
            if self.peek().is_none_or(|token| matches!(token.kind, Kind::Newline | Kind::Symbol(";" | "="))) {
                break;
            }
            parts.push(self.expression()?);
        }
        let last = parts.last().map_or(first, |last| *last);
        let span = self.tree.span(first).to(self.tree.span(last));
        Ok(self.tree.push(Syntax::Tuple(parts), span, comma.span.start))
    }

    /// Operands with operators between them. What waits for its right operand is in a list, with one entry for each
    /// tightness at most, so that neither chains nor mixtures of operators make the parser recurse.
    fn expression(&mut self) -> Parsed<Id> {
        let mut waiting: Vec<(Infix, u8, Id, u32)> = Vec::new();
        let mut right = self.signed()?;
        loop {
            let next = self.peek_symbol().and_then(infix);
            // What binds at least as tightly is complete.
            while let Some((op, binding, left, anchor)) =
                waiting.pop_if(|waiting| next.is_none_or(|(_, binding)| waiting.1 >= binding))
            {
                let span = self.tree.span(left).to(self.tree.span(right));
                right = self.tree.push(Syntax::Infix(op, left, right), span, anchor);
                if binding == COMPARISON && next.is_some_and(|(_, binding)| binding == COMPARISON) {
                    let both = self.peek().map_or(span, |token| span.to(token.span));
                    let refusal =
                        Refusal::language("chains of comparisons have no meaning for arrays").at(both);
                    return Err(refusal.help("write two comparisons: `(a < x) & (x < b)`"));
                }
            }
            let Some((op, binding)) = next else { break };
            let anchor = self.next().map_or(0, |token| token.span.start);
            waiting.push((op, binding, right, anchor));
            right = self.signed()?;
        }
        if let Some(word @ ("and" | "or" | "if" | "in" | "is" | "not" | "for")) = self.peek_symbol() {
            let span = self.peek().map_or(Span::new(0, 0), |token| token.span);
            return Err(reserved(word, span));
        }
        Ok(right)
    }

    /// Signs, which bind tighter than products and less than powers.
    fn signed(&mut self) -> Parsed<Id> {
        let mut signs: SmallVec<[(Prefix, Span); 2]> = SmallVec::new();
        loop {
            let sign = match self.peek_symbol() {
                Some("-") => Prefix::Minus,
                Some("+") => Prefix::Plus,
                Some("~") => Prefix::Invert,
                _ => break,
            };
            signs.extend(self.next().map(|token| (sign, token.span)));
        }
        let mut operand = self.power()?;
        for (sign, token) in signs.into_iter().rev() {
            let span = token.to(self.tree.span(operand));
            operand = self.tree.push(Syntax::Prefix(sign, operand), span, token.start);
        }
        Ok(operand)
    }

    fn power(&mut self) -> Parsed<Id> {
        let base = self.primary()?;
        let Some(token) = self.eat_symbol("**") else { return Ok(base) };
        let exponent = self.signed()?;
        let span = self.tree.span(base).to(self.tree.span(exponent));
        let power = Infix::Element(Op::Power);
        Ok(self.tree.push(Syntax::Infix(power, base, exponent), span, token.span.start))
    }

    /// An operand with what follows it: attributes, calls, subscripts.
    fn primary(&mut self) -> Parsed<Id> {
        let mut value = self.atom()?;
        loop {
            let start = self.tree.span(value);
            match self.peek_symbol() {
                Some(".") => {
                    self.next();
                    let name = self.eat(Kind::Name).ok_or_else(|| {
                        let refusal = self.unexpected("the name of an attribute or a method");
                        match self.peek_symbol() {
                            Some("^") => refusal.help("operators are of each element: a power is `x ** 2`"),
                            Some(symbol @ ("*" | "/" | "**")) => {
                                refusal.help(format!("operators are of each element: write `x {symbol} 2`"))
                            }
                            _ => refusal,
                        }
                    })?;
                    value = if self.peek_symbol() == Some("(") {
                        self.call(Callee::Method(value, name.span), start, name.span)?
                    } else {
                        self.tree.push(
                            Syntax::Attribute(value, name.span),
                            start.to(name.span),
                            name.span.start,
                        )
                    };
                }
                Some("(") => {
                    let span = self.peek().map_or(start, |token| token.span);
                    return Err(
                        Refusal::language("only functions and methods can be called").at(start.to(span))
                    );
                }
                Some("[") => {
                    let open = self.next().map_or(0, |token| token.span.start);
                    let items = self.items()?;
                    let close = self.close("]", "after the indices", Span::new(open, open + 1))?;
                    value = self.tree.push(Syntax::Subscript(value, items), start.to(close.span), open);
                }
                _ => return Ok(value),
            }
        }
    }

    fn atom(&mut self) -> Parsed<Id> {
        let Some(token) = self.peek() else { return Err(self.unexpected("a value")) };
        let span = token.span;
        let syntax = match token.kind {
            Kind::Name => return self.name(),
            Kind::Int => {
                Syntax::Int(int_value(span.of(self.text)).map_err(|wrong| Refusal::syntax(wrong, span))?)
            }
            Kind::Float => Syntax::Float(float_value(span.of(self.text))),
            Kind::Text => {
                Syntax::Text(text_value(span.of(self.text)).map_err(|wrong| Refusal::syntax(wrong, span))?)
            }
            Kind::Symbol("True") => Syntax::Bool(true),
            Kind::Symbol("False") => Syntax::Bool(false),
            Kind::Symbol("None") => Syntax::None,
            Kind::Symbol("...") => Syntax::Ellipsis,
            Kind::Symbol("(") => return self.bracketed("(", ")"),
            Kind::Symbol("[") => return self.bracketed("[", "]"),
            Kind::Symbol(stars @ ("*" | "**")) if self.may_unpack(span) => {
                let message = format!("arguments and values are not unpacked with `{stars}`");
                return Err(Refusal::language(message).at(span).help("write each of them"));
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.next();
        Ok(self.tree.push(syntax, span, span.start))
    }

    /// Does a value begin before this piece, rather than go on?
    fn may_unpack(&self, span: Span) -> bool {
        let before = self.text.get(..span.start as usize).unwrap_or("").trim_end();
        before.is_empty() || before.ends_with(['(', '[', ',', '=', '\n', ';'])
    }

    /// A name, the path of one in numpy, or a call of either.
    fn name(&mut self) -> Parsed<Id> {
        let first = self.next().map_or(Span::new(0, 0), |token| token.span);
        let (mut path, mut last) = (first, first);
        if MODULES.contains(&first.of(self.text)) {
            while self.peek_symbol() == Some(".") && self.is_next(1, Kind::Name) {
                self.next();
                last = self.next().map_or(last, |token| token.span);
                path = path.to(last);
            }
        }
        if self.peek_symbol() == Some("(") {
            return self.call(Callee::Function(path), path, last);
        }
        Ok(self.tree.push(Syntax::Name(path), path, last.start))
    }

    fn call(&mut self, callee: Callee, start: Span, anchor: Span) -> Parsed<Id> {
        let open = self.next().map_or(start, |token| token.span);
        let mut arguments = Vec::new();
        let close = loop {
            if let Some(close) = self.eat_symbol(")") {
                break close;
            }
            if self.peek().is_none() {
                break self.close(")", "after the arguments", open)?;
            }
            let keyword = if self.is_next(0, Kind::Name) && self.is_next(1, Kind::Symbol("=")) {
                let name = self.next().map(|token| token.span);
                self.next();
                name
            } else {
                None
            };
            let value = self.expression()?;
            arguments.push(Given { keyword, value });
            if self.eat_symbol(",").is_none() {
                break self.close(")", "after the arguments", open)?;
            }
        };
        Ok(self.tree.push(Syntax::Call(callee, arguments), start.to(close.span), anchor.start))
    }

    /// A tuple, a list, or an expression in brackets.
    fn bracketed(&mut self, open: &'static str, close: &'static str) -> Parsed<Id> {
        let start = self.next().map_or(Span::new(0, 0), |token| token.span);
        let (mut parts, mut commas) = (Vec::new(), 0);
        let end = loop {
            if let Some(end) = self.eat_symbol(close) {
                break end;
            }
            if self.peek().is_none() {
                break self.close(close, &format!("to close `{open}`"), start)?;
            }
            parts.push(self.expression()?);
            if self.eat_symbol(",").is_none() {
                break self.close(close, &format!("to close `{open}`"), start)?;
            }
            commas += 1;
        };
        let span = start.to(end.span);
        match (open, &parts[..]) {
            ("(", [value]) if commas == 0 => {
                // The brackets belong to it where a piece is underlined; no token stands for them.
                self.tree.nodes[value.index()].span = span;
                Ok(*value)
            }
            ("(", _) => Ok(self.tree.push(Syntax::Tuple(parts), span, start.start)),
            _ => Ok(self.tree.push(Syntax::List(parts), span, start.start)),
        }
    }

    /// What stands between the brackets of a subscript.
    fn items(&mut self) -> Parsed<Id> {
        let first = self.item()?;
        let Some(comma) = self.peek().filter(|token| *token == Kind::Symbol(",")) else { return Ok(first) };
        let mut items = vec![first];
        while self.eat_symbol(",").is_some() {
            if self.peek_symbol() == Some("]") {
                break;
            }
            items.push(self.item()?);
        }
        let last = items.last().map_or(first, |last| *last);
        let span = self.tree.span(first).to(self.tree.span(last));
        Ok(self.tree.push(Syntax::Tuple(items), span, comma.span.start))
    }

    /// An index or a slice.
    fn item(&mut self) -> Parsed<Id> {
        let start = self.peek().map_or(Span::new(0, 0), |token| token.span);
        let mut parts = [None; 3];
        let mut colons = Vec::new();
        loop {
            if !matches!(self.peek_symbol(), Some(":" | "," | "]")) {
                parts[colons.len()] = Some(self.expression()?);
            }
            if colons.len() == 2 {
                break;
            }
            match self.eat_symbol(":") {
                Some(colon) => colons.push(colon.span),
                None => break,
            }
        }
        match (colons.first(), parts[0]) {
            (None, Some(index)) => Ok(index),
            (None, None) => Err(self.unexpected("an index")),
            (Some(first), _) => {
                let ends =
                    parts.iter().flatten().map(|part| self.tree.span(*part)).chain(colons.iter().copied());
                let span = ends.fold(start, Span::to);
                Ok(self.tree.push(Syntax::Slice(parts), span, first.start))
            }
        }
    }
}
