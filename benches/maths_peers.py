"""The functions of benches/maths.rs in NumPy, numba, JAX and torch, as far as they are installed: microseconds
per call on one thread, the median of several."""

import importlib
import math
import os
import statistics
import sys
import time

for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"]:
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

RANGES = {"exp": (-20, 20), "log": (1e-3, 100), "sin": (-100, 100), "cos": (-100, 100), "tanh": (-5, 5)}
RANGES |= {"erf": (-4, 4), "pow": (0.1, 10)}


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


numba, jax, torch = optional("numba"), optional("jax"), optional("torch")
if jax:
    jax.config.update("jax_enable_x64", True)
if torch:
    torch.set_num_threads(1)


def numba_loop(function):
    @numba.njit(fastmath=False)
    def loop(x, y, out):
        for at in range(len(x)):
            out[at] = function(x[at], y[at])

    return loop


def candidates(name, x, y):
    """Each peer with a function to call."""
    out = np.empty_like(x)
    numpys = {"pow": np.power}.get(name, getattr(np, name, None))
    if name == "pow":
        yield "numpy", lambda: np.power(x, y, out=out)
    elif numpys:
        yield "numpy", lambda: numpys(x, out=out)
    if numba:
        one = {"pow": lambda x, y: x**y, "erf": lambda x, y: math.erf(x)}.get(name)
        if one is None:
            scalar = getattr(math, name)
            one = lambda x, y: scalar(x)
        loop = numba_loop(numba.njit(one))
        yield "numba", lambda: loop(x, y, out)
    if jax:
        import jax.numpy as jnp

        function = {"erf": jax.scipy.special.erf, "pow": jnp.power}.get(name, getattr(jnp, name, None))
        a, b = jnp.asarray(x), jnp.asarray(y)
        jitted = jax.jit(lambda a, b: function(a, b) if name == "pow" else function(a))
        yield "jax", lambda: jitted(a, b).block_until_ready()
    if torch:
        a, b, result = torch.from_numpy(x), torch.from_numpy(y), torch.empty(len(x), dtype=torch.from_numpy(x).dtype)
        function = getattr(torch, name)
        if name == "pow":
            yield "torch", lambda: torch.pow(a, b, out=result)
        else:
            yield "torch", lambda: function(a, out=result)
        # Compiled by inductor to a loop of C++, which is what its makers advise.
        torch.compiler.reset()
        compiled = torch.compile(lambda a, b, result: result.copy_(function(a, b) if name == "pow" else function(a)), dynamic=False)
        try:
            compiled(a, b, result)
        except Exception as error:
            print(f"torch.compile of {name}: {str(error).splitlines()[0]}", file=sys.stderr)
        else:
            yield "torch.compile", lambda: compiled(a, b, result)


def median(call):
    call()
    start = time.perf_counter()
    call()
    repeats = max(1, int(2e-3 / max(time.perf_counter() - start, 1e-7)))
    times = []
    for _ in range(15):
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        times.append((time.perf_counter() - start) / repeats)
    return statistics.median(times)


for count, size in [(4096, "4k"), (4_194_304, "4M")]:
    for dtype in ["f64", "f32"]:
        for name, (low, high) in RANGES.items():
            at = np.arange(count)
            x = (low + (at * 0.61803398875 % 1) * (high - low)).astype(np.float64 if dtype == "f64" else np.float32)
            y = (low + (at * 0.41421356237 % 1) * (high - low)).astype(x.dtype)
            for peer, call in candidates(name, x, y):
                print(f"{f'{name} {dtype} {size}':<26} {peer:<14} {median(call) * 1e6:>10.1f} us", flush=True)
