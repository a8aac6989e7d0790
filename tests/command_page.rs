//! Runs every line of docs/command.md that begins with `$`, in a folder of its own, and holds what it prints against
//! the lines after it: `...` on a line stands for any lines, at the end of one for its rest.
#![cfg(feature = "command")]

mod folder;

use folder::Folder;
use std::process::Command;

/// The words of a line, which may stand in single quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for character in line.chars() {
        match character {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            other => {
                word.push(other);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match (expected.first(), printed.first()) {
        (None, None) => true,
        (Some(&"..."), _) => (0..=printed.len()).any(|skipped| matches(&expected[1..], &printed[skipped..])),
        (Some(line), Some(other)) => {
            let same = line.strip_suffix("...").map_or(line == other, |start| other.starts_with(start));
            same && matches(&expected[1..], &printed[1..])
        }
        _ => false,
    }
}

#[test]
fn the_tutorial_does_what_it_says() {
    let page = std::fs::read_to_string("docs/command.md").unwrap();
    let folder = Folder::new("tutorial");
    let mut count = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for step in block.split("$ ").skip(1) {
            let mut lines = step.lines();
            let line = lines.next().unwrap();
            let words = words(line);
            assert_eq!(words[0], "fusewire");
            let done = Command::new(env!("CARGO_BIN_EXE_fusewire"))
                .args(&words[1..])
                .current_dir(folder.path(""))
                .output()
                .unwrap();
            let printed = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
            let expected: Vec<&str> = lines.collect();
            let refused = expected.first().is_some_and(|first| first.starts_with("error"));
            assert_eq!(done.status.code(), Some(i32::from(refused)), "{line}\n{printed}");
            assert!(matches(&expected, &printed.lines().collect::<Vec<_>>()), "{line}\n{printed}");
            count += 1;
        }
    }
    assert!(count >= 12);
}
