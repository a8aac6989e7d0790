//! Outputs for which there is no space: one line, and nothing is left.
#![cfg(feature = "command")]

mod folder;

use folder::Folder;
use std::process::{Command, Output};

/// Runs a line of shell in a folder, where `$FUSEWIRE` is the command.
fn shell(folder: &Folder, program: &[&str], line: &str) -> Output {
    Command::new(program[0])
        .args(&program[1..])
        .arg(line)
        .env("FUSEWIRE", env!("CARGO_BIN_EXE_fusewire"))
        .current_dir(folder.path("."))
        .output()
        .unwrap()
}

/// One line on the error stream that says `what`, and exit code 1.
fn refused(done: &Output, what: &str) {
    let text = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert!(done.stdout.is_empty());
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("error: ") && text.contains("out.npy") && text.contains(what), "{text}");
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    let folder = Folder::new("file-size");
    let run = "\"$FUSEWIRE\" run 'np.arange(1_000_000)' -o out.npy";
    // In blocks of 512 or 1024 bytes, which both are less than the 8 MB.
    let done = shell(&folder, &["sh", "-c"], &format!("ulimit -f 100; {run}"));
    refused(&done, "too large");
    assert!(folder.files().is_empty(), "{:?}", folder.files());
    // What is written piece by piece as well.
    folder.write("long.py", "x = np.arange(3) * 1.0\n".repeat(2000).as_bytes());
    let plan = "\"$FUSEWIRE\" plan --file long.py --format json -o out.npy";
    let done = shell(&folder, &["sh", "-c"], &format!("ulimit -f 1; {plan}"));
    refused(&done, "too large");
    assert_eq!(folder.files().len(), 1);
    let done = shell(&folder, &["sh", "-c"], &format!("ulimit -f 100000; {run}"));
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::new("full-disk");
    std::fs::create_dir(folder.path("disk")).unwrap();
    // A disk of 4 MB, in a namespace of its own, for which nobody has to be root.
    let namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"];
    let mount = "mount -t tmpfs -o size=4m tmpfs disk";
    let can_mount = Command::new("unshare").arg("--version").output().is_ok()
        && shell(&folder, &namespace, mount).status.success();
    if !can_mount {
        // Straight to the terminal: tests hold back what they print.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr().lock(),
            b"SKIPPED: no full disk, because nothing can be mounted here\n",
        );
        return;
    }
    let run = |expression: &str| {
        let run =
            format!("\"$FUSEWIRE\" run '{expression}' -o disk/out.npy 2>message; echo $? >code; ls -A disk");
        let done = shell(&folder, &namespace, &format!("{mount} && {{ {run}; }}"));
        let read = |name: &str| std::fs::read_to_string(folder.path(name)).unwrap();
        (read("code").trim().to_owned(), read("message"), String::from_utf8(done.stdout).unwrap())
    };
    let (code, message, left) = run("np.arange(1_000_000)");
    assert_eq!((&*code, &*left), ("1", ""), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.starts_with("error: disk/out.npy: ") && message.contains("space"), "{message}");
    let (code, message, left) = run("np.arange(100_000)");
    assert_eq!((&*code, &*left, &*message), ("0", "out.npy\n", ""));
}
