//! The header of C for an object file.

use super::interface::{ArrayMember, Interface, c_type};
use super::memory::Memory;
use super::sizes::{self, Source};
use super::walk::upper;
use fusewire_ir::diagnostic::human_bytes;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

/// What every header that needs it defines: the sizes that no operator of C computes.
const SIZES: &str = "\
#ifndef FUSEWIRE_SIZES
#define FUSEWIRE_SIZES
static inline int64_t fusewire_ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0); }
static inline int64_t fusewire_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t fusewire_max(int64_t a, int64_t b) { return a > b ? a : b; }
#endif
";

/// The text of the header; `failures` is what each status from 1 on means.
pub(super) fn header(
    interface: &Interface<'_>,
    memory: &Memory,
    target: &str,
    failures: &[String],
) -> String {
    let mut text = Text { interface, memory, out: String::new() };
    // Text in a string takes whatever it is given.
    let _ = text.write(target, failures);
    text.out
}

struct Text<'a> {
    interface: &'a Interface<'a>,
    memory: &'a Memory,
    out: String,
}

impl Text<'_> {
    fn write(&mut self, target: &str, failures: &[String]) -> std::fmt::Result {
        let name = &self.interface.name;
        // Names that differ in their case alone are different ones.
        let guard = format!("FUSEWIRE_PLAN_{name}_H");
        let version = env!("CARGO_PKG_VERSION");
        writeln!(self.out, "/* {name}(): a plan of fusewire {version}, compiled for {target}.")?;
        self.out.push_str(
            " *\n * Link the object file with libfusewire_runtime_static.a and -lm -lpthread -ldl. A call runs on the\n\
             \x20* thread that makes it, allocates nothing and keeps nothing; threads may call it at once, each with a workspace of\n\
             \x20* its own. */\n",
        );
        writeln!(self.out, "#ifndef {guard}\n#define {guard}\n")?;
        self.out.push_str("#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n");
        self.out.push_str("#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
        self.out.push_str(SIZES);
        self.out.push('\n');
        self.structure()?;
        writeln!(
            self.out,
            "\n/* Computes every output. Gives 0; or, with nothing written, one of the numbers that {name}_message() knows. */"
        )?;
        writeln!(self.out, "int {name}(const struct {name}_arguments *arguments);\n")?;
        self.workspace()?;
        self.dense()?;
        self.messages(failures)?;
        self.out.push_str("#ifdef __cplusplus\n}\n#endif\n");
        writeln!(self.out, "#endif /* {guard} */")
    }

    fn structure(&mut self) -> std::fmt::Result {
        let interface = self.interface;
        let name = &interface.name;
        self.out.push_str(
            "/* The arrays of a call. Shapes are in elements, strides in bytes from one element to the next, and may be\n\
             \x20* negative or, of an input, 0. What is written shares no memory with anything else, nor does the workspace. */\n",
        );
        writeln!(self.out, "struct {name}_arguments {{")?;
        for member in &interface.ports {
            writeln!(self.out, "    /* {} */", comment(&described(member)))?;
            let kept = if member.is_written { "" } else { "const " };
            let rank = member.rank();
            write!(self.out, "    struct {{ {kept}{} *data; ", c_type(member.port.array.dtype))?;
            if rank > 0 {
                write!(self.out, "uint64_t shape[{rank}]; int64_t strides[{rank}]; ")?;
            }
            writeln!(self.out, "}} {};", member.name)?;
        }
        for member in interface.dims.iter().filter(|member| member.source == Source::Argument) {
            let (dim, of) = (member.dim, &member.name);
            let text =
                format!("dim `{}`, {}..={}, which no array has as an axis", dim.name, dim.lower, dim.upper);
            writeln!(self.out, "    /* {} */\n    uint64_t {of};", comment(&text))?;
        }
        writeln!(
            self.out,
            "    /* memory for what is exchanged on the way: {name}_workspace_bytes() are enough, wherever they lie */"
        )?;
        self.out.push_str("    void *workspace;\n    uint64_t workspace_bytes;\n};\n");
        Ok(())
    }

    /// The sizes that a plan leaves open, as parameters.
    fn dims(&self) -> Vec<String> {
        let dims = self.interface.dims.iter();
        dims.map(|member| format!("uint64_t {}", self.parameter(&member.name))).collect()
    }

    /// Dims by the names that they have as parameters.
    fn dim_names(&self) -> HashMap<Arc<str>, String> {
        let dims = self.interface.dims.iter();
        dims.map(|member| (member.dim.name.clone(), self.parameter(&member.name))).collect()
    }

    /// The name of a parameter: a member's, but for one that would hide the function.
    fn parameter(&self, member: &str) -> String {
        if member == self.interface.name { self.interface.beside_function.clone() } else { member.into() }
    }

    fn workspace(&mut self) -> std::fmt::Result {
        let (interface, bytes) = (self.interface, self.memory.bytes());
        let name = &interface.name;
        // The alignment that is made inside.
        let more = |bytes: i128| if bytes == 0 { 0 } else { bytes + 63 };
        let constant = format!("{name}_WORKSPACE_BYTES");
        let of = if interface.dims.is_empty() { "" } else { " for the largest sizes" };
        writeln!(
            self.out,
            "/* Bytes of workspace{of}. */\n#define {constant} UINT64_C({})\n",
            more(upper(&bytes))
        )?;
        let parameters = if interface.dims.is_empty() { "void".to_string() } else { self.dims().join(", ") };
        writeln!(self.out, "/* Bytes of workspace for these sizes. */")?;
        writeln!(self.out, "static inline uint64_t {name}_workspace_bytes({parameters}) {{")?;
        for member in &interface.dims {
            writeln!(self.out, "    (void){};", self.parameter(&member.name))?;
        }
        let text = match bytes.as_known() {
            Some(bytes) => format!("UINT64_C({})", more(bytes)),
            None => format!("(uint64_t)({}) + 63", sizes::text(&bytes, &self.dim_names())),
        };
        writeln!(self.out, "    return {text};\n}}\n")
    }

    fn dense(&mut self) -> std::fmt::Result {
        let interface = self.interface;
        let (name, names) = (&interface.name, self.dim_names());
        let mut parameters: Vec<String> = Vec::new();
        for member in &interface.ports {
            let kept = if member.is_written { "" } else { "const " };
            let name = self.parameter(&member.name);
            parameters.push(format!("{kept}{} *{name}", c_type(member.port.array.dtype)));
        }
        parameters.extend(self.dims());
        parameters.extend(["void *workspace".to_string(), "uint64_t workspace_bytes".to_string()]);
        writeln!(self.out, "/* The same for arrays that are dense, in C order. */")?;
        writeln!(self.out, "static inline int {name}_dense(\n    {}\n) {{", parameters.join(",\n    "))?;
        writeln!(self.out, "    struct {name}_arguments arguments;")?;
        for member in &interface.ports {
            let of = &member.name;
            writeln!(self.out, "    arguments.{of}.data = {};", self.parameter(of))?;
            for (axis, dim) in member.port.array.shape.iter().enumerate() {
                let size = sizes::text(&dim.size(), &names);
                writeln!(self.out, "    arguments.{of}.shape[{axis}] = (uint64_t)({size});")?;
            }
            for axis in (0..member.rank()).rev() {
                let bytes = if axis + 1 == member.rank() {
                    member.item().to_string()
                } else {
                    let inner = axis + 1;
                    format!("arguments.{of}.strides[{inner}] * (int64_t)arguments.{of}.shape[{inner}]")
                };
                writeln!(self.out, "    arguments.{of}.strides[{axis}] = {bytes};")?;
            }
        }
        for member in &interface.dims {
            match member.source {
                Source::Argument => {
                    writeln!(self.out, "    arguments.{} = {};", member.name, self.parameter(&member.name))?;
                }
                _ => writeln!(self.out, "    (void){};", self.parameter(&member.name))?,
            }
        }
        self.out.push_str(
            "    arguments.workspace = workspace;\n    arguments.workspace_bytes = workspace_bytes;\n",
        );
        writeln!(self.out, "    return {name}(&arguments);\n}}\n")
    }

    fn messages(&mut self, failures: &[String]) -> std::fmt::Result {
        let name = &self.interface.name;
        writeln!(self.out, "/* What a status of {name}() means. */")?;
        writeln!(
            self.out,
            "static inline const char *{name}_message(int status) {{\n    switch (status) {{"
        )?;
        writeln!(self.out, "    case 0: return \"fine\";")?;
        for (at, failure) in failures.iter().enumerate() {
            writeln!(self.out, "    case {}: return \"{}\";", at + 1, quoted(failure))?;
        }
        self.out.push_str("    default: return \"no status of this function\";\n    }\n}\n\n");
        Ok(())
    }
}

/// What an array is, in words.
fn described(member: &ArrayMember<'_>) -> String {
    let array = &member.port.array;
    let sort = if member.is_written { "output" } else { "input" };
    let most = if array.shape.iter().any(|dim| dim.known().is_none()) { "at most " } else { "" };
    let bytes = array.shape.bytes(array.dtype).map_or("over 18 EB".into(), human_bytes);
    let mut text = format!("{sort} `{}` {array}, {most}{bytes}", member.port.name);
    if let Some(input) = member.taken_over {
        text.push_str(&format!("; it is the input `{}` before the call", input.name));
    }
    text
}

/// Text that does not end a comment.
fn comment(text: &str) -> String {
    let text: String = text.chars().map(|part| if part.is_control() { ' ' } else { part }).collect();
    text.replace("*/", "* /").replace("/*", "/ *")
}

/// Text between quotation marks.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for part in text.chars() {
        match part {
            '"' | '\\' => quoted.extend(['\\', part]),
            // Three question marks might stand for something else.
            '?' => quoted.push_str("\\?"),
            _ if part.is_control() => quoted.push(' '),
            _ => quoted.push(part),
        }
    }
    quoted
}
