//! Statements of the grammar: assignments, updates and imports.

use super::error::Refusal;
use super::grammar::{Grammar, MODULES, Parsed, infix, reserved};
use super::token::{Kind, Token};
use super::tree::{Id, Infix, Line, Span, Statement, Syntax, Target};
use fusewire_ir::ElementOp as Op;

/// The operator before the `=` of an update such as `+=`.
fn update(symbol: &str) -> Option<Infix> {
    let operator = symbol.strip_suffix('=')?;
    match operator {
        "**" => Some(Infix::Element(Op::Power)),
        "<" | ">" | "=" | "!" => None,
        _ => infix(operator).map(|(infix, _)| infix),
    }
}

impl Grammar<'_> {
    /// All of them, of which there is at least one.
    pub(super) fn statements(&mut self) -> Parsed<()> {
        let mut imports = false;
        loop {
            while self.eat(Kind::Newline).or_else(|| self.eat_symbol(";")).is_some() {}
            if self.peek().is_none() {
                break;
            }
            if self.peek_symbol() == Some("import") {
                imports = true;
                self.import()?;
            } else {
                self.statement()?;
            }
            if self.peek().is_some() && !self.is_next(0, Kind::Newline) && self.peek_symbol() != Some(";") {
                return Err(self.unexpected("an operator or the end of the statement"));
            }
        }
        if self.tree.lines.is_empty() && imports {
            let end = self.text.len() as u32;
            return Err(Refusal::syntax("there is nothing behind the import", Span::new(end, end))
                .help("write an expression, such as `x.mean(axis=0)`"));
        }
        if self.tree.lines.is_empty() {
            return Err(Refusal::syntax("the expression is empty", Span::new(0, 0))
                .help("write one, such as `x.mean(axis=0)`"));
        }
        Ok(())
    }

    /// `import numpy as np`, which changes nothing.
    fn import(&mut self) -> Parsed<()> {
        let word = self.next().map_or(Span::new(0, 0), |token| token.span);
        let module = self.eat(Kind::Name);
        let known =
            |token: Option<Token>, text| token.is_some_and(|token| MODULES.contains(&token.span.of(text)));
        let mut fits = module.is_some_and(|module| module.span.of(self.text) == "numpy");
        if self.eat_symbol("as").is_some() {
            let alias = self.eat(Kind::Name);
            fits &= known(alias, self.text);
        }
        if fits { Ok(()) } else { Err(reserved("import", word)) }
    }

    fn statement(&mut self) -> Parsed<()> {
        let first = self.tree.nodes.len() as u32;
        let mut value = self.tuple()?;
        let mut anchor = self.tree.node(value).anchor;
        let mut targets = Vec::new();
        let begin = self.tree.span(value);
        let statement = if let Some((operator, token)) = self.eat_update() {
            anchor = token.span.start;
            let target = self.target(value)?;
            value = self.tuple()?;
            Statement::Update(target, operator, value)
        } else {
            while let Some(token) = self.eat_symbol("=") {
                anchor = token.span.start;
                targets.push(self.target(value)?);
                value = self.tuple()?;
            }
            if targets.is_empty() { Statement::Expression(value) } else { Statement::Assign(targets, value) }
        };
        let span = begin.to(self.tree.span(value));
        let nodes = first..self.tree.nodes.len() as u32;
        self.tree.lines.push(Line { statement, span, anchor, nodes });
        Ok(())
    }

    fn eat_update(&mut self) -> Option<(Infix, Token)> {
        let operator = update(self.peek_symbol()?)?;
        Some((operator, self.next()?))
    }

    /// What was read as an expression, as the target of an assignment. It is not evaluated.
    fn target(&mut self, id: Id) -> Parsed<Target> {
        let node = self.tree.node(id).clone();
        let refused = || {
            let help = "names are: `y = ...`, `y[1:-1] = ...`, `y[mask] = ...`, `a, b = ...`";
            Err(Refusal::language("nothing can be assigned to this").at(node.span).help(help))
        };
        let target = match &node.syntax {
            Syntax::Name(name) if self.is_plain(*name) => Target::Name(*name),
            Syntax::Subscript(of, items) => match self.tree.node(*of).syntax {
                Syntax::Name(name) if self.is_plain(name) => {
                    self.tree.nodes[of.index()].syntax = Syntax::Target;
                    Target::Part(name, *items)
                }
                _ => return refused(),
            },
            Syntax::Tuple(parts) | Syntax::List(parts) => {
                let mut names = Vec::new();
                for part in parts {
                    let Syntax::Name(name) = self.tree.node(*part).syntax else { return refused() };
                    self.tree.nodes[part.index()].syntax = Syntax::Target;
                    names.push(name);
                }
                Target::Names(names)
            }
            _ => return refused(),
        };
        self.tree.nodes[id.index()].syntax = Syntax::Target;
        Ok(target)
    }

    fn is_plain(&self, name: Span) -> bool {
        !name.of(self.text).contains('.')
    }
}
