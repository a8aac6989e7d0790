//! Reading the descriptor of a record as `.npy` files have it: a Python list of tuples of strings.

use super::{Field, FieldType};
use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::dtype::DType;

/// How deeply lists and tuples may be nested; NumPy itself writes no more than a few.
const DEEPEST: usize = 32;

/// A part of a descriptor.
#[derive(Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(usize),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
}

/// The fields at their offsets, one after another, and where the row ends; what is wrong goes to `wrong`.
pub(super) fn fields(descr: &str, wrong: &mut Vec<Diagnostic>) -> (Vec<Field>, usize) {
    let mut reader = Reader { rest: descr };
    let literal = reader.literal(0).and_then(|literal| {
        reader.skip_space();
        if reader.rest.is_empty() { Ok(literal) } else { Err(reader.unexpected()) }
    });
    wrong.push(match literal {
        Ok(Literal::List(items)) if !items.is_empty() => return fields_of(&items, "", wrong),
        Ok(Literal::List(_)) => no_list("it is empty"),
        Ok(_) => no_list("it is not a list").help("an array of plain numbers is an ordinary input"),
        Err(problem) => no_list(&problem),
    });
    (Vec::new(), 0)
}

fn no_list(problem: &str) -> Diagnostic {
    Diagnostic::new(DiagnosticKind::Record, format!("the descriptor is no list of fields: {problem}"))
        .help("NumPy writes it as `[('name', '<U10'), ('age', '<i4')]`")
}

/// The fields of a list and where the row ends; `within` is the path of names down to it.
fn fields_of(items: &[Literal], within: &str, wrong: &mut Vec<Diagnostic>) -> (Vec<Field>, usize) {
    let (mut fields, mut end) = (Vec::new(), 0usize);
    for item in items {
        let parts = match item {
            Literal::Tuple(parts) if matches!(parts.len(), 2 | 3) => &parts[..],
            _ => {
                wrong.push(no_list("a field is a tuple of a name, a type and perhaps a shape"));
                continue;
            }
        };
        let name = match &parts[0] {
            Literal::Text(name) => Some(name),
            // With a title, which NumPy keeps for its own use.
            Literal::Tuple(both) => match &both[..] {
                [Literal::Text(_), Literal::Text(name)] => Some(name),
                _ => None,
            },
            _ => None,
        };
        let Some(name) = name else {
            wrong.push(no_list("the name of a field is not text"));
            continue;
        };
        let Some(ty) = field_type(&parts[1], parts.get(2), &format!("{within}{name}"), wrong) else {
            continue;
        };
        let (offset, is_padding) = (end, name.is_empty() && matches!(ty, FieldType::Opaque { .. }));
        end = end.saturating_add(ty.size());
        if !is_padding {
            fields.push(Field { name: name.as_str().into(), ty, offset });
        }
    }
    (fields, end)
}

fn field_type(
    ty: &Literal,
    shape: Option<&Literal>,
    path: &str,
    wrong: &mut Vec<Diagnostic>,
) -> Option<FieldType> {
    let element = match ty {
        Literal::Text(code) => of_code(code, path, wrong)?,
        Literal::List(items) => {
            let before = wrong.len();
            let (inner, end) = fields_of(items, &format!("{path}."), wrong);
            if wrong.len() > before {
                return None;
            }
            FieldType::opaque(end, 1, &format!("a record of {} fields", inner.len()))
        }
        _ => {
            wrong.push(unknown(path, "its type is neither text nor a list"));
            return None;
        }
    };
    let Some(shape) = shape else { return Some(element) };
    let size = |size: &Literal| match size {
        Literal::Number(size) => Some(*size),
        _ => None,
    };
    let sizes: Option<Vec<usize>> = match shape {
        Literal::Tuple(sizes) | Literal::List(sizes) => sizes.iter().map(size).collect(),
        one => size(one).map(|size| vec![size]),
    };
    let Some(sizes) = sizes else {
        wrong.push(unknown(path, "its shape is not a tuple of numbers"));
        return None;
    };
    let bytes = sizes.iter().fold(element.size(), |bytes, size| bytes.saturating_mul(*size));
    let description = format!("an array {sizes:?} of {element}");
    Some(FieldType::opaque(bytes, element.alignment(), &description))
}

fn unknown(path: &str, problem: &str) -> Diagnostic {
    Diagnostic::new(DiagnosticKind::Record, format!("field `{path}`: {problem}"))
}

/// The type with a code such as `<i4`; `None` where it was refused.
fn of_code(code: &str, path: &str, wrong: &mut Vec<Diagnostic>) -> Option<FieldType> {
    let (order, plain) = match code.chars().next() {
        Some(order @ ('<' | '>' | '|' | '=')) => (order, &code[1..]),
        _ => ('=', code),
    };
    if plain.starts_with('O') {
        let objects = unknown(path, "it holds Python objects, which are addresses in another process");
        wrong.push(
            objects
                .help("convert it before it is written, for example to text: `array['...'].astype('U20')`"),
        );
        return None;
    }
    let Some(ty) = without_order(plain) else {
        wrong.push(unknown(path, &format!("`{code}` is no type of NumPy that is known here")));
        return None;
    };
    let has_order = ty.size() > 1 && !plain.starts_with(['S', 'a', 'V']);
    if order == '>' && has_order {
        wrong.push(
            unknown(path, &format!("`{code}` has the highest byte first"))
                .help("write it with the lowest byte first: `array.astype(array.dtype.newbyteorder('<'))`"),
        );
        return None;
    }
    Some(ty)
}

/// The type with a code such as `i4`, if it is one.
fn without_order(code: &str) -> Option<FieldType> {
    let kind = code.chars().next()?;
    let rest = &code[kind.len_utf8()..];
    let (digits, units) = rest.find('[').map_or((rest, ""), |at| rest.split_at(at));
    if (kind, rest) == ('?', "") {
        return Some(DType::Bool.into());
    }
    let has_units = matches!(kind, 'M' | 'm') && units.ends_with(']');
    // `parse` alone takes a sign.
    if !(units.is_empty() || has_units) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let size: usize = digits.parse().ok()?;
    Some(match (kind, size) {
        ('b', 1) => DType::Bool.into(),
        ('i', 1 | 2 | 4 | 8) => DType::int_of(size, true).into(),
        ('u', 1 | 2 | 4 | 8) => DType::int_of(size, false).into(),
        ('f', 2) => DType::F16.into(),
        ('f', 4) => DType::F32.into(),
        ('f', 8) => DType::F64.into(),
        ('U', _) => FieldType::text(size),
        ('S' | 'a', _) => FieldType::bytes(size),
        ('V', _) => FieldType::opaque(size, 1, &format!("{size} bytes without a type")),
        ('c', 8 | 16) => FieldType::opaque(size, size / 2, &format!("complex numbers of {size} bytes")),
        ('f', 12) => FieldType::opaque(size, 4, "floats of 12 bytes"),
        ('f', 16) => FieldType::opaque(size, 16, "floats of 16 bytes"),
        ('M', 8) => FieldType::opaque(8, 8, &format!("datetime64{units}")),
        ('m', 8) => FieldType::opaque(8, 8, &format!("timedelta64{units}")),
        _ => return None,
    })
}

/// Reads Python literals from the front of a text.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn unexpected(&self) -> String {
        match self.rest.chars().next() {
            Some(found) => format!("`{}` is not expected there", found.escape_default()),
            None => "it ends too early".into(),
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut rest = self.rest.chars();
        let next = rest.next();
        self.rest = rest.as_str();
        next
    }

    fn literal(&mut self, depth: usize) -> Result<Literal, String> {
        if depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} deep"));
        }
        self.skip_space();
        match self.rest.chars().next() {
            Some('(') => self.items(')', depth).map(|(mut items, comma)| match items.len() {
                // Parentheses around one thing are no tuple.
                1 if !comma => items.remove(0),
                _ => Literal::Tuple(items),
            }),
            Some('[') => self.items(']', depth).map(|(items, _)| Literal::List(items)),
            Some('\'' | '"') => self.text().map(Literal::Text),
            Some('0'..='9') => {
                let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at(end);
                let number = digits.parse().map_err(|_| format!("{digits} is too large"))?;
                // Python 2 wrote long integers so.
                self.rest = rest.strip_prefix('L').unwrap_or(rest);
                Ok(Literal::Number(number))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// What lies between brackets, and whether a comma follows the last item.
    fn items(&mut self, close: char, depth: usize) -> Result<(Vec<Literal>, bool), String> {
        self.next();
        let (mut items, mut comma) = (Vec::new(), true);
        loop {
            self.skip_space();
            if self.rest.starts_with(close) {
                self.next();
                return Ok((items, comma));
            }
            if !comma {
                return Err(self.unexpected());
            }
            items.push(self.literal(depth + 1)?);
            self.skip_space();
            comma = self.rest.starts_with(',');
            if comma {
                self.next();
            }
        }
    }

    fn text(&mut self) -> Result<String, String> {
        let quote = self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err("a quotation mark is missing".into()),
                found if found == quote => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(plain) => text.push(plain),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let digits = match self.next() {
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some(plain @ ('\\' | '\'' | '"')) => return Ok(plain),
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => return Err("an escape is not known".into()),
        };
        let code = self.rest.get(..digits).filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        let code = code.ok_or("an escape is no character")?;
        self.rest = &self.rest[digits..];
        Ok(code)
    }
}
