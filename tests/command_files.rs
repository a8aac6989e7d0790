//! What the command does to files: which it replaces, and what it leaves when it does not come to its end.
#![cfg(feature = "command")]

mod folder;

use folder::Folder;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Child, Command, Output, Stdio};

fn call(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fusewire"))
        .args(arguments)
        .current_dir(folder.path(""))
        .output()
        .unwrap()
}

/// One line and exit code `code`, after which every file is as it was.
fn refused(folder: &Folder, arguments: &[&str], code: i32) -> String {
    let before = state(folder);
    let done = call(folder, arguments);
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(code), "{arguments:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(state(folder), before, "{arguments:?}: {text}");
    text
}

/// Names, numbers, modes and lengths of what is in a folder.
fn state(folder: &Folder) -> Vec<(String, u64, u32, u64)> {
    let entries = folder.files().into_iter().map(|(name, length)| {
        let metadata = folder.path(&name).symlink_metadata().unwrap();
        (name, metadata.ino(), metadata.mode(), length)
    });
    entries.collect()
}

fn succeeded(folder: &Folder, arguments: &[&str]) {
    let done = call(folder, arguments);
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(folder.left_over(), 0);
}

/// A run of minutes.
fn long_run(folder: &Folder, arguments: &[&str]) -> Child {
    let run = folder
        .interruptible("run")
        .args(arguments)
        .args(["--repeat", "100000", "--threads", "2"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    folder.wait_until_written(&run);
    run
}

fn send(signal: &str, to: &Child) {
    assert!(Command::new("kill").args([signal, &to.id().to_string()]).status().unwrap().success());
}

#[test]
fn links_to_inputs_and_outputs_are_found() {
    let folder = Folder::new("links");
    folder.run("np.arange(4.0)", &[], "x.npy");
    std::fs::hard_link(folder.path("x.npy"), folder.path("hard.npy")).unwrap();
    symlink("x.npy", folder.path("soft.npy")).unwrap();
    symlink(".", folder.path("here")).unwrap();
    for output in ["x.npy", "./x.npy", "here/x.npy", "hard.npy", "soft.npy"] {
        let says = format!("{output}: is an input");
        assert!(refused(&folder, &["run", "x+1", "x=x.npy", "-o", output, "--force"], 1).contains(&says));
        assert!(refused(&folder, &["plan", "x+1", "x=x.npy", "-o", output, "--force"], 1).contains(&says));
    }
    for other in ["./o.npy", "here/o.npy", "here/here/./o.npy"] {
        let text = refused(&folder, &["run", "x, x+1", "x=x.npy", "-o", "o.npy", "-o", other], 2);
        assert!(text.contains("is the output of two results"), "{text}");
    }
    let arguments = ["run", "1, 2", "-o", "hard.npy", "-o", "soft.npy", "--force"];
    assert!(
        refused(&folder, &arguments, 2).contains("soft.npy: is the output of two results, as hard.npy is")
    );
}

#[test]
fn several_outputs_appear_together_or_not_at_all() {
    let folder = Folder::new("together");
    let place = |name: &str| folder.path(name);
    folder.write("old.npy", b"old");
    std::fs::create_dir(place("other")).unwrap();
    // Each of these happens while the run computes; without the folder of the second the first was placed before.
    for force in [false, true] {
        for obstacle in ["directory", "pipe", "no folder"] {
            let mut arguments = vec!["np.sin(np.arange(1_000_000) * 1.0), 2.0, 3.0"];
            let first = if force { "old.npy" } else { "new.npy" };
            arguments.extend(["-o", first, "-o", "other/new.npy", "-o", "last.npy"]);
            if force {
                arguments.push("--force");
            }
            let mut run = folder.command("run");
            let mut run = run.args(arguments).args(["--repeat", "8"]).stderr(Stdio::piped()).spawn().unwrap();
            folder.wait_until_written(&run);
            match obstacle {
                "directory" => std::fs::create_dir(place("last.npy")).unwrap(),
                "no folder" => std::fs::remove_dir(place("other")).unwrap(),
                _ => mknodat(CWD, place("last.npy"), FileType::Fifo, Mode::RUSR, 0).unwrap(),
            }
            assert_eq!(run.wait().unwrap().code(), Some(1));
            assert_eq!(std::fs::read(place("old.npy")).unwrap(), b"old");
            let _ = std::fs::create_dir(place("other"));
            let _ =
                std::fs::remove_file(place("last.npy")).or_else(|_| std::fs::remove_dir(place("last.npy")));
            let names: Vec<String> = folder.files().into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["old.npy", "other"], "{force} {obstacle}");
            assert_eq!(std::fs::read_dir(place("other")).unwrap().count(), 0);
        }
    }
    let run = ["run", "1.0, 2.0, 3.0", "-o", "old.npy", "-o", "other/new.npy", "-o", "last.npy", "--force"];
    succeeded(&folder, &run);
    succeeded(&folder, &run);
    assert_eq!(folder.floats("old.npy").1, [1.0]);
    assert_eq!(folder.floats("other/new.npy").1, [2.0]);
    assert_eq!(folder.floats("last.npy").1, [3.0]);
    assert_eq!(std::fs::read_dir(place("other")).unwrap().count(), 1);
}

#[test]
fn what_is_replaced_keeps_its_mode_and_its_place() {
    let folder = Folder::new("replaced");
    let place = |name: &str| folder.path(name);
    std::fs::create_dir(place("real")).unwrap();
    for mode in [0o600, 0o640, 0o777] {
        folder.write("real/y.npy", b"old");
        std::fs::set_permissions(place("real/y.npy"), PermissionsExt::from_mode(mode)).unwrap();
        let _ = std::fs::remove_file(place("y.npy"));
        symlink("real/y.npy", place("y.npy")).unwrap();
        for arguments in [
            &["run", "np.arange(2.0)", "-o", "y.npy", "--force"][..],
            &["plan", "np.arange(2.0)", "-o", "y.npy", "--force"],
        ] {
            assert!(refused(&folder, &arguments[..4], 1).contains("exists; `--force` replaces it"));
            succeeded(&folder, arguments);
            assert!(place("y.npy").symlink_metadata().unwrap().is_symlink());
            let metadata = place("real/y.npy").metadata().unwrap();
            assert_eq!(metadata.mode() & 0o777, mode);
            assert_ne!(metadata.len(), 3);
        }
    }
    // Another name of the file that was replaced is still a name of that.
    std::fs::hard_link(place("real/y.npy"), place("other.npy")).unwrap();
    let before = std::fs::read(place("other.npy")).unwrap();
    succeeded(&folder, &["run", "np.arange(7.0)", "-o", "y.npy", "--force"]);
    assert_eq!(std::fs::read(place("other.npy")).unwrap(), before);
    assert_eq!(folder.floats("y.npy").0, [7]);
    // A new file has the mode that the user's other files have.
    let created = std::fs::File::create(place("created")).unwrap().metadata().unwrap().mode();
    succeeded(&folder, &["run", "1.0", "-o", "new.npy"]);
    assert_eq!(place("new.npy").metadata().unwrap().mode(), created);
}

#[test]
fn what_is_no_file_is_left_alone() {
    let folder = Folder::new("no-files");
    mknodat(CWD, folder.path("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
    std::fs::create_dir(folder.path("directory")).unwrap();
    symlink("nowhere", folder.path("dangling")).unwrap();
    symlink("loop", folder.path("loop")).unwrap();
    // A device of its own where this may make one, who could also replace that of everybody.
    let device =
        mknodat(CWD, folder.path("device"), FileType::CharacterDevice, Mode::RUSR, rustix::fs::makedev(1, 3));
    let device = if device.is_ok() { "device" } else { "/dev/null" };
    symlink(device, folder.path("null")).unwrap();
    folder.write("file", b"file");
    for (output, says) in [
        (device, "is a device, no ordinary file"),
        ("null", "is a device, no ordinary file"),
        // A pipe here, and no name.
        ("/dev/stdout", "is a pipe, no ordinary file"),
        ("pipe", "is a pipe, no ordinary file"),
        ("socket", "is a socket, no ordinary file"),
        ("directory", "is a directory"),
        ("directory/", "is a directory"),
        ("directory/.", "is a directory"),
        ("..", "is a directory"),
        ("/", "is a directory"),
        ("dangling", "a symbolic link to a file that does not exist"),
        ("loop", "symbolic links"),
        ("new/", "is the name of a directory"),
        ("no/new", "no such directory: no"),
        ("file/new", "not a directory"),
        ("/proc/new", "no such file"),
    ] {
        for force in [&["--force"][..], &[]] {
            for command in ["run", "plan"] {
                let arguments = [&[command, "np.arange(3)", "-o", output], force].concat();
                let text = refused(&folder, &arguments, 1);
                assert!(text.contains(says) && text.contains(output), "{arguments:?}: {text}");
            }
        }
    }
}

#[test]
fn plans_are_written_by_the_same_rules() {
    let folder = Folder::new("plan-files");
    folder.write("pipeline.py", b"np.arange(3) + 1");
    std::fs::hard_link(folder.path("pipeline.py"), folder.path("other.py")).unwrap();
    for output in ["pipeline.py", "./pipeline.py", "other.py"] {
        for command in ["plan", "run"] {
            let text = refused(&folder, &[command, "--file", "pipeline.py", "-o", output, "--force"], 1);
            assert!(text.contains("is the file of the expression"), "{text}");
        }
    }
    folder.write("plan.txt", b"mine");
    assert!(refused(&folder, &["plan", "1 + 1", "-o", "plan.txt"], 1).contains("exists; `--force`"));
    // A plan that is refused replaces nothing.
    let done = call(&folder, &["plan", "x", "-o", "plan.txt", "--force"]);
    assert_eq!(
        (done.status.code(), std::fs::read(folder.path("plan.txt")).unwrap()),
        (Some(1), b"mine".to_vec())
    );
    succeeded(&folder, &["plan", "1 + 1", "-o", "plan.txt", "--force"]);
    assert!(std::fs::read_to_string(folder.path("plan.txt")).unwrap().contains("kernel"));
    let done = call(&folder, &["plan", "1 + 1", "-o", "-"]);
    assert!(String::from_utf8(done.stdout).unwrap().contains("kernel"));
}

/// Also what nobody can handle leaves nothing.
#[test]
fn no_signal_leaves_a_file() {
    let folder = Folder::new("signals");
    folder.write("old.npy", b"old");
    for signal in ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM", "XCPU", "ABRT", "KILL"] {
        let expression = "np.sin(np.arange(5_000_000) * 1.0), np.arange(3)";
        let mut run = long_run(&folder, &[expression, "-o", "old.npy", "-o", "new.npy", "--force"]);
        send(&format!("-{signal}"), &run);
        let status = run.wait().unwrap();
        let is_handled = signal != "KILL";
        assert_eq!(status.code(), is_handled.then_some(1), "{signal}");
        assert_eq!(folder.files(), [("old.npy".into(), 3)], "{signal}");
    }
}

#[test]
fn a_file_that_is_cut_short_is_an_error() {
    let folder = Folder::new("cut-short");
    folder.run("np.arange(1_000_000.0)", &[], "x.npy");
    // Often enough that no chance lets all of them end well.
    for threads in ["1", "2", "2", "2", "4", "4"] {
        std::fs::copy(folder.path("x.npy"), folder.path("y.npy")).unwrap();
        let run = folder
            .command("run")
            .args([
                "x + y",
                "x=x.npy",
                "y=y.npy",
                "-o",
                "out.npy",
                "--repeat",
                "1000000",
                "--threads",
                threads,
            ])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        folder.wait_until_written(&run);
        std::fs::File::options().write(true).open(folder.path("y.npy")).unwrap().set_len(5000).unwrap();
        let done = run.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&done.stderr);
        assert_eq!(text, "error: y.npy: it was cut short while it was read; nothing was written\n");
        assert_eq!(done.status.code(), Some(1));
        assert_eq!(folder.files().len(), 2);
    }
}

/// Memory that cannot be had is one line and no crash, however little there is.
#[test]
fn little_memory_is_an_error() {
    let folder = Folder::new("memory");
    let limited = |megabytes: f64, arguments: &str| {
        let line = format!("ulimit -v {}; exec \"$F\" {arguments}", (megabytes * 1000.0) as u64);
        let mut command = Command::new("sh");
        command.args(["-c", &line]).env("F", env!("CARGO_BIN_EXE_fusewire")).current_dir(folder.path(""));
        command.output().unwrap()
    };
    // Less than a process needs to begin is not ours to report.
    let least = (10..1000).map(f64::from).find(|megabytes| limited(*megabytes, "ops sin").status.success());
    let run = "run 'np.sort((x * 2).reshape(-1)) + y' 'x=f64[500,1000]' y=3 -o o.npy --threads 1";
    let mut failed = 0;
    for step in 0..40 {
        let megabytes = least.unwrap() + 0.8 * f64::from(step);
        let done = limited(megabytes, run);
        let text = String::from_utf8_lossy(&done.stderr);
        if done.status.success() {
            std::fs::remove_file(folder.path("o.npy")).unwrap();
            continue;
        }
        failed += 1;
        assert_eq!(done.status.code(), Some(1), "{megabytes}: {text}");
        let is_whole = text.starts_with("error") || text.starts_with("memory allocation of ");
        assert!(is_whole && text.lines().count() <= 4, "{megabytes}: {text}");
        assert!(folder.files().is_empty());
    }
    assert!(failed > 10, "{failed}");
}

/// Where files without a name cannot get one they have one from the beginning.
#[test]
fn file_systems_without_nameless_files_will_do() {
    let folder = Folder::new("named");
    // What finds nameless files is hidden, in a namespace of its own, for which nobody has to be root.
    let shell = |line: &str| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .arg(format!("mount -t tmpfs tmpfs /proc && {{ {line}\n}}"))
            .env("F", env!("CARGO_BIN_EXE_fusewire"))
            .current_dir(folder.path(""))
            .output()
    };
    if !shell("true").is_ok_and(|done| done.status.success()) {
        let skipped =
            b"SKIPPED: no file system without nameless files, because nothing can be mounted here\n";
        let _ = std::io::stderr().lock().write_all(skipped);
        return;
    }
    folder.write("old.npy", b"old");
    let run = "$F run '1.0, 2.0' -o old.npy -o new.npy";
    let done = shell(&format!("{run} --force && {run} --force; {run}; echo $?; ls -A")).unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "1\nnew.npy\nold.npy\n", "{done:?}");
    assert_eq!((folder.floats("old.npy").1, folder.floats("new.npy").1), (vec![1.0], vec![2.0]));
    let long = format!("{}.npy", "é".repeat(120));
    let done = shell(&format!("$F run 3.0 -o {long} && ls -A | wc -l")).unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "3", "{done:?}");
    for signal in ["TERM", "USR1", "XCPU"] {
        let run = "$F run 'np.sin(np.arange(5_000_000) * 1.0)' -o out.npy --repeat 100000";
        let wait = "until ls -A | grep -q incomplete; do sleep 0.01; done";
        let line = format!("{run} & {wait}; kill -{signal} $!; wait $!; echo $?; ls -A | wc -l");
        let done = shell(&line).unwrap();
        assert_eq!(String::from_utf8_lossy(&done.stdout), "1\n3\n", "{signal}: {done:?}");
    }
}
