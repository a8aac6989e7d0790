//! The command on a terminal: what is drawn during a long run, and colours.
#![cfg(feature = "command")]

mod folder;

use folder::Folder;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A terminal of 100 columns: what a command has as a stream, and what is written to it, piece by piece.
fn terminal() -> (File, Receiver<String>) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let size = Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size).unwrap();
    let (send, pieces) = channel();
    std::thread::spawn(move || {
        let (mut master, mut bytes) = (File::from(master), [0; 4096]);
        // The end is an error where the other side is gone.
        while let Ok(count @ 1..) = master.read(&mut bytes) {
            if send.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                break;
            }
        }
    });
    (File::from(slave), pieces)
}

/// What was drawn until it contains `wanted`, or until a minute is over.
fn drawn_until(pieces: &Receiver<String>, wanted: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    let mut all = String::new();
    while !wanted(&all) && begun.elapsed() < Duration::from_secs(60) {
        match pieces.recv_timeout(Duration::from_secs(1)) {
            Ok(piece) => all.push_str(&piece),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    all
}

/// An expression that takes many seconds and writes 16 MB.
fn long() -> String {
    format!("y = np.arange(2_000_000) * 1.0\n{}y", "y = np.sin(y)\n".repeat(2000))
}

#[test]
fn a_long_run_has_a_bar_which_an_interrupt_takes_away() {
    let folder = Folder::new("terminal");
    let (terminal, pieces) = terminal();
    let mut child = folder
        .interruptible("run")
        .args([&long(), "-o", "out.npy", "--threads", "1"])
        .stderr(Stdio::from(terminal))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let drawn = drawn_until(&pieces, |all| all.matches(" left").count() > 3);
    let missing: Vec<_> =
        ["B/s  ", " left", " %  "].into_iter().filter(|part| !drawn.contains(part)).collect();
    if !missing.is_empty() {
        child.kill().unwrap();
        let last = drawn.rsplit('\r').next().unwrap_or_default();
        panic!("{missing:?} after {} characters, the last of them {last:?}", drawn.len());
    }
    assert!(!drawn.contains("\x1b[3") && !drawn.contains("\x1b[9"), "colours: {drawn:?}");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let rest = drawn_until(&pieces, |_| false);
    // The line is empty before something else is said on it.
    let (_, after) = rest.rsplit_once("\x1b[2K").unwrap_or_else(|| panic!("{rest:?}"));
    assert_eq!(after.trim(), "error: interrupted; nothing was written");
    assert!(folder.files().is_empty(), "{:?}", folder.files());
}

#[test]
fn nothing_is_drawn_where_there_is_no_terminal() {
    let folder = Folder::new("no-terminal");
    let mut child = folder
        .interruptible("run")
        .args([&long(), "-o", "out.npy", "--threads", "1"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // From when it runs, as long as it would take until there is a bar, and longer.
    folder.wait_until_written(&child);
    std::thread::sleep(Duration::from_millis(2500));
    assert!(child.try_wait().unwrap().is_none(), "it takes longer");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let done = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stderr), "error: interrupted; nothing was written\n");
    assert!(folder.files().is_empty(), "{:?}", folder.files());
}

#[test]
fn colours_are_for_terminals_and_not_for_everybody() {
    let help = |no_colour: Option<&str>| {
        let (terminal, pieces) = terminal();
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusewire"));
        command.args(["run", "--help"]).env_remove("NO_COLOR").env("TERM", "xterm-256color");
        command.env_remove("CLICOLOR").env_remove("CLICOLOR_FORCE");
        no_colour.map(|value| command.env("NO_COLOR", value));
        let mut child = command.stdout(Stdio::from(terminal)).spawn().unwrap();
        drop(command);
        assert!(child.wait().unwrap().success());
        drawn_until(&pieces, |_| false)
    };
    assert!(help(None).contains("\x1b["), "{:?}", help(None));
    assert!(!help(Some("1")).contains("\x1b["));
    let piped = Command::new(env!("CARGO_BIN_EXE_fusewire")).args(["run", "--help"]).output().unwrap();
    assert!(!String::from_utf8(piped.stdout).unwrap().contains("\x1b["));
}
