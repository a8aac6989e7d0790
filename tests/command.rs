//! The `fusewire` command as a user calls it.
#![cfg(feature = "command")]

use std::process::{Command, Output};

fn fusewire(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fusewire")).args(arguments).output().unwrap()
}

#[test]
fn ops_lists_what_matches() {
    let all = fusewire(&["ops"]);
    let text = String::from_utf8(all.stdout).unwrap();
    for op in fusewire::ElementOp::ALL {
        assert!(text.contains(&format!("{}(x", op.name())), "{}", op.name());
    }
    let some = fusewire(&["ops", "where"]);
    assert!(String::from_utf8(some.stdout).unwrap().contains("\nselect(x, if_true, if_false)\n"));
}

#[test]
fn exit_codes_tell_what_happened() {
    assert_eq!(fusewire(&["ops", "no such thing"]).status.code(), Some(1));
    assert_eq!(fusewire(&["unknown"]).status.code(), Some(2));
    assert_eq!(fusewire(&["--help"]).status.code(), Some(0));
}
