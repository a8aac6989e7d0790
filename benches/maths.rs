//! Mathematical functions in cache and from memory: fusewire, the standard library's scalar functions, and
//! glibc's libmvec, whose functions may be off by 4 ULP. Everything runs on one thread, in turns.
//!
//! With `PEERS_PY` naming a Python that has NumPy, and numba, JAX or torch if they are to be compared,
//! `benches/maths_peers.py` measures those in the same run.

mod common;

use common::{Candidate, side_by_side};
use fusewire::Element;
use fusewire::prelude::*;
use std::hint::black_box;
use std::process::Command;

#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod libmvec {
    //! rustc refuses vectors in foreign functions, so they are called as the vector ABI says by hand.
    use std::arch::x86_64::*;

    #[link(name = "mvec")]
    unsafe extern "C" {}

    macro_rules! functions {
        ($($name:ident: $element:ty, $lanes:literal, $load:ident, $store:ident, $link:literal, $operands:tt;)*) => { $(
            pub fn $name(x: &[$element], y: &[$element], out: &mut [$element]) {
                #[target_feature(enable = "avx512f")]
                fn run(x: &[$element], y: &[$element], out: &mut [$element]) {
                    unsafe extern "C" {
                        #[link_name = $link]
                        safe fn function();
                    }
                    let count = out.len().min(x.len()).min(y.len()) / $lanes;
                    for at in 0..count {
                        // SAFETY: within all three slices; the function keeps to the vector ABI.
                        unsafe {
                            let mut a = $load(x.as_ptr().add(at * $lanes));
                            functions!(@call $operands, a, $load(y.as_ptr().add(at * $lanes)));
                            $store(out.as_mut_ptr().add(at * $lanes), a);
                        }
                    }
                }
                // SAFETY: the caller has asked for AVX-512.
                unsafe { run(x, y, out) }
            }
        )* };
        (@call 1, $a:ident, $b:expr) => {
            std::arch::asm!("call {f}@PLT", f = sym function, inlateout("zmm0") $a, clobber_abi("sysv64"))
        };
        (@call 2, $a:ident, $b:expr) => {
            std::arch::asm!("call {f}@PLT", f = sym function, inlateout("zmm0") $a, in("zmm1") $b, clobber_abi("sysv64"))
        };
    }
    functions! {
        exp_f64: f64, 8, _mm512_loadu_pd, _mm512_storeu_pd, "_ZGVeN8v_exp", 1;
        log_f64: f64, 8, _mm512_loadu_pd, _mm512_storeu_pd, "_ZGVeN8v_log", 1;
        sin_f64: f64, 8, _mm512_loadu_pd, _mm512_storeu_pd, "_ZGVeN8v_sin", 1;
        cos_f64: f64, 8, _mm512_loadu_pd, _mm512_storeu_pd, "_ZGVeN8v_cos", 1;
        tanh_f64: f64, 8, _mm512_loadu_pd, _mm512_storeu_pd, "_ZGVeN8v_tanh", 1;
        erf_f64: f64, 8, _mm512_loadu_pd, _mm512_storeu_pd, "_ZGVeN8v_erf", 1;
        pow_f64: f64, 8, _mm512_loadu_pd, _mm512_storeu_pd, "_ZGVeN8vv_pow", 2;
        exp_f32: f32, 16, _mm512_loadu_ps, _mm512_storeu_ps, "_ZGVeN16v_expf", 1;
        log_f32: f32, 16, _mm512_loadu_ps, _mm512_storeu_ps, "_ZGVeN16v_logf", 1;
        sin_f32: f32, 16, _mm512_loadu_ps, _mm512_storeu_ps, "_ZGVeN16v_sinf", 1;
        cos_f32: f32, 16, _mm512_loadu_ps, _mm512_storeu_ps, "_ZGVeN16v_cosf", 1;
        tanh_f32: f32, 16, _mm512_loadu_ps, _mm512_storeu_ps, "_ZGVeN16v_tanhf", 1;
        erf_f32: f32, 16, _mm512_loadu_ps, _mm512_storeu_ps, "_ZGVeN16v_erff", 1;
        pow_f32: f32, 16, _mm512_loadu_ps, _mm512_storeu_ps, "_ZGVeN16vv_powf", 2;
    }

    pub fn is_usable() -> bool {
        is_x86_feature_detected!("avx512f")
    }
}

type Slices<T> = fn(&[T], &[T], &mut [T]);

/// Times one function on `count` elements between `low` and `high`.
fn compare<T: Element + Default>(
    workload: &str,
    count: usize,
    argument: impl Fn(f64) -> T,
    apply: impl for<'g> Fn(Expr<'g>, Expr<'g>) -> Expr<'g>,
    scalar: fn(T, T) -> T,
    vector: Option<Slices<T>>,
) {
    let fraction = |at: usize, step: f64| (at as f64 * step).fract();
    let x: Vec<T> = (0..count).map(|at| argument(fraction(at, 0.618_033_988_75))).collect();
    let y: Vec<T> = (0..count).map(|at| argument(fraction(at, 0.414_213_562_37))).collect();
    let g = Graph::new();
    let [a, b] = ["x", "y"].map(|name| g.input(name, T::DTYPE, [count]));
    let plan = g.plan([apply(a, b)], &Limits::default()).expect("the workload plans");
    let program = plan.compile().expect("the workload compiles").with_threads(1);
    let (mut ours, mut one_by_one, mut mvec) =
        (vec![T::default(); count], vec![T::default(); count], vec![T::default(); count]);
    let inputs: Vec<(&str, View<'_>)> = [("x", View::from(&x)), ("y", View::from(&y))]
        .into_iter()
        .filter(|(name, _)| program.plan().inputs().iter().any(|port| *port.name == **name))
        .collect();
    let mut bound = program.bind(inputs, [("out", &mut ours)]).expect("binds");
    let mut candidates: Vec<Candidate<'_>> = vec![("fusewire", Box::new(|| bound.run().expect("runs")))];
    if let Some(vector) = vector {
        let (xs, ys, slot) = (&x[..], &y[..], &mut mvec[..]);
        candidates.push(("libmvec", Box::new(move || vector(black_box(xs), ys, black_box(slot)))));
    }
    candidates.push((
        "std",
        Box::new(|| {
            let pairs = black_box(&x).iter().zip(&y);
            black_box(&mut one_by_one).iter_mut().zip(pairs).for_each(|(out, (x, y))| *out = scalar(*x, *y));
        }),
    ));
    side_by_side(workload, 2 * count * size_of::<T>(), candidates);
}

macro_rules! functions {
    ($count:ident, $size:ident, $float:ident: $($name:ident $vector:ident $range:expr, $apply:expr, $scalar:expr;)+) => { $(
        let (low, high): (f64, f64) = $range;
        #[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
        let vector: Option<Slices<$float>> = libmvec::is_usable().then_some(libmvec::$vector);
        #[cfg(not(all(target_arch = "x86_64", target_env = "gnu")))]
        let vector: Option<Slices<$float>> = None;
        compare::<$float>(
            &format!("{} {} {}", stringify!($name), stringify!($float), $size),
            $count,
            |at| (low + at * (high - low)) as $float,
            $apply,
            $scalar,
            vector,
        );
    )+ };
}

unsafe extern "C" {
    safe fn erf(x: f64) -> f64;
    safe fn erff(x: f32) -> f32;
}

fn main() {
    // `cargo test --benches` passes arguments of its own: then small sizes only check that it runs.
    let quick = std::env::args().any(|argument| argument == "--test");
    println!("{:<26} {:<14} {:>13} {:>12} {:>8}", "workload", "", "median", "", "ratio");
    let sizes: &[(usize, &str)] = if quick { &[(1024, "1k")] } else { &[(4096, "4k"), (4_194_304, "4M")] };
    for (count, size) in sizes.iter().copied() {
        functions! { count, size, f64:
            exp exp_f64 (-20.0, 20.0), |x, _| x.exp(), |x, _| x.exp();
            log log_f64 (1e-3, 100.0), |x, _| x.log(), |x, _| x.ln();
            sin sin_f64 (-100.0, 100.0), |x, _| x.sin(), |x, _| x.sin();
            cos cos_f64 (-100.0, 100.0), |x, _| x.cos(), |x, _| x.cos();
            tanh tanh_f64 (-5.0, 5.0), |x, _| x.tanh(), |x, _| x.tanh();
            erf erf_f64 (-4.0, 4.0), |x, _| x.erf(), |x, _| erf(x);
            pow pow_f64 (0.1, 10.0), |x, y| x.power(y), |x, y| x.powf(y);
        }
        functions! { count, size, f32:
            exp exp_f32 (-20.0, 20.0), |x, _| x.exp(), |x, _| x.exp();
            log log_f32 (1e-3, 100.0), |x, _| x.log(), |x, _| x.ln();
            sin sin_f32 (-100.0, 100.0), |x, _| x.sin(), |x, _| x.sin();
            cos cos_f32 (-100.0, 100.0), |x, _| x.cos(), |x, _| x.cos();
            tanh tanh_f32 (-5.0, 5.0), |x, _| x.tanh(), |x, _| x.tanh();
            erf erf_f32 (-4.0, 4.0), |x, _| x.erf(), |x, _| erff(x);
            pow pow_f32 (0.1, 10.0), |x, y| x.power(y), |x, y| x.powf(y);
        }
    }
    if let Some(python) = std::env::var_os("PEERS_PY") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/maths_peers.py");
        let status = Command::new(python).arg(script).status();
        assert!(status.is_ok_and(|status| status.success()), "the peers do not run");
    }
}
