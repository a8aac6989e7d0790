//! Plans as object files: a function of C for each plan, and the header that declares it.

mod checks;
mod entry;
mod header;
mod interface;
mod link;
mod memory;
mod refusal;
mod sizes;
mod target;
mod walk;
mod work;

use crate::jit::CodeError;
use crate::lower::Routine;
use crate::plan::Plan;
use cranelift_module::{FuncId, Linkage};
use entry::Parts;
use fusewire_ir as ir;
use fusewire_ir::{Diagnostic, DiagnosticKind, Error, Site};
use interface::Interface;
use link::Link;
use memory::Memory;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
pub use target::{Level, Target};
use work::{Job, Work};

/// An object file with a function of C, and the header that declares it: what [`Plan::to_object`] makes.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    name: String,
    bytes: Vec<u8>,
    header: String,
}

impl Object {
    /// The name of the function.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The object file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// Writes both to a directory that exists, as the name with `.o` and `.h`: the paths of the two.
    ///
    /// # Errors
    /// What keeps a file from being written.
    pub fn write_to(&self, directory: impl AsRef<Path>) -> std::io::Result<[PathBuf; 2]> {
        let path = |ending: &str| directory.as_ref().join(format!("{}.{ending}", self.name));
        let paths = [path("o"), path("h")];
        std::fs::write(&paths[0], &self.bytes)?;
        std::fs::write(&paths[1], &self.header)?;
        Ok(paths)
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({}, {} bytes)", self.name, self.bytes.len())
    }
}

impl Plan {
    /// The plan as a function of C of this name: an object file for the target, and a header. The code is that of
    /// [`Plan::compile`], and so are the bits of its results. What it calls is in a static library, which
    /// `cargo build --package fusewire-runtime-static` makes from the functions that this process calls.
    ///
    /// Sizes that the plan knows are in the code, and each call is held to them; dims are found in the sizes of its arrays,
    /// and checked as those of a binding are. Kernels go over all rows one after another, on the thread of the
    /// caller.
    ///
    /// ```
    /// use fusewire::prelude::*;
    /// use fusewire::{Level, Target};
    ///
    /// let g = Graph::new();
    /// let n = g.dim("n", 1..=1_000_000);
    /// let x = g.input("x", F64, [n]);
    /// let plan = g.plan([(x * 0.5).exp().named("y")], &Limits::default())?;
    /// let object = plan.to_object("half_exp", &Target::linux(Level::V3))?;
    /// assert!(object.header().contains("int half_exp(const struct half_exp_arguments *arguments);"));
    /// assert_eq!(&object.bytes()[..4], b"\x7fELF");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// All together: a name that C does not take or its library has, routines, functions of the user, fields of records, sizes that
    /// may not fit 64 bits. Then, alone: workspace over the limit of bytes, where a plan keeps it small by
    /// having kernels take turns on blocks of rows.
    #[track_caller]
    pub fn to_object(&self, name: &str, target: &Target) -> Result<Object, Error> {
        let site = Site::caller();
        Error::check(refusal::refused(self, name, site))?;
        let plan = (**self).clone().unblocked().map_err(|error| refusal::unblocked(&error, site))?;
        let interface = Interface::new(name, &plan);
        let width = target.level().width();
        let jobs: Vec<Job> =
            plan.kernels().into_iter().map(|kernel| Job::new(kernel, &plan, &interface, width)).collect();
        let memory = Memory::new(&plan, &jobs);
        Error::check(refusal::too_large(&plan, &jobs, &memory, site))?;
        let failed = |error: CodeError| -> Error {
            let message = format!("the plan could not be compiled for {target}: {error}");
            Diagnostic::new(DiagnosticKind::Compile, message).at(site).into()
        };
        let (bytes, failures) = compiled(&plan, &interface, &jobs, &memory, target).map_err(failed)?;
        let header = header::header(&interface, &memory, &target.to_string(), &failures);
        Ok(Object { name: name.into(), bytes, header })
    }
}

/// The bytes of the file, and what each status of its function from 1 on means.
fn compiled(
    plan: &ir::Plan,
    interface: &Interface<'_>,
    jobs: &[Job],
    memory: &Memory,
    target: &Target,
) -> Result<(Vec<u8>, Vec<String>), CodeError> {
    let link = Link::new(&interface.name, target.isa()?)?;
    let mut constants = Vec::new();
    for (at, constant) in plan.constants().iter().enumerate() {
        let bytes = constant.array.dtype.bytes();
        let element = |element: &ir::Scalar| element.bits().to_le_bytes()[..bytes].to_vec();
        let elements: Vec<u8> = constant.elements.iter().flat_map(element).collect();
        constants.push(link.data(&format!("constant{at}"), &elements)?);
    }
    let mut routines: HashMap<Routine, FuncId> = HashMap::new();
    for variant in jobs.iter().flat_map(|job| &job.variants) {
        let needed = match &variant.work {
            Work::Elements(elements) => vec![&elements.routine],
            Work::Results(results) => vec![&results.routine, &results.finish_routine],
        };
        for routine in needed {
            if !routines.contains_key(routine) {
                routines.insert(routine.clone(), link.routine(routines.len(), routine)?);
            }
        }
    }
    let level = target.level().number();
    let parts = Parts {
        plan,
        interface,
        jobs,
        link: &link,
        routines: &routines,
        constants: &constants,
        level,
        memory,
    };
    let mut failures = Vec::new();
    link.define(&interface.name, Linkage::Export, entry::signature(), |b| {
        failures = entry::emit(b, &parts);
    })?;
    Ok((link.finish()?, failures))
}
