//! The `fusewire` command as a user calls it.
#![cfg(feature = "command")]

mod folder;

use folder::Folder;
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
    let some = String::from_utf8(some.stdout).unwrap();
    assert!(some.contains("\nselect(x, if_true, if_false)\n"));
    assert!(some.contains("\nwhere(condition, x=..., y=...)\n"));
    let json = String::from_utf8(fusewire(&["ops", "logaddexp2", "--format", "json"]).stdout).unwrap();
    assert!(json.contains("\"name\": \"logaddexp2\", \"operands\": [\"x\", \"other\"]"), "{json}");
}

#[test]
fn exit_codes_tell_what_happened() {
    assert_eq!(fusewire(&["ops", "no such thing"]).status.code(), Some(1));
    assert_eq!(fusewire(&["unknown"]).status.code(), Some(2));
    assert_eq!(fusewire(&["--help"]).status.code(), Some(0));
    assert_eq!(fusewire(&["run", "x"]).status.code(), Some(2));
    assert_eq!(fusewire(&["plan", "x +", "x=f64[3]"]).status.code(), Some(1));
    assert_eq!(fusewire(&["plan", "x + 1", "x=f64[3]"]).status.code(), Some(0));
    for shell in ["bash", "zsh", "fish"] {
        assert!(String::from_utf8(fusewire(&["completions", shell]).stdout).unwrap().contains("fusewire"));
    }
    assert!(String::from_utf8(fusewire(&["man"]).stdout).unwrap().contains(".TH fusewire"));
}

#[test]
fn plans_say_what_would_run() {
    let plan = fusewire(&["plan", "(x - x.mean(axis=0)) * w", "x=f64[n<=1000, 4]", "w=f32[4]"]);
    let text = String::from_utf8(plan.stdout).unwrap();
    assert!(text.contains("in  x f64[n<=1000, 4]"), "{text}");
    assert!(text.contains("(expression:1:4)"), "{text}");
    let refused = fusewire(&["plan", "x * w", "x=f64[5000000,1000,1]", "w=f64[10]"]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("--limit 50000000000"), "{text}");
    assert!(
        text.contains("repair: reduce `w` along axis 0 first, as with `.sum(axis=0)`: planned"),
        "{text}"
    );
    assert!(refused.stdout.is_empty());
    let other_side = fusewire(&["plan", "x.T + w", "x=f64[3,4]", "w=f64[4]"]);
    let text = String::from_utf8(other_side.stderr).unwrap();
    assert!(text.contains("`w` fits axis 0: expand it with `np.expand_dims(..., [1])`\n"), "{text}");
    assert!(
        text.contains("repair: expand `w` on the other side, with `np.expand_dims(w, axis=1)`"),
        "{text}"
    );
    let allowed =
        fusewire(&["plan", "(x * w).sum()", "x=f64[5000000,1000,1]", "w=f64[10]", "--limit", "5e10"]);
    assert_eq!(allowed.status.code(), Some(0));
    let policy = fusewire(&["plan", "x * w", "x=f64[3,4]", "w=f64[4]", "--policy", "explicit-only"]);
    assert_eq!(policy.status.code(), Some(1));
}

#[test]
fn results_are_written_as_numpy_reads_them() {
    let folder = Folder::new("results");
    folder.run("np.arange(12.0).reshape(3, 4)", &[], "x.npy");
    assert_eq!(folder.floats("x.npy"), (vec![3, 4], (0..12).map(f64::from).collect()));
    let header = std::fs::read(folder.path("x.npy")).unwrap();
    assert_eq!(&header[..8], b"\x93NUMPY\x01\x00");
    assert_eq!(header.len() - 96, 128, "elements begin at a multiple of 64");
    folder.run("x[::-1].T * factor", &["x=x.npy", "factor=2"], "y.npy");
    assert_eq!(
        folder.floats("y.npy"),
        (vec![4, 3], vec![16.0, 8.0, 0.0, 18.0, 10.0, 2.0, 20.0, 12.0, 4.0, 22.0, 14.0, 6.0])
    );
    folder.run("x[x > 5] = 0; x[0] += 100; x.sum(axis=0)", &["x=x.npy"], "s.npy");
    assert_eq!(folder.floats("s.npy"), (vec![4], vec![104.0, 106.0, 102.0, 103.0]));
    // The file that was read is as it was.
    assert_eq!(std::fs::read(folder.path("x.npy")).unwrap(), header);
    let both = folder
        .command("run")
        .args(["x.min(), x.max()", "x=x.npy", "-o", "low.npy", "-o", "high.npy"])
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(0), "{}", String::from_utf8_lossy(&both.stderr));
    assert_eq!((folder.floats("low.npy").1, folder.floats("high.npy").1), (vec![0.0], vec![11.0]));
    assert_eq!(folder.left_over(), 0);
}

#[test]
fn fields_of_records_are_read_where_they_are() {
    let folder = Folder::new("records");
    let text = "{'descr': [('name', '<U2'), ('age', '<i4'), ('weight', '<f4'), ('paid', '|b1')], 'fortran_order': False, 'shape': (3,), }\n";
    let mut file = [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat();
    for (age, weight, paid) in [(9i32, 81f32, 1u8), (3, 27.0, 0), (5, 40.5, 7)] {
        file.extend([b'a', 0, 0, 0, b'b', 0, 0, 0]);
        file.extend(age.to_le_bytes());
        file.extend(weight.to_le_bytes());
        file.push(paid);
    }
    folder.write("users.npy", &file);
    folder.run("users['weight'] / users['age']", &["users=users.npy"], "ratio.npy");
    assert_eq!(folder.floats("ratio.npy"), (vec![3], vec![9.0, 9.0, 8.1]));
    folder.run("users['paid'] * 1.0", &["users=users.npy"], "paid.npy");
    assert_eq!(folder.floats("paid.npy").1, [1.0, 0.0, 1.0]);
    let plan = folder.command("plan").args(["users['age'] + 1", "users=users.npy"]).output().unwrap();
    assert!(plan.status.success());
    folder.write("cut.npy", &file[..file.len() - 1]);
    assert!(refused(&folder, &["users['age']", "users=cut.npy", "-o", "out.npy"]).contains("ends early"));
    let big = String::from_utf8_lossy(&file[..10 + text.len()]).replace("<i4", ">i4").into_bytes();
    let big = [&file[..10], &big[big.len() - text.len()..], &[0; 60]].concat();
    folder.write("big.npy", &big);
    assert!(refused(&folder, &["users['age']", "users=big.npy", "-o", "out.npy"]).contains("`age`"));
}

#[test]
fn profiles_say_what_each_kernel_took() {
    let folder = Folder::new("profile");
    let done = folder
        .command("run")
        .args([
            "(x - x.mean(axis=0)) * 2",
            "x=f64[100000,8]",
            "-o",
            "y.npy",
            "--profile",
            "--repeat",
            "3",
            "--threads",
            "2",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(0), "{text}");
    for part in [
        "compiled in ",
        "run 3: ",
        "  kernel 0: ",
        "  kernel 1: ",
        " GB/s, ",
        "may stay in caches",
        "in all ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn plans_have_other_faces() {
    let face = |format: &str| {
        let done = fusewire(&["plan", "x * 2 + 1", "x=f64[3]", "--format", format]);
        assert_eq!(done.status.code(), Some(0));
        String::from_utf8(done.stdout).unwrap()
    };
    assert!(face("json").trim_start().starts_with('{') && face("json").contains("x * 2 + 1"));
    assert!(face("dot").starts_with("digraph"));
    assert!(face("html").contains("<html") && face("html").contains("x * 2 + 1"));
    let folder = Folder::new("faces");
    let done = folder.command("plan").args(["x + 1", "x=f64[3]", "-o", "plan.txt"]).output().unwrap();
    assert!(done.status.success() && done.stdout.is_empty());
    assert!(std::fs::read_to_string(folder.path("plan.txt")).unwrap().starts_with("1 kernel"));
    folder.run("np.arange(3.0)", &[], "x.npy");
    let done = folder.command("plan").args(["x + 1", "x=x.npy", "-o", "x.npy"]).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(folder.floats("x.npy").1, [0.0, 1.0, 2.0]);
}

#[test]
fn truths_are_true_whatever_their_bytes_are() {
    let folder = Folder::new("truths");
    let mut file = folder.header("|b1", "(4,)", false);
    file.extend([0, 1, 2, 255]);
    folder.write("b.npy", &file);
    folder.run("(b * 1.0) + ~b * 10", &["b=b.npy"], "c.npy");
    assert_eq!(folder.floats("c.npy").1, [10.0, 1.0, 1.0, 1.0]);
}

#[test]
fn expressions_come_from_files_and_from_the_standard_input() {
    let folder = Folder::new("sources");
    folder.write("pipeline.py", b"import numpy as np\n# twice\ny = np.arange(3.0)\ny *= 2\ny\n");
    let done = folder.command("run").args(["--file", "pipeline.py", "-o", "y.npy"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(folder.floats("y.npy").1, [0.0, 2.0, 4.0]);
    // Editors may put a mark at the beginning, and end lines in their own way.
    folder.write("marked.py", b"\xef\xbb\xbfy = np.arange(3.0)\r\ny * 2\r\n");
    let done = folder.command("run").args(["--file", "marked.py", "-o", "m.npy"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(folder.floats("m.npy").1, [0.0, 2.0, 4.0]);
    folder.write("latin.py", b"'\xe9'");
    assert!(
        refused(&folder, &["--file", "latin.py", "-o", "l.npy"]).contains("latin.py: it is no text in UTF-8")
    );
    folder.write("broken.py", b"y = 3\nx + y");
    let done = folder.command("plan").args(["--file", "broken.py", "y=f64[3]"]).output().unwrap();
    assert!(String::from_utf8_lossy(&done.stderr).contains("--> broken.py:2:1"));
    let mut child = folder
        .command("plan")
        .args(["-", "x=f64[3]"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"x * 2\n").unwrap();
    assert!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().contains("1 kernel"));
}

#[test]
fn random_data_is_the_same_every_time() {
    let folder = Folder::new("random");
    folder.run("x", &["x=f64[1000]"], "a.npy");
    folder.run("x", &["x=f64[1000]"], "b.npy");
    assert_eq!(folder.floats("a.npy"), folder.floats("b.npy"));
    let mean = folder.floats("a.npy").1.iter().sum::<f64>() / 1000.0;
    assert!((0.45..0.55).contains(&mean), "{mean}");
}

/// One line on the error stream, exit code 1, and nothing written.
fn refused(folder: &Folder, arguments: &[&str]) -> String {
    ended(folder, arguments, 1)
}

fn ended(folder: &Folder, arguments: &[&str], code: i32) -> String {
    let before = folder.files();
    let done = folder.command("run").args(arguments).output().unwrap();
    let text = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(done.stdout.is_empty());
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("error"), "{text}");
    assert_eq!(folder.files(), before, "{arguments:?}");
    text
}

#[test]
fn hostile_files_and_outputs_are_one_line_each() {
    let folder = Folder::new("hostile");
    folder.run("np.arange(4.0)", &[], "x.npy");
    let good = std::fs::read(folder.path("x.npy")).unwrap();
    std::fs::create_dir(folder.path("directory.npy")).unwrap();
    let with = |descr: &str, shape: &str, bytes: usize| {
        let mut file = folder.header(descr, shape, false);
        file.resize(file.len() + bytes, 0);
        file
    };
    folder.write("short.npy", &good[..good.len() - 1]);
    folder.write("cut.npy", &good[..40]);
    folder.write("magic.npy", &good[..6]);
    folder.write("empty.npy", b"");
    folder.write("text.npy", b"this is no array at all");
    folder.write("overflow.npy", &with("<f8", "(4294967296, 4294967296, 4294967296)", 8));
    folder.write("larger.npy", &with("<f8", "(1000000000000,)", 8));
    folder.write("digits.npy", &with("<f8", "(99999999999999999999999,)", 8));
    folder.write("negative.npy", &with("<f8", "(-4,)", 32));
    folder.write("big.npy", &with(">f8", "(4,)", 32));
    folder.write("object.npy", &with("|O", "(4,)", 32));
    folder.write("complex.npy", &with("<c16", "(4,)", 64));
    folder.write("text_dtype.npy", &with("<U10", "(4,)", 160));
    folder.write("nested.npy", &with("<f8", &"(".repeat(20_000), 32));
    let records = "[('a', ".repeat(12) + "'<f8'" + &")]".repeat(12);
    folder.write("records.npy", &with("<f8", &records, 96));
    let record = "('a', [".repeat(4) + "('a', '<f8')" + &"])".repeat(4);
    folder.write("wide.npy", &with("<f8", &format!("[{}]", vec![record; 500].join(", ")), 4000));
    folder.write("braces.npy", &with("<f8", &("{".repeat(9) + "1" + &"}".repeat(9)), 32));
    folder.write("escaped.npy", &with("<f8", &(r"'\'', ".to_owned() + &"[".repeat(20_000)), 32));
    folder.write("axes.npy", &with("<f8", &format!("({})", "1,".repeat(70)), 8));
    let mut long = good.clone();
    (long[6], long[8], long[9], long[10], long[11]) = (2, 255, 255, 255, 255);
    folder.write("long.npy", &long);
    folder.write("version.npy", &[&good[..6], b"\x09\x00", &good[8..]].concat());
    folder.write("archive.npz", b"PK\x03\x04 and so on");
    let out = "out.npy";
    for (file, says) in [
        ("short.npy", "it ends early"),
        ("cut.npy", "it ends early"),
        ("magic.npy", "damaged"),
        ("empty.npy", "it is empty"),
        ("text.npy", "it is no .npy file"),
        ("overflow.npy", "larger than any memory"),
        ("larger.npy", "it ends early"),
        ("digits.npy", "larger than any memory"),
        ("negative.npy", "damaged"),
        ("big.npy", "big-endian"),
        ("object.npy", "pickled"),
        ("complex.npy", "'<c16'"),
        ("text_dtype.npy", "'<U10'"),
        ("nested.npy", "nested"),
        ("records.npy", "nested more than 12 deep"),
        ("wide.npy", "too many records within each other"),
        ("braces.npy", "a dictionary within another"),
        ("escaped.npy", "nested more than 12 deep"),
        ("axes.npy", "more than 64 axes"),
        ("long.npy", "4294967295 bytes"),
        ("version.npy", "version 9"),
        ("archive.npz", "no .npz file"),
        ("directory.npy", "is a directory"),
        ("missing.npy", "no such file"),
        ("/dev/zero", "no ordinary file"),
    ] {
        let text = refused(&folder, &["x + 1", &format!("x={file}"), "-o", out]);
        assert!(text.contains(says), "{file}: {text}");
    }
    let x = "x=x.npy";
    for (arguments, says) in [
        (vec!["x", x, "-o", "x.npy"], "is an input"),
        (vec!["x", x, "-o", "x.npy", "--force"], "is an input"),
        (vec!["x", x, "-o", "./directory.npy/../x.npy", "--force"], "is an input"),
        (vec!["x", x, "-o", "short.npy"], "exists; `--force`"),
        (vec!["x", x, "-o", "directory.npy", "--force"], "is a directory"),
        (vec!["x", x, "-o", "nowhere/out.npy"], "no such directory"),
        (vec!["x", "x=f64[99999999999,99999999999]", "-o", out], "larger than any memory"),
        (vec!["x", "x=f64[99999999999]", "-o", out], "of at most"),
        (vec!["np.zeros(10**15) + np.arange(10**15)", "-o", out, "--limit", "1e18"], "out.npy: "),
    ] {
        let text = refused(&folder, &arguments);
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
    let deep = format!("{}x{}", "(".repeat(100_000), ")".repeat(100_000));
    folder.write("deep.py", deep.as_bytes());
    assert!(refused(&folder, &["--file", "deep.py", x, "-o", out]).contains("nested"));
    folder.write("long.py", "x+".repeat(5_000_000).as_bytes());
    assert!(refused(&folder, &["--file", "long.py", x, "-o", out]).contains("operators"));
    // What exists is replaced on demand only, and as a whole.
    let done = folder.command("run").args(["x + 1", x, "-o", "short.npy", "--force"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(folder.floats("short.npy").1, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(folder.left_over(), 0);
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let folder = Folder::new("interrupted");
    let mut child = folder
        .interruptible("run")
        .args(["np.sin(np.arange(20_000_000) * 1.0)", "-o", "out.npy", "--repeat", "1000", "--threads", "1"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    folder.wait_until_written(&child);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(folder.files().is_empty(), "{:?}", folder.files());
}

/// `nohup`, and a shell that starts a command in the background, ignore signals for it.
#[test]
fn signals_that_are_ignored_stay_ignored() {
    let folder = Folder::new("ignored");
    let script = r#"trap '' HUP INT; exec "$0" run 'np.sin(np.arange(20_000_000) * 1.0)' -o out.npy --repeat 1000 --threads 1"#;
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_fusewire")])
        .current_dir(folder.path(""))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    folder.wait_until_written(&child);
    let id = child.id().to_string();
    let send = |signal: &str| assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    send("-HUP");
    send("-INT");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the run goes on");
    // Others still end it, and nothing is left.
    send("-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(folder.files().is_empty(), "{:?}", folder.files());
}

#[test]
fn files_are_cut_to_lengths_that_depend_on_data() {
    let folder = Folder::new("lengths");
    folder.run("np.arange(24.0).reshape(2, 3, 4)", &[], "x.npy");
    folder.run("x[x > 20.5]", &["x=x.npy"], "a.npy");
    assert_eq!(folder.floats("a.npy"), (vec![3], vec![21.0, 22.0, 23.0]));
    folder.run("x[:, [True, False, True]]", &["x=x.npy"], "b.npy");
    let (sizes, elements) = folder.floats("b.npy");
    assert_eq!((sizes, &elements[4..12]), (vec![2, 2, 4], &[8., 9., 10., 11., 12., 13., 14., 15.][..]));
    folder.run("x[:, x[0, :, 0] > 99, 1:3]", &["x=x.npy"], "none.npy");
    assert_eq!(folder.floats("none.npy"), (vec![2, 0, 2], vec![]));
    folder.run("x[..., x[0, 0] > 1.5]", &["x=x.npy"], "c.npy");
    assert_eq!(folder.floats("c.npy").0, [2, 3, 2]);
    let both = folder
        .command("run")
        .args([
            "x[:, :, x[0, 0] > 2.5], x.sum(), x[x > 22]",
            "x=x.npy",
            "-o",
            "d.npy",
            "-o",
            "e.npy",
            "-o",
            "f.npy",
        ])
        .output()
        .unwrap();
    assert!(both.status.success(), "{both:?}");
    assert_eq!(folder.floats("d.npy"), (vec![2, 3, 1], vec![3.0, 7.0, 11.0, 15.0, 19.0, 23.0]));
    assert_eq!((folder.floats("e.npy").1, folder.floats("f.npy")), (vec![276.0], (vec![1], vec![23.0])));
    let done = folder.command("run").args(["x[[0, 7], [1, 2]]", "x=x.npy", "-o", "g.npy"]).output().unwrap();
    let text = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(
        text.contains("index 7") && text.contains("1 | x[[0, 7], [1, 2]]") && !text.contains(".rs:"),
        "{text}"
    );
    assert_eq!(folder.left_over(), 0);
}
