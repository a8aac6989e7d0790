//! What object files are made for.

use crate::jit::{self, CodeError};
use crate::lower::Width;
use cranelift_codegen::isa::OwnedTargetIsa;
use fusewire_ir::{Diagnostic, DiagnosticKind, Error, Site};
use fusewire_runtime::processor;
use std::fmt;
use target_lexicon::{Architecture, BinaryFormat, Environment, OperatingSystem, Triple};

/// What a processor has at least, as the ABI of x86-64 counts it. The first level, `x86-64` without a number, is not
/// among them: code needs SSE4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// SSE4.2 and what comes with it: every processor since 2009.
    V2,
    /// AVX2, FMA and what comes with them.
    V3,
    /// AVX-512 with its extensions F, BW, CD, DQ and VL.
    V4,
}

impl Level {
    const ALL: [Self; 3] = [Self::V2, Self::V3, Self::V4];

    /// The name that compilers know it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V2 => "x86-64-v2",
            Self::V3 => "x86-64-v3",
            Self::V4 => "x86-64-v4",
        }
    }

    pub(super) const fn number(self) -> u64 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    pub(super) const fn width(self) -> Width {
        match self {
            Self::V2 => Width::Narrow,
            Self::V3 => Width::Avx2,
            Self::V4 => Width::Avx512,
        }
    }
}

/// A machine that object files are made for: its system as a target triple, and the level of its processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    triple: Triple,
    level: Level,
}

impl Target {
    /// Linux on x86-64.
    #[must_use]
    pub fn linux(level: Level) -> Self {
        let mut triple = Triple::unknown();
        triple.architecture = Architecture::X86_64;
        triple.operating_system = OperatingSystem::Linux;
        triple.environment = Environment::Gnu;
        triple.binary_format = BinaryFormat::Elf;
        Self { triple, level }
    }

    /// The machine that this process runs on.
    ///
    /// # Errors
    /// A machine that is not supported.
    #[track_caller]
    pub fn host() -> Result<Self, Error> {
        let site = Site::caller();
        let Some(level) = Level::ALL.into_iter().rev().find(|level| level.number() <= processor::level())
        else {
            let message = "this processor is no x86-64-v2: it has no SSE4.2";
            return Err(Diagnostic::new(DiagnosticKind::Compile, message).at(site).into());
        };
        Self::of(Triple::host(), level, site)
    }

    /// A machine by its target triple, such as `x86_64-unknown-linux-musl`.
    ///
    /// # Errors
    /// A text that is no triple, and a machine whose code or files are others: x86-64 and ELF are supported.
    #[track_caller]
    pub fn new(triple: &str, level: Level) -> Result<Self, Error> {
        let site = Site::caller();
        match triple.parse::<Triple>() {
            Ok(triple) => Self::of(triple, level, site),
            Err(error) => {
                let message = format!("`{triple}` is no target triple: {error}");
                let wrong = Diagnostic::new(DiagnosticKind::Compile, message).at(site);
                Err(wrong.help("as in `x86_64-unknown-linux-gnu`").into())
            }
        }
    }

    fn of(triple: Triple, level: Level, site: Site) -> Result<Self, Error> {
        let mut wrong = Vec::new();
        if triple.architecture != Architecture::X86_64 {
            wrong.push(format!("the code is that of x86-64, not of {}", triple.architecture));
        }
        if triple.environment == Environment::Gnux32 {
            wrong.push("pointers have 64 bits".into());
        }
        if triple.binary_format != BinaryFormat::Elf {
            let format = format!("{:?}", triple.binary_format).to_uppercase();
            wrong.push(format!("files are ELF, with its calling convention, not {format}"));
        }
        if wrong.is_empty() {
            return Ok(Self { triple, level });
        }
        let message = format!("there are no object files for {triple}");
        let mut diagnostic = Diagnostic::new(DiagnosticKind::Compile, message).at(site);
        diagnostic.help = wrong;
        Err(diagnostic
            .help("supported are Linux and the BSDs on x86-64, as in `x86_64-unknown-linux-gnu`")
            .into())
    }

    /// The level of its processor.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The same system with another processor.
    #[must_use]
    pub fn with_level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    pub(super) fn isa(&self) -> Result<OwnedTargetIsa, CodeError> {
        jit::isa_of(self.triple.clone(), self.level.name())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.triple, self.level.name())
    }
}
