//! Programs of C: written, compiled, linked with object files and the runtime, and run.

use fusewire::prelude::*;
use fusewire::{Object, Scalar};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// An array in memory as a program of C has it.
#[derive(Clone)]
pub struct Memory {
    pub dtype: DType,
    pub bytes: Vec<u8>,
    /// Where the element at index 0 of every axis begins.
    pub start: usize,
    pub sizes: Vec<usize>,
    /// In bytes.
    pub strides: Vec<isize>,
}

/// How the axes of an array lie in memory.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    Dense,
    /// The first axis moves fastest.
    Fortran,
    /// Every other element of a larger array, backwards along each axis.
    Reversed,
    /// Behind a gap along the last axis, at an odd address.
    Padded,
}

pub const FORMS: [Form; 4] = [Form::Dense, Form::Fortran, Form::Reversed, Form::Padded];

impl Memory {
    /// An array of these sizes whose elements, in C order, are these bytes.
    pub fn new(dtype: DType, sizes: &[usize], elements: &[u8], form: Form) -> Self {
        let (item, rank) = (dtype.bytes(), sizes.len());
        let mut strides = vec![0isize; rank];
        let mut step = if matches!(form, Form::Reversed) { 2 * item } else { item };
        for at in 0..rank {
            let axis = if matches!(form, Form::Fortran) { at } else { rank - 1 - at };
            strides[axis] = step as isize;
            step *= sizes[axis].max(1);
            if at == 0 && matches!(form, Form::Padded) {
                step += 3 * item;
            }
        }
        let mut start = usize::from(matches!(form, Form::Padded));
        if matches!(form, Form::Reversed) {
            for (stride, size) in strides.iter_mut().zip(sizes) {
                start += stride.unsigned_abs() * size.saturating_sub(1);
                *stride = -*stride;
            }
        }
        // What no element covers must stay as it is.
        let mut memory = Self { dtype, bytes: vec![0xa5; step + 1], start, sizes: sizes.to_vec(), strides };
        let places = memory.places();
        for (place, element) in places.into_iter().zip(elements.chunks(item)) {
            memory.bytes[place..place + item].copy_from_slice(element);
        }
        memory
    }

    /// Where each element is, in C order.
    fn places(&self) -> Vec<usize> {
        let place = |index: usize| {
            let (mut rest, mut at) = (index, self.start as isize);
            for (size, stride) in self.sizes.iter().zip(&self.strides).rev() {
                at += (rest % size) as isize * stride;
                rest /= size;
            }
            at as usize
        };
        (0..self.sizes.iter().product()).map(place).collect()
    }

    /// The first byte in which other memory differs, elements or not. One NaN is like another.
    pub fn differs(&self, other: &[u8]) -> Option<usize> {
        let item = self.dtype.bytes();
        let is_nan = |element: &[u8]| {
            let mut bits = [0; 8];
            bits[..item].copy_from_slice(element);
            self.dtype.is_float() && Scalar::from_bits(u64::from_le_bytes(bits), self.dtype).as_f64().is_nan()
        };
        let mut other = other.to_vec();
        for place in self.places() {
            let (ours, theirs) = (&self.bytes[place..place + item], &mut other[place..place + item]);
            if is_nan(ours) && is_nan(theirs) {
                theirs.copy_from_slice(ours);
            }
        }
        self.bytes.iter().zip(&other).position(|(ours, theirs)| ours != theirs)
    }

    fn view(&self) -> View<'_> {
        // SAFETY: the constructor has laid out every element within the bytes, which are borrowed.
        unsafe { View::from_raw(self.bytes.as_ptr().add(self.start), self.dtype, &self.sizes, &self.strides) }
    }

    fn view_mut(&mut self) -> ViewMut<'_> {
        let (start, sizes, strides) = (self.start, self.sizes.clone(), self.strides.clone());
        // SAFETY: as above; the bytes are borrowed for writing.
        unsafe { ViewMut::from_raw(self.bytes.as_mut_ptr().add(start), self.dtype, &sizes, &strides) }
    }
}

/// A call of an object's function.
#[derive(Clone)]
pub struct Call {
    pub object: Object,
    /// Arrays by the names of their members, in the order of the plan.
    pub inputs: Vec<(String, Memory)>,
    pub outputs: Vec<(String, Memory)>,
    /// Dims that the arrays do not say, by the names of their members.
    pub dims: Vec<(String, u64)>,
    /// What the program does to its arguments `a` before the call.
    pub edits: &'static str,
    /// The sizes of all dims, in the order of the plan, from which the header says how much workspace it takes.
    pub sizes: Vec<u64>,
}

impl Call {
    /// What compiled code of this process makes of the same arrays: the memory of the outputs.
    pub fn expected(&self, plan: &Plan) -> Vec<Memory> {
        let mut outputs = self.outputs.clone();
        let inputs: Vec<(String, View<'_>)> =
            self.inputs.iter().map(|(name, memory)| (name.clone(), memory.view())).collect();
        let written = outputs.iter_mut().map(|(name, memory)| (name.clone(), memory.view_mut()));
        let mut program = plan.clone().compile().unwrap();
        for (name, size) in &self.dims {
            program = program.with_size(name, *size);
        }
        program.run(inputs, written.collect::<Vec<_>>()).unwrap();
        outputs.into_iter().map(|(_, memory)| memory).collect()
    }
}

/// What a call gave.
pub struct Given {
    pub status: i32,
    pub message: String,
    pub outputs: Vec<Vec<u8>>,
}

/// Where files of these tests go.
pub fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("object").join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// The static library, built from the source of the functions that this process calls.
pub fn runtime() -> &'static Path {
    static RUNTIME: OnceLock<PathBuf> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("object-runtime");
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--offline", "--package", "fusewire-runtime-static"]);
        command.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        command.arg("--target-dir").arg(&target);
        // The same profile: the bits of NaN are the optimiser's to choose.
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        if profile == "release" {
            command.arg("--release");
        }
        checked(&command.output().unwrap(), "cargo build");
        target.join(profile).join("libfusewire_runtime_static.a")
    })
}

/// The compiler of C. Where there is none, tests fail and say so.
fn compiler() -> Command {
    let name = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let found = Command::new(&name).arg("--version").output();
    assert!(found.is_ok(), "these tests need a C compiler, and `{name}` is none: set CC");
    Command::new(name)
}

pub fn checked(output: &Output, what: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what} failed:\n{text}");
}

/// Compiles a program with these objects in a directory, where their headers are as well; the path of the program.
pub fn linked(directory: &Path, source: &str, objects: &[&Object]) -> PathBuf {
    linked_as(directory, source, objects, "c", "c11")
}

/// The same in another language, or by another standard.
pub fn linked_as(
    directory: &Path,
    source: &str,
    objects: &[&Object],
    language: &str,
    standard: &str,
) -> PathBuf {
    let mut command = compiler();
    command
        .arg(format!("-std={standard}"))
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O1", "-I"])
        .arg(directory);
    let (main, program) = (directory.join("main.c"), directory.join("program"));
    std::fs::write(&main, source).unwrap();
    command.args(["-x", language]).arg(&main).args(["-x", "none"]);
    for object in objects {
        let [file, _] = object.write_to(directory).unwrap();
        command.arg(file);
    }
    command.arg(runtime()).args(["-lm", "-lpthread", "-ldl", "-o"]).arg(&program);
    checked(&command.output().unwrap(), "cc");
    program
}

/// Makes all the calls from one program of C.
pub fn run(name: &str, calls: &[Call]) -> Vec<Given> {
    let directory = directory(name);
    let file = |call: usize, array: usize, sort: &str| directory.join(format!("{call}.{array}.{sort}"));
    let mut source = String::from(PROGRAM);
    let mut objects: Vec<&Object> = Vec::new();
    for call in calls {
        if objects.iter().all(|object| object.name() != call.object.name()) {
            source.push_str(&format!("#include \"{}.h\"\n", call.object.name()));
            objects.push(&call.object);
        }
    }
    let mut main = String::from("int main(void) {\n");
    for (at, call) in calls.iter().enumerate() {
        let of = call.object.name();
        source.push_str(&format!(
            "static void call{at}(void) {{\n    struct {of}_arguments a;\n    memset(&a, 0x5a, sizeof a);\n"
        ));
        let arrays: Vec<(&String, &Memory, bool)> =
            (call.inputs.iter().map(|(name, memory)| (name, memory, false)))
                .chain(call.outputs.iter().map(|(name, memory)| (name, memory, true)))
                .collect();
        for (array, (member, memory, _)) in arrays.iter().enumerate() {
            std::fs::write(file(at, array, "in"), &memory.bytes).unwrap();
            source.push_str(&format!(
                "    unsigned char *m{array} = load(\"{at}.{array}.in\", {});\n    a.{member}.data = (void *)(m{array} + {});\n",
                memory.bytes.len(),
                memory.start
            ));
            for (axis, (size, stride)) in memory.sizes.iter().zip(&memory.strides).enumerate() {
                source.push_str(&format!(
                    "    a.{member}.shape[{axis}] = {size}; a.{member}.strides[{axis}] = {stride};\n"
                ));
            }
        }
        for (dim, size) in &call.dims {
            source.push_str(&format!("    a.{dim} = {size};\n"));
        }
        let sizes: Vec<String> = call.sizes.iter().map(u64::to_string).collect();
        source.push_str(&format!(
            "    uint64_t bytes = {of}_workspace_bytes({});\n    unsigned char *w = malloc(bytes + 64);\n    \
             memset(w, 0xa5, bytes + 64);\n    a.workspace = w + {}; a.workspace_bytes = bytes;\n    {}\n    \
             int status = {of}(&a);\n    for (size_t i = 0; i < 32; i++) if (w[bytes + 32 + i] != 0xa5) status = -1;\n    \
             printf(\"%d %s\\n\", status, {of}_message(status));\n",
            sizes.join(", "),
            // A workspace at any address.
            at % 32,
            call.edits
        ));
        for (array, (_, memory, is_written)) in arrays.iter().enumerate() {
            if *is_written {
                source.push_str(&format!(
                    "    save(\"{at}.{array}.out\", m{array}, {});\n",
                    memory.bytes.len()
                ));
            }
            source.push_str(&format!("    free(m{array});\n"));
        }
        source.push_str("    free(w);\n}\n");
        main.push_str(&format!("    call{at}();\n"));
    }
    source.push_str(&main);
    source.push_str("    return 0;\n}\n");
    let program = linked(&directory, &source, &objects);
    let output = Command::new(program).current_dir(&directory).output().unwrap();
    checked(&output, "the program");
    let text = String::from_utf8(output.stdout).unwrap();
    let given = |(at, (call, line)): (usize, (&Call, &str))| {
        let (status, message) = line.split_once(' ').unwrap();
        let first = call.inputs.len();
        let outputs =
            (0..call.outputs.len()).map(|output| std::fs::read(file(at, first + output, "out")).unwrap());
        Given { status: status.parse().unwrap(), message: message.into(), outputs: outputs.collect() }
    };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), calls.len());
    calls.iter().zip(lines).enumerate().map(given).collect()
}

const PROGRAM: &str = "\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void fail(const char *name) { perror(name); exit(1); }
static inline unsigned char *load(const char *name, size_t bytes) {
    unsigned char *memory = malloc(bytes);
    FILE *file = fopen(name, \"rb\");
    if (!file || fread(memory, 1, bytes, file) != bytes) fail(name);
    fclose(file);
    return memory;
}
static inline void save(const char *name, const unsigned char *memory, size_t bytes) {
    FILE *file = fopen(name, \"wb\");
    if (!file || fwrite(memory, 1, bytes, file) != bytes) fail(name);
    fclose(file);
}
";
