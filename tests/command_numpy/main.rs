//! Holds the command against NumPy, where Python has it: random expressions of the language, and those of
//! docs/numpy-users.md.
#![cfg(feature = "command")]

use std::process::Command;

/// The Python that has NumPy: `FUSEWIRE_PYTHON`, or `python3`.
fn python() -> Option<String> {
    let python = std::env::var("FUSEWIRE_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python).args(["-c", "import numpy"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    // Straight to the terminal: tests hold back what they print.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr().lock(),
        b"SKIPPED: no comparison with NumPy, which python3 does not have; FUSEWIRE_PYTHON names one that has it\n",
    );
    None
}

fn compare(arguments: &[&str]) {
    let Some(python) = python() else { return };
    let done = Command::new(python)
        .arg("tests/command_numpy/compare.py")
        .arg(env!("CARGO_BIN_EXE_fusewire"))
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{text}\n{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn random_expressions_are_those_of_numpy() {
    compare(&["--count", "300", "--seed", "1"]);
}

#[test]
fn the_expressions_of_the_page_for_numpy_users_are_those_of_numpy() {
    compare(&["--page", "docs/numpy-users.md"]);
}
