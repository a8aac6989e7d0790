//! Members of archives: by any spelling of the name, and in no more memory than they need.
#![cfg(feature = "command")]

mod folder;

use folder::Folder;
use std::io::{Cursor, Write};
use std::process::{Command, Output};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Runs a line of shell, where `$F` is the command.
fn shell(folder: &Folder, line: &str) -> Output {
    let mut command = Command::new("sh");
    // Allocators reserve more addresses than they use, for each thread.
    command.env("MALLOC_ARENA_MAX", "1");
    command.args(["-c", line]).env("F", env!("CARGO_BIN_EXE_fusewire")).current_dir(folder.path(""));
    command.output().unwrap()
}

fn member(folder: &Folder, count: usize) -> Vec<u8> {
    let mut file = folder.header("<f8", &format!("({count},)"), false);
    file.extend((0..count).flat_map(|at| (at as f64).to_le_bytes()));
    file
}

#[test]
fn archives_are_known_by_what_they_hold() {
    let folder = Folder::new("archives");
    let (three, five) = (member(&folder, 3), member(&folder, 5));
    for (method, name) in
        [(CompressionMethod::Stored, "stored.NPZ"), (CompressionMethod::Deflated, "deflated.Npz")]
    {
        folder.write(name, &archive(&[("a.npy", &three), ("b.npy", &five)], method));
        for (of, length) in [("a", 3), ("b", 5), ("b.npy", 5)] {
            folder.run("x + 1", &[&format!("x={name}:{of}")], "y.npy");
            assert_eq!(folder.floats("y.npy").1, (1..=length).map(f64::from).collect::<Vec<_>>());
            std::fs::remove_file(folder.path("y.npy")).unwrap();
        }
        let text = String::from_utf8(shell(&folder, &format!("$F plan x x={name}")).stderr).unwrap();
        assert!(text.contains("which member? it has: a, b"), "{text}");
        let text = String::from_utf8(shell(&folder, &format!("$F plan x x={name}:c")).stderr).unwrap();
        assert!(text.contains("no member `c`, but: a, b"), "{text}");
        // Whatever it is called, as NumPy has it.
        folder.write("only", &archive(&[("a.npy", &three)], method));
        folder.run("x", &["x=only"], "y.npy");
        assert_eq!(folder.floats("y.npy").1, [0.0, 1.0, 2.0]);
        std::fs::remove_file(folder.path("y.npy")).unwrap();
    }
    folder.write("array.npz", &three);
    folder.run("x", &["x=array.npz"], "y.npy");
    let many: Vec<String> = (0..1000).map(|at| format!("m{at}.npy")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (&**name, &three[..])).collect();
    folder.write("many.npz", &archive(&many, CompressionMethod::Stored));
    let text = String::from_utf8(shell(&folder, "$F plan x x=many.npz").stderr).unwrap();
    assert!(text.contains("m0, m1, ") && text.contains(" and 980 more") && text.len() < 400, "{text}");
}

#[test]
fn a_member_takes_its_memory_once_and_a_plan_none() {
    let folder = Folder::new("archive-memory");
    let big = member(&folder, 3_000_000);
    let packed = archive(&[("a.npy", &big)], CompressionMethod::Deflated);
    folder.write("big.npz", &packed);
    // What the process has beside the 24 MB of the member.
    let least = (30..500).step_by(2).find(|megabytes| {
        shell(&folder, &format!("ulimit -v {megabytes}000; exec $F run 3.0 -o least.npy --threads 1"))
            .status
            .success()
    });
    // The archive is mapped.
    let least = least.unwrap() + packed.len() / 1_000_000 + 10;
    let done = shell(&folder, &format!("ulimit -v {least}000; exec $F plan 'x + 1' x=big.npz"));
    assert!(String::from_utf8(done.stdout).unwrap().contains("x f64[3000000], 24 MB"));
    let run = "exec $F run 'x.sum()' x=big.npz -o sum.npy --threads 1";
    let done = shell(&folder, &format!("ulimit -v {}000; {run}", least + 34));
    assert!(done.status.success(), "{done:?}");
    let done = shell(&folder, &format!("ulimit -v {}000; {run} --force", least + 8));
    let text = String::from_utf8(done.stderr).unwrap();
    assert_eq!((done.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.contains("24 MB of memory are needed") && text.contains("np.savez"), "{text}");
}

#[test]
fn damaged_members_are_one_line() {
    let folder = Folder::new("archive-damage");
    let small = member(&folder, 100);
    let mut cut = folder.header("<f8", "(1000,)", false);
    cut.extend([0; 80]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let mut files = vec![
            archive(&[("a.npy", &cut)], method),
            archive(&[("a.npy", b"no array")], method),
            archive(&[("a.npy", b"")], method),
            archive(&[], method),
        ];
        let good = archive(&[("a.npy", &small)], method);
        files.extend((0..good.len()).step_by(37).map(|length| good[..length].to_vec()));
        // A length that is larger than what there is, in the directory at the end.
        let mut lies = good.clone();
        let directory = lies.windows(4).rposition(|piece| piece == b"PK\x01\x02").unwrap();
        lies[directory + 26] = 16;
        files.push(lies);
        for bytes in files {
            folder.write("damaged.npz", &bytes);
            let done = shell(&folder, "$F run 'x.sum()' x=damaged.npz:a -o y.npy");
            let text = String::from_utf8(done.stderr).unwrap();
            // Damage that nobody looks at is none.
            if done.status.success() {
                assert_eq!(folder.floats("y.npy").1, [4950.0]);
                std::fs::remove_file(folder.path("y.npy")).unwrap();
                continue;
            }
            assert_eq!((done.status.code(), text.lines().count()), (Some(1), 1), "{text}");
            assert!(text.starts_with("error: damaged.npz: "), "{text}");
            assert_eq!(folder.files().len(), 1);
        }
    }
}
