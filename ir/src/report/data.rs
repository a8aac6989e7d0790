//! What a report consists of: names, numbers and sentences, free of the graph and of the plan.
//!
//! The fields, in JSON and here, are described in `docs/plans.md`. Numbers that depend on sizes which are not
//! known yet are those at the upper bounds of the dims.

macro_rules! report_data {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* })*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
    )* };
}

report_data! {
    /// Everything that a plan decides, or why there is none, as data that can be kept, sent and compared:
    /// made by [`Plan::report`](crate::Plan::report) and [`Graph::inspect`](crate::Graph::inspect).
    pub struct PlanReport {
        /// The version of the schema: [`PlanReport::SCHEMA`].
        pub schema: u32,
        /// Every value of the expression, operands first.
        pub nodes: Vec<NodeReport>,
        /// The arrays that a run reads.
        pub inputs: Vec<PortReport>,
        /// The arrays that a run writes.
        pub outputs: Vec<PortReport>,
        /// What runs, in this order.
        pub steps: Vec<StepReport>,
        /// The fused loop nests of all steps, in the order in which they run.
        pub kernels: Vec<KernelReport>,
        /// The values that one kernel writes and others read.
        pub stored: Vec<StoredReport>,
        /// How much memory all of it takes.
        pub memory: MemoryReport,
        /// Machine operations of all kernels, where a vector function counts as one; saturates.
        pub operations: u64,
        /// The limits that the plan was held to.
        pub limits: LimitsReport,
        /// The sizes that a binding decides.
        pub dims: Vec<DimReport>,
        /// What those must satisfy.
        pub requirements: Vec<RequirementReport>,
        /// What broadcasts stretch.
        pub stretches: Vec<RemarkReport>,
        /// What is converted to twice its bytes or more without anybody asking for it.
        pub upcasts: Vec<RemarkReport>,
        /// What is wrong; empty for a plan.
        pub diagnostics: Vec<DiagnosticReport>,
    }

    /// A place in the user's source.
    pub struct SiteReport {
        /// The file, as the compiler named it.
        pub file: String,
        /// Counted from 1.
        pub line: u32,
        /// Counted from 1.
        pub column: u32,
    }

    /// A dtype with a shape.
    pub struct ArrayReport {
        /// The dtype, as in `f64`.
        pub dtype: String,
        /// The dims as they are printed, outermost first: a number, or an expression in dims.
        pub shape: Vec<String>,
        /// The number of elements; none where 64 bits do not hold it.
        pub elements: Option<u64>,
        /// The bytes of a dense array; none where 64 bits do not hold them.
        pub bytes: Option<u64>,
    }

    /// A value of the expression.
    pub struct NodeReport {
        /// The operation that makes it; of an input, its name.
        pub operation: String,
        /// What else decides what it is: axes, ranges, numbers.
        #[cfg_attr(feature = "json", serde(default))]
        pub detail: Option<String>,
        /// The user's name for it.
        pub label: Option<String>,
        /// The composed function that it is a part of.
        pub within: Option<String>,
        /// Its dtype and shape; none where it is wrong.
        pub array: Option<ArrayReport>,
        /// The call that makes it.
        pub site: SiteReport,
        /// The line of the user's source, where it could be read.
        pub source: Option<String>,
        /// Its operands: positions among the nodes.
        pub operands: Vec<usize>,
        /// What became of it, in one word: `input`, `constant`, `output`, `stored`, `fused`, `folded`,
        /// `joined` or `unplanned`.
        pub fate: String,
        /// The position among inputs, constants, outputs or stored values, for the first four of these.
        pub at: Option<usize>,
        /// Why it is in memory.
        pub reason: Option<ReasonReport>,
        /// The kernels that compute it.
        pub kernels: Vec<usize>,
    }

    /// Why something is in memory.
    pub struct ReasonReport {
        /// The sort of reason, as the variant of `StoreReason` is named.
        pub kind: String,
        /// In words.
        pub text: String,
        /// How often it would be computed again.
        pub repeats: Option<u64>,
        /// What computing it again would cost for each element, in additions.
        pub cost: Option<u64>,
    }

    /// An array that a caller binds.
    pub struct PortReport {
        /// The name.
        pub name: String,
        /// Its dtype and shape.
        pub array: ArrayReport,
        /// The call that declared it.
        pub site: SiteReport,
        /// For an output: the input whose memory it takes over.
        pub in_place_of: Option<String>,
        /// The record that it is a field of, which is bound as a whole.
        pub record: Option<String>,
    }

    /// One step of a plan.
    pub struct StepReport {
        /// The sort of step: `kernel` is a fused loop nest, `rows` are several that take turns on blocks of rows,
        /// `routine` is an operation on whole arrays.
        pub kind: String,
        /// Its kernels.
        pub kernels: Vec<usize>,
        /// In which loops over rows its kernels take turns, as they are printed.
        pub rows: Vec<String>,
    }

    /// One fused loop nest, or a routine: that has no loops, and its body says what it is.
    pub struct KernelReport {
        /// The step that it is a part of.
        pub step: usize,
        /// The loops, outermost first.
        pub loops: Vec<LoopReport>,
        /// What it reads.
        pub reads: Vec<AccessReport>,
        /// What it writes.
        pub writes: Vec<AccessReport>,
        /// Its instructions in order.
        pub body: Vec<String>,
        /// The instructions that run once totals are complete.
        pub epilogue: Vec<String>,
        /// Why it is not part of an earlier kernel.
        pub boundaries: Vec<BoundaryReport>,
        /// Machine operations; saturates.
        pub operations: u64,
        /// The values that it computes: positions among the nodes.
        pub nodes: Vec<usize>,
        /// Code that was made for it, where that was asked for.
        pub listings: Vec<ListingReport>,
    }

    /// One loop.
    pub struct LoopReport {
        /// How often it runs.
        pub extent: String,
        /// The same as a number, at the upper bounds.
        pub upper: u64,
        /// Do the kernel's reductions combine along it?
        pub reduced: bool,
    }

    /// A way through a buffer.
    pub struct AccessReport {
        /// The buffer: the name of an input or output, `constant0`, or a stored value as `name#0`.
        pub buffer: String,
        /// The dtype of its elements.
        pub dtype: String,
        /// For each axis, the index in terms of the loops `i0`, `i1`, ...
        pub map: Vec<String>,
        /// The bytes of the distinct elements that it meets; saturates.
        pub bytes: u64,
    }

    /// Why a kernel is not part of an earlier one.
    pub struct BoundaryReport {
        /// The sort of reason, as the variant of `Boundary` is named.
        pub kind: String,
        /// In words.
        pub text: String,
        /// The earlier kernel.
        pub kernel: Option<usize>,
        /// The value that it waits for.
        pub value: Option<String>,
    }

    /// Printed code.
    pub struct ListingReport {
        /// What it is.
        pub title: String,
        /// The code.
        pub text: String,
    }

    /// A value in memory between kernels.
    pub struct StoredReport {
        /// The user's name for it, or the operation that makes it.
        pub name: String,
        /// Its dtype and shape.
        pub array: ArrayReport,
        /// Why it is stored.
        pub reason: ReasonReport,
        /// The call that makes it.
        pub site: SiteReport,
        /// The output in whose memory it waits, where it does.
        pub output: Option<String>,
        /// The slot of workspace it lives in otherwise.
        pub slot: usize,
        /// Is it held for a block of rows at a time?
        pub by_rows: bool,
    }

    /// Memory in bytes, at the upper bounds of the dims; every sum saturates.
    pub struct MemoryReport {
        /// What the caller binds to be read.
        pub inputs: u64,
        /// What the caller binds to be written; an output that takes over an input counts once, as output.
        pub outputs: u64,
        /// Constant arrays that the plan carries.
        pub constants: u64,
        /// What a run allocates beyond scratch.
        pub workspace: u64,
        /// The slots of workspace.
        pub slots: Vec<u64>,
        /// What compiled code needs beside: tiles that stay in the nearest cache, and totals on their way. Only
        /// where the plan was compiled for the report.
        pub scratch: Option<u64>,
        /// All of these together: what is in memory while it runs.
        pub peak: u64,
        /// Arrays that NumPy would allocate on the way, call by call.
        pub numpy_temporaries: usize,
        /// Their bytes.
        pub numpy_bytes: u64,
        /// What would be in memory with NumPy if every temporary lived to the end.
        pub numpy_total: u64,
        /// Arrays that a naive chain would keep: a variable for each result that is no view, conversions included.
        #[cfg_attr(feature = "json", serde(default))]
        pub naive_temporaries: usize,
        /// Their bytes.
        #[cfg_attr(feature = "json", serde(default))]
        pub naive_bytes: u64,
        /// What would be in memory at the end of a naive chain.
        #[cfg_attr(feature = "json", serde(default))]
        pub naive_total: u64,
    }

    /// Limits.
    pub struct LimitsReport {
        /// The most elements of an intermediate; none is the default.
        pub elements: Option<u64>,
        /// The most bytes of workspace.
        pub bytes: u64,
        /// The most operations of a run; none is no limit.
        pub operations: Option<u64>,
    }

    /// A size that a binding decides.
    pub struct DimReport {
        /// The name.
        pub name: String,
        /// The smallest size allowed.
        pub lower: u64,
        /// The largest size allowed.
        pub upper: u64,
        /// Where it was declared, or used first.
        pub site: SiteReport,
    }

    /// What sizes must satisfy.
    pub struct RequirementReport {
        /// The condition.
        pub text: String,
        /// The operation that asks for it.
        pub by: String,
        /// The call.
        pub site: SiteReport,
    }

    /// Something worth knowing about one call.
    pub struct RemarkReport {
        /// In words.
        pub text: String,
        /// The operation.
        pub operation: String,
        /// The call.
        pub site: SiteReport,
    }

    /// Something that is wrong.
    pub struct DiagnosticReport {
        /// The sort of mistake: the word in `error[word]`.
        pub kind: String,
        /// One sentence that says what happened.
        pub message: String,
        /// The call.
        pub site: Option<SiteReport>,
        /// Its node: a position among the nodes.
        pub node: Option<usize>,
        /// The arrays that it speaks of.
        pub related: Vec<RelatedReport>,
        /// The guilty axis of the result.
        pub axis: Option<usize>,
        /// What to know and what to do.
        pub help: Vec<String>,
        /// What would fit, each of it planned.
        pub repairs: Vec<String>,
    }

    /// An array that a diagnostic speaks of.
    pub struct RelatedReport {
        /// What is said of it.
        pub text: String,
        /// Where the user made it.
        pub site: Option<SiteReport>,
    }
}
