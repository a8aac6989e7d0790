//! A folder of its own for a test that runs the command.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::{Child, Command};

pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fusewire-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// A subcommand that runs here.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fusewire"));
        command.arg(subcommand).current_dir(&self.0);
        command
    }

    /// As [`Self::command`], where signals do what they do by default, also where whoever runs the tests ignores some.
    pub fn interruptible(&self, subcommand: &str) -> Command {
        let mut command = Command::new("env");
        command.args(["--default-signal", env!("CARGO_BIN_EXE_fusewire"), subcommand]).current_dir(&self.0);
        command
    }

    /// Runs an expression that is sound.
    pub fn run(&self, expression: &str, inputs: &[&str], output: &str) {
        let done = self.command("run").arg(expression).args(inputs).args(["-o", output]).output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{expression}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(done.stdout.is_empty());
    }

    /// Sizes and elements of a file of `f64`, read by another reader.
    pub fn floats(&self, name: &str) -> (Vec<u64>, Vec<f64>) {
        let bytes = std::fs::read(self.path(name)).unwrap();
        let file = npyz::NpyFile::new(&bytes[..]).unwrap();
        (file.shape().to_vec(), file.into_vec::<f64>().unwrap())
    }

    /// A header as NumPy would write it.
    pub fn header(&self, descr: &str, shape: &str, is_fortran: bool) -> Vec<u8> {
        let order = if is_fortran { "True" } else { "False" };
        let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
    }

    /// The files in it, with their lengths.
    pub fn files(&self) -> Vec<(String, u64)> {
        let entries = std::fs::read_dir(&self.0).unwrap().map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().to_string_lossy().into_owned(), entry.metadata().unwrap().len())
        });
        let mut files: Vec<_> = entries.collect();
        files.sort();
        files
    }

    /// Waits until a run writes a file that has no name yet.
    pub fn wait_until_written(&self, run: &Child) {
        let descriptors = PathBuf::from(format!("/proc/{}/fd", run.id()));
        let folder = self.0.canonicalize().unwrap();
        let is_nameless =
            |path: PathBuf| path.starts_with(&folder) && path.to_string_lossy().ends_with(" (deleted)");
        for _ in 0..3000 {
            let entries = std::fs::read_dir(&descriptors).into_iter().flatten().flatten();
            if entries.flat_map(|entry| std::fs::read_link(entry.path())).any(is_nameless) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("nothing is written");
    }

    /// How many files are incomplete.
    pub fn left_over(&self) -> usize {
        self.files().iter().filter(|(name, _)| name.ends_with(".incomplete")).count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
