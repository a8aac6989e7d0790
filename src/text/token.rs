//! Text to tokens, with everything counted that a hostile expression could have too much of.

use super::error::{Refusal, printable};
use super::tree::Span;
use fusewire_ir::DiagnosticKind;
use fusewire_ir::diagnostic::grouped;
use winnow::Parser;
use winnow::combinator::{alt, opt, repeat};
use winnow::error::EmptyError;
use winnow::stream::LocatingSlice;
use winnow::stream::{Location, Stream};
use winnow::token::{any, one_of, take, take_till, take_while};

/// The longest text, in bytes.
pub const MOST_BYTES: usize = 16 << 20;

/// The most operators, calls, subscripts, commas and statements.
pub const MOST_OPERATORS: usize = 500_000;

/// How deeply brackets, signs and powers may be nested.
pub const DEEPEST: usize = 200;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Int,
    Float,
    Text,
    /// An operator, a bracket, a separator or a word that Python reserves.
    Symbol(&'static str),
    /// The end of a statement.
    Newline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// So that parsers take a kind where a token is expected.
impl PartialEq<Kind> for Token {
    fn eq(&self, kind: &Kind) -> bool {
        self.kind == *kind
    }
}

impl Location for Token {
    fn previous_token_end(&self) -> usize {
        self.span.start as usize
    }
    fn current_token_start(&self) -> usize {
        self.span.start as usize
    }
}

/// Longer ones first.
const SYMBOLS: &[&str] = &[
    "**=", "//=", "<<=", ">>=", "...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "->", ":=", "+=",
    "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<",
    ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";",
];

/// The words that Python reserves.
const WORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

type Input<'t> = LocatingSlice<&'t str>;
type Lexed<T> = Result<T, EmptyError>;

fn is_name_start(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

fn is_name(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// Digits with single underscores between them.
fn digits<'t>(of: fn(char) -> bool) -> impl Parser<Input<'t>, &'t str, EmptyError> {
    let group = move || take_while(1.., of);
    (group(), repeat::<_, _, (), _, _>(0.., ('_', group()))).take()
}

fn decimal<'t>(input: &mut Input<'t>) -> Lexed<&'t str> {
    digits(|digit| digit.is_ascii_digit()).parse_next(input)
}

fn exponent<'t>(input: &mut Input<'t>) -> Lexed<&'t str> {
    (one_of(['e', 'E']), opt(one_of(['+', '-'])), decimal).take().parse_next(input)
}

fn float<'t>(input: &mut Input<'t>) -> Lexed<&'t str> {
    alt((
        (decimal, '.', opt(decimal), opt(exponent)).take(),
        ('.', decimal, opt(exponent)).take(),
        (decimal, exponent).take(),
    ))
    .parse_next(input)
}

fn int<'t>(input: &mut Input<'t>) -> Lexed<&'t str> {
    alt((
        ('0', one_of(['x', 'X']), opt('_'), digits(|digit| digit.is_ascii_hexdigit())).take(),
        ('0', one_of(['o', 'O']), opt('_'), digits(|digit| digit.is_digit(8))).take(),
        ('0', one_of(['b', 'B']), opt('_'), digits(|digit| digit.is_digit(2))).take(),
        decimal,
    ))
    .parse_next(input)
}

fn text<'t>(input: &mut Input<'t>) -> Lexed<&'t str> {
    let quoted = |quote: char| {
        let escaped = ('\\', any).void();
        let plain = take_till(1.., move |c| c == quote || c == '\\' || c == '\n').void();
        (quote, repeat::<_, _, (), _, _>(0.., alt((escaped, plain))), quote).take()
    };
    alt((quoted('\''), quoted('"'))).parse_next(input)
}

fn symbol(input: &mut Input<'_>) -> Lexed<&'static str> {
    let rest: &str = input;
    let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) else {
        return Err(EmptyError);
    };
    take(symbol.len()).parse_next(input)?;
    Ok(symbol)
}

fn name(input: &mut Input<'_>) -> Lexed<Kind> {
    let name = (one_of(is_name_start), take_while(0.., is_name)).take().parse_next(input)?;
    Ok(WORDS.iter().find(|word| **word == name).map_or(Kind::Name, |word| Kind::Symbol(word)))
}

fn token(input: &mut Input<'_>) -> Lexed<Kind> {
    alt((
        name,
        float.value(Kind::Float),
        int.value(Kind::Int),
        text.value(Kind::Text),
        symbol.map(Kind::Symbol),
    ))
    .parse_next(input)
}

/// Space, comments and joined lines. Line ends count only outside of brackets.
fn space(input: &mut Input<'_>, lines: bool) {
    let blank = move |c: char| matches!(c, ' ' | '\t' | '\r' | '\u{c}') || (lines && c == '\n');
    let comment = ('#', take_till(0.., '\n')).void();
    let joined = ('\\', opt('\r'), '\n').void();
    let one = alt((take_while(1.., blank).void(), comment, joined));
    let _: Lexed<()> = repeat(0.., one).parse_next(input);
}

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    if text.len() > MOST_BYTES {
        let message = format!(
            "the expression has {} bytes, of at most {}",
            grouped(text.len() as u64),
            grouped(MOST_BYTES as u64)
        );
        return Err(Refusal::new(DiagnosticKind::TooLarge, message));
    }
    let mut input = LocatingSlice::new(text);
    let mut tokens: Vec<Token> = Vec::new();
    let mut depth = Depth::default();
    loop {
        space(&mut input, depth.is_within_brackets());
        let start = input.current_token_start();
        if input.is_empty() {
            return Ok(tokens);
        }
        let kind = if input.starts_with('\n') {
            let _ = input.next_token();
            Kind::Newline
        } else {
            match token(&mut input) {
                Ok(kind) => kind,
                Err(_) => return Err(unreadable(&input, start)),
            }
        };
        let span = Span::new(start as u32, input.current_token_start() as u32);
        check_neighbours(tokens.last(), &input, kind, span)?;
        depth.count(tokens.last(), kind)?;
        tokens.push(Token { kind, span });
    }
}

/// Symbols of other languages and of mathematics, and what they are here.
const INSTEAD: &[(&str, &str)] = &[
    ("!", "`~x` for what is not true, `x != y` for what differs"),
    ("?", "`np.where(condition, x, y)`, which chooses for each element"),
    ("−–—", "`-`"),
    ("×·⋅∗•", "`*`"),
    ("÷", "`/`"),
    ("≤", "`<=`"),
    ("≥", "`>=`"),
    ("≠", "`!=`"),
    ("√", "`np.sqrt(x)`"),
    ("∑Σ", "`np.sum(x)`"),
    ("‘’‚“”„«»", "`'` or `\"` around a string"),
    ("∧", "`&`"),
    ("∨", "`|`"),
    ("¬", "`~`"),
    ("∞", "`np.inf`"),
    ("…", "`...`"),
    ("$`", "names as they are"),
];

/// What no token begins with.
fn unreadable(rest: &str, start: usize) -> Refusal {
    let first = rest.chars().next().unwrap_or(' ');
    let span = Span::new(start as u32, (start + first.len_utf8()) as u32);
    match first {
        '\'' | '"' => Refusal::syntax("a string without its end", span),
        '\\' => Refusal::syntax("`\\` joins lines only at the end of one", span),
        _ => {
            let message = format!("`{}` has no meaning in an expression", printable(&first.to_string()));
            let refusal = Refusal::syntax(message, span);
            match INSTEAD.iter().find(|(symbols, _)| symbols.contains(first)) {
                Some((_, instead)) => refusal.help(format!("write {instead}")),
                None => refusal,
            }
        }
    }
}

/// Numbers, strings and names that run into each other.
fn check_neighbours(before: Option<&Token>, rest: &str, kind: Kind, span: Span) -> Result<(), Refusal> {
    let next = rest.chars().next();
    match kind {
        Kind::Int | Kind::Float if matches!(next, Some('j' | 'J')) => {
            Err(Refusal::language("complex numbers are not in the language").at(span))
        }
        Kind::Int | Kind::Float if next.is_some_and(is_name) => {
            let end = span.end + next.map_or(0, char::len_utf8) as u32;
            Err(Refusal::syntax("a number runs into a name", Span::new(span.start, end)))
        }
        Kind::Name if matches!(next, Some('\'' | '"')) && span.end - span.start <= 2 && rest.len() > 1 => {
            let message = "strings with a prefix, such as f-strings, are not in the language";
            Err(Refusal::language(message).at(span).help("write the string alone: `'f4'`"))
        }
        Kind::Name if matches!(next, Some('\'' | '"')) => {
            let end = span.end + 1;
            let refusal = Refusal::syntax("a name runs into a string", Span::new(span.start, end));
            Err(refusal.help("is an operator or a comma missing between them? Transposed is `x.T`"))
        }
        Kind::Symbol(symbol @ ("&" | "|"))
            if before.is_some_and(|token| *token == Kind::Symbol(symbol) && token.span.end == span.start) =>
        {
            let whole = Span::new(span.start - 1, span.end);
            Err(Refusal::syntax(format!("`{symbol}{symbol}` has no meaning in an expression"), whole).help(
                format!("write `{symbol}`, with brackets around comparisons: `(x > 0) {symbol} (x < 1)`"),
            ))
        }
        Kind::Text if before.is_some_and(|token| *token == Kind::Text) => {
            Err(Refusal::language("strings are not joined")
                .at(span)
                .help("documentation strings can be comments: `# ...`"))
        }
        _ => Ok(()),
    }
}

/// Counts what would make the parser recurse.
#[derive(Default)]
struct Depth {
    operators: usize,
    /// Of each open bracket, and outside of all, the signs and powers that wait for their operands.
    waiting: Vec<usize>,
    /// All that wait, but for those within the innermost bracket.
    outside: usize,
    signs: usize,
}

impl Depth {
    fn is_within_brackets(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn count(&mut self, before: Option<&Token>, kind: Kind) -> Result<(), Refusal> {
        let Kind::Symbol(symbol) = kind else {
            if kind == Kind::Newline {
                self.operators += 1;
                self.signs = 0;
            }
            return self.check();
        };
        self.operators += 1;
        let after_operand = before.is_some_and(|token| match token.kind {
            Kind::Name | Kind::Int | Kind::Float | Kind::Text => true,
            Kind::Symbol(symbol) => matches!(symbol, ")" | "]" | "}" | "..." | "None" | "True" | "False"),
            Kind::Newline => false,
        });
        match symbol {
            "(" | "[" | "{" => {
                self.outside += self.signs;
                self.waiting.push(std::mem::take(&mut self.signs));
            }
            ")" | "]" | "}" => {
                self.signs = self.waiting.pop().unwrap_or(0);
                self.outside -= self.signs;
            }
            "**" => self.signs += 1,
            "+" | "-" | "~" | "not" if !after_operand => self.signs += 1,
            // An attribute belongs to the operand.
            "." | "None" | "True" | "False" | "..." => {}
            _ => self.signs = 0,
        }
        self.check()
    }

    fn check(&self) -> Result<(), Refusal> {
        let depth = self.waiting.len() + self.outside + self.signs;
        if depth > DEEPEST {
            let message = format!("the expression is nested more than {DEEPEST} deep");
            return Err(Refusal::new(DiagnosticKind::TooLarge, message));
        }
        if self.operators > MOST_OPERATORS {
            let message =
                format!("the expression has more than {} operators", grouped(MOST_OPERATORS as u64));
            return Err(Refusal::new(DiagnosticKind::TooLarge, message));
        }
        Ok(())
    }
}

/// The value of an integer that [`tokens`] found; what is wrong with it else.
pub(super) fn int_value(text: &str) -> Result<i128, String> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let (digits, radix) = match plain.get(..2) {
        Some("0x" | "0X") => (&plain[2..], 16),
        Some("0o" | "0O") => (&plain[2..], 8),
        Some("0b" | "0B") => (&plain[2..], 2),
        _ => (&plain[..], 10),
    };
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|digit| digit != b'0')
    {
        return Err("an integer does not begin with 0; octal numbers are written `0o17`".into());
    }
    i128::from_str_radix(digits, radix).map_err(|_| "an integer of more than 128 bits".into())
}

/// The value of a float that [`tokens`] found.
pub(super) fn float_value(text: &str) -> f64 {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    plain.parse().unwrap_or(f64::NAN)
}

/// The value of a string that [`tokens`] found.
pub(super) fn text_value(text: &str) -> Result<String, String> {
    let inner = &text[1..text.len().max(2) - 1];
    let mut value = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            value.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some(quoted @ ('\\' | '\'' | '"')) => value.push(quoted),
            other => {
                return Err(format!(
                    "`\\{}` in a string is not understood",
                    other.map(String::from).unwrap_or_default()
                ));
            }
        }
    }
    Ok(value)
}
