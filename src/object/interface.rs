//! What a C program passes: a structure with a member for each array.

use fusewire_ir::plan::{Plan, Port};
use fusewire_ir::{DType, PlanDim};
use std::collections::HashSet;

use super::sizes::{Source, sources};

/// Bytes of a word of the structure.
const WORD: usize = 8;

/// The structure: for each array the address, sizes and strides, then dims that no array has as an axis, then the
/// workspace and its bytes. Every member is one word.
pub(super) struct Interface<'p> {
    /// The name of the function.
    pub name: String,
    pub ports: Vec<ArrayMember<'p>>,
    pub dims: Vec<DimMember<'p>>,
    /// The port of each of the plan's inputs.
    inputs: Vec<usize>,
    /// The port of the plan's first output; the others come after it.
    first_output: usize,
    /// Bytes before the workspace.
    pub workspace: usize,
    /// The name that a member has as a parameter where its own would hide the function.
    pub beside_function: String,
}

/// An array.
pub(super) struct ArrayMember<'p> {
    pub port: &'p Port,
    /// Its name in C.
    pub name: String,
    pub is_written: bool,
    /// The input that it is before the call, where the plan runs in place.
    pub taken_over: Option<&'p Port>,
    /// Bytes before it.
    pub offset: usize,
}

/// A dim.
pub(super) struct DimMember<'p> {
    pub dim: &'p PlanDim,
    /// Its name in C.
    pub name: String,
    pub source: Source,
    /// Bytes before it, where it is an argument of its own.
    pub offset: usize,
}

impl ArrayMember<'_> {
    pub fn rank(&self) -> usize {
        self.port.array.shape.len()
    }

    pub fn size_offset(&self, axis: usize) -> usize {
        self.offset + WORD * (1 + axis)
    }

    pub fn stride_offset(&self, axis: usize) -> usize {
        self.offset + WORD * (1 + self.rank() + axis)
    }

    pub fn item(&self) -> usize {
        self.port.array.dtype.bytes()
    }

    /// The name in messages.
    pub fn text(&self) -> String {
        format!("{} `{}`", if self.is_written { "output" } else { "input" }, self.port.name)
    }
}

impl<'p> Interface<'p> {
    pub fn new(name: &str, plan: &'p Plan) -> Self {
        let mut names = Names::default();
        let mut ports: Vec<ArrayMember<'p>> = Vec::new();
        let (mut inputs, mut offset) = (vec![0; plan.inputs().len()], 0);
        let over =
            |input: usize| (0..plan.outputs().len()).find(|at| plan.in_place_input(*at) == Some(input));
        let mut add = |port: &'p Port, is_written: bool, taken_over: Option<&'p Port>| {
            let name = names.claim(&port.name);
            ports.push(ArrayMember { port, name, is_written, taken_over, offset });
            offset += WORD * (1 + 2 * port.array.shape.len());
        };
        let mut first_output = 0;
        for (at, port) in plan.inputs().iter().enumerate().filter(|(at, _)| over(*at).is_none()) {
            add(port, false, None);
            inputs[at] = first_output;
            first_output += 1;
        }
        for (at, port) in plan.outputs().iter().enumerate() {
            add(port, true, plan.in_place_input(at).map(|input| &plan.inputs()[input]));
        }
        for (at, input) in inputs.iter_mut().enumerate() {
            *input = over(at).map_or(*input, |output| first_output + output);
        }
        let all: Vec<&Port> = ports.iter().map(|member| member.port).collect();
        let mut dims = Vec::new();
        for (dim, source) in plan.dims().iter().zip(sources(plan.dims(), &all)) {
            dims.push(DimMember { dim, name: names.claim(&dim.name), source, offset });
            offset += if source == Source::Argument { WORD } else { 0 };
        }
        let beside_function = names.claim(&format!("{name}_array"));
        Self { name: name.into(), ports, dims, inputs, first_output, workspace: offset, beside_function }
    }

    /// The port of an input of the plan: that of the output that takes its memory over, where one does.
    pub fn input(&self, at: usize) -> usize {
        self.inputs[at]
    }

    /// The port of an output of the plan.
    pub const fn output(&self, at: usize) -> usize {
        self.first_output + at
    }

    /// Bytes before the word that says how many bytes the workspace has.
    pub const fn workspace_bytes(&self) -> usize {
        self.workspace + WORD
    }
}

/// The C type of an element.
pub(super) const fn c_type(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "bool",
        DType::I8 => "int8_t",
        DType::U8 => "uint8_t",
        DType::I16 => "int16_t",
        DType::U16 | DType::F16 | DType::BF16 => "uint16_t",
        DType::I32 => "int32_t",
        DType::U32 => "uint32_t",
        DType::I64 => "int64_t",
        DType::U64 => "uint64_t",
        DType::F32 => "float",
        DType::F64 => "double",
    }
}

/// Words that C and C++ keep for themselves, and what the header calls its own.
const RESERVED: &[&str] = &[
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "arguments",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "compl",
    "concept",
    "const",
    "consteval",
    "constexpr",
    "constinit",
    "const_cast",
    "continue",
    "co_await",
    "co_return",
    "co_yield",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "status",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "typeof_unqual",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "workspace",
    "workspace_bytes",
    "xor",
    "xor_eq",
];

/// Is it a name that C and C++ take for a member or a function? Not one that they keep for themselves, and none that a
/// header may have made a macro: names in capitals, and the words that compilers define.
pub(super) fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = name.chars().all(|part| part.is_ascii_alphanumeric() || part == '_');
    let is_macro = MACROS.contains(&name) || (name.len() > 1 && name == name.to_ascii_uppercase());
    // Types end in `_t`, and two underscores are the compiler's.
    let is_kept = RESERVED.contains(&name) || name.contains("__") || name.ends_with("_t");
    starts && is_plain && !is_macro && !is_kept && !name.starts_with("fusewire_")
}

/// Macros in small letters of compilers and of the headers of C, and the one of a single capital.
const MACROS: &[&str] = &[
    "I",
    "alignas",
    "alignof",
    "assert",
    "complex",
    "errno",
    "i386",
    "imaginary",
    "linux",
    "math_errhandling",
    "noreturn",
    "offsetof",
    "setjmp",
    "stderr",
    "stdin",
    "stdout",
    "unix",
    "unreachable",
];

/// Every symbol of the C library of GNU and of its mathematics: a function of such a name would take its place in the whole
/// program. `nm -D --defined-only libc.so.6 libm.so.6`, of version 2.36, without what begins with an underscore.
const C_LIBRARY: &str = include_str!("c_library.txt");

/// What the header of a function puts behind its name.
const BEHIND: [&str; 5] = ["_arguments", "_dense", "_message", "_workspace_bytes", "_WORKSPACE_BYTES"];

/// Why C and C++ would not take a function of this name; `None` where they do.
pub(super) fn function_problem(name: &str) -> Option<(String, String)> {
    if name == "main" {
        return Some((
            "`main` is the function that a program begins with".into(),
            "give the plan's function another name".into(),
        ));
    }
    if C_LIBRARY.split_whitespace().any(|known| known == name) {
        return Some((
            format!("`{name}` is in the C library: the whole program would call the plan instead"),
            format!("call it `{name}_of_plan`, or whatever says what it computes"),
        ));
    }
    if let Some(ending) = BEHIND.iter().find(|ending| name.ends_with(**ending)) {
        return Some((
            format!("`{name}` ends as what the header of a function has behind its name, `{ending}`"),
            "give it another name: with that of another plan it would be declared twice".into(),
        ));
    }
    (!is_identifier(name)).then(|| {
        (
            format!("`{name}` is no name that C and C++ take for a function"),
            "letters of ASCII, digits and single underscores make one: it begins with a letter, and is no word of C or C++, no \
             name in capitals and none that ends in `_t`, which may be macros and types"
                .into(),
        )
    })
}

/// Names of members that were given, so that none is given twice.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    /// A name of C that is like this one.
    fn claim(&mut self, name: &str) -> String {
        let kept = |part: char| if part.is_ascii_alphanumeric() { part } else { '_' };
        let like: String = name.chars().map(kept).collect();
        // C++ keeps names with two underscores for itself.
        let parts: Vec<&str> = like.split('_').filter(|part| !part.is_empty()).collect();
        let mut like = parts.join("_");
        if !like.starts_with(|first: char| first.is_ascii_alphabetic()) {
            like.insert_str(0, "array_");
        }
        if like.starts_with("fusewire_") {
            like.insert_str(0, "array_");
        }
        if !is_identifier(&like) {
            like.push('_');
        }
        let mut claimed = like.clone();
        let mut more = 2;
        while !self.0.insert(claimed.clone()) {
            claimed = format!("{like}_{more}");
            more += 1;
        }
        claimed
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, function_problem, is_identifier};

    #[test]
    fn names_are_those_of_c_and_differ() {
        let mut names = Names::default();
        let given = [
            "x",
            "x",
            "my input",
            "my_input",
            "3d",
            "double",
            "größe",
            "__x",
            "NULL",
            "unix",
            "size_t",
            "X",
            "fusewire_min",
        ];
        let claimed = given.map(|name| names.claim(name));
        let expected = [
            "x",
            "x_2",
            "my_input",
            "my_input_2",
            "array_3d",
            "double_",
            "gr_e",
            "x_3",
            "NULL_",
            "unix_",
            "size_t_",
            "X",
            "array_fusewire_min",
        ];
        assert_eq!(claimed, expected);
        assert!(claimed.iter().all(|name| *name == "NULL_" || is_identifier(name)));
        for name in
            ["", "int", "a-b", "__x", "_x", "a__b", "NULL", "unix", "size_t", "fusewire_min", "co_await"]
        {
            assert!(!is_identifier(name), "{name}");
        }
    }

    #[test]
    fn functions_replace_nothing_and_are_declared_once() {
        for name in [
            "exp",
            "sqrtf",
            "read",
            "malloc",
            "main",
            "a_dense",
            "a_message",
            "Score_WORKSPACE_BYTES",
            "NULL",
            "int",
        ] {
            assert!(function_problem(name).is_some(), "{name}");
        }
        for name in ["score", "Score", "half_exp", "x", "exp_of_plan", "a_dense_2"] {
            assert_eq!(function_problem(name), None);
        }
    }
}
