//! Events for a service's logs: what was planned, compiled and run, with shapes, bytes and times. Nothing, and no time is
//! taken, without the feature `tracing`.

#[cfg(feature = "tracing")]
pub(crate) use on::Timed;

#[cfg(not(feature = "tracing"))]
pub(crate) use off::Timed;

#[cfg(feature = "tracing")]
mod on {
    use fusewire_ir::plan::Port;
    use fusewire_ir::{Error, Plan};
    use std::time::Instant;

    /// Something that began when somebody was listening.
    pub(crate) struct Timed(Option<Instant>);

    impl Timed {
        /// From now on.
        pub fn begin() -> Self {
            Self(tracing::enabled!(target: "fusewire", tracing::Level::DEBUG).then(Instant::now))
        }

        fn micros(&self) -> Option<u64> {
            self.0.map(|begun| u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX))
        }

        /// The end of planning: the pre-flight, or why there is none.
        pub fn planned(&self, plan: &Result<Plan, Error>) {
            match plan {
                Ok(plan) => {
                    let Some(micros) = self.micros() else { return };
                    tracing::debug!(
                        target: "fusewire",
                        inputs = %arrays(plan.inputs()),
                        outputs = %arrays(plan.outputs()),
                        kernels = plan.kernels().len(),
                        operations = plan.operations(),
                        workspace_bytes = plan.workspace_bytes(),
                        peak_bytes = plan.peak_bytes(),
                        numpy_bytes = plan.numpy_memory().bytes,
                        micros,
                        "planned"
                    );
                }
                Err(error) => self.wrong("refused", error),
            }
        }

        /// The end of compiling.
        pub fn compiled(&self, plan: &Plan, compiled: &Result<(), Error>) {
            if let Err(error) = compiled {
                self.wrong("not compiled", error);
            } else if let Some(micros) = self.micros() {
                tracing::debug!(target: "fusewire", kernels = plan.kernels().len(), micros, "compiled");
            }
        }

        /// The end of binding: what is refused.
        pub fn bound<T>(&self, bound: &Result<T, Error>) {
            if let Err(error) = bound {
                self.wrong("not bound", error);
            }
        }

        /// The end of a run, with the bytes of workspace that it had.
        pub fn ran(&self, plan: &Plan, workspace_bytes: usize, threads: usize, ran: &Result<(), Error>) {
            if let Err(error) = ran {
                self.wrong("failed", error);
            } else if let Some(micros) = self.micros() {
                tracing::debug!(
                    target: "fusewire",
                    outputs = %arrays(plan.outputs()),
                    workspace_bytes,
                    threads,
                    micros,
                    "ran"
                );
            }
        }

        /// Everything that is wrong, an event each: also where only warnings are listened to, and no time was taken.
        fn wrong(&self, what: &str, error: &Error) {
            for wrong in error.diagnostics() {
                let site = wrong.site.map(|site| site.to_string()).unwrap_or_default();
                tracing::warn!(
                    target: "fusewire",
                    kind = wrong.kind.name(),
                    site,
                    micros = self.micros(),
                    "{what}: {}",
                    wrong.message
                );
            }
        }
    }

    fn arrays(ports: &[Port]) -> String {
        let arrays: Vec<String> = ports.iter().map(|port| format!("{} {}", port.name, port.array)).collect();
        arrays.join(", ")
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use fusewire_ir::{Error, Plan};

    /// Nothing.
    pub(crate) struct Timed;

    impl Timed {
        pub const fn begin() -> Self {
            Self
        }

        #[allow(clippy::unused_self)]
        pub const fn planned(&self, _: &Result<Plan, Error>) {}

        #[allow(clippy::unused_self)]
        pub const fn compiled(&self, _: &Plan, _: &Result<(), Error>) {}

        #[allow(clippy::unused_self)]
        pub const fn bound<T>(&self, _: &Result<T, Error>) {}

        #[allow(clippy::unused_self)]
        pub const fn ran(&self, _: &Plan, _: usize, _: usize, _: &Result<(), Error>) {}
    }
}
