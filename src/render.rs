//! Errors as a compiler prints them: with the lines of the user's source.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use fusewire_ir::{Diagnostic, Error, Site};
use std::collections::HashMap;
use std::ops::Range;

/// An error with the lines of the source that it speaks of, marked, where their files can be read; without them where not. With
/// colours for terminals where `colours` says so (see [`wants_colour`](crate::wants_colour)).
///
/// Files are looked for as the compiler named them, which is relative to where it ran.
///
/// ```
/// use fusewire::prelude::*;
///
/// let g = Graph::new();
/// let error = g.plan([g.input("x", F64, [3]) + g.input("y", F64, [4])], &Limits::default()).unwrap_err();
/// let text = fusewire::render(&error, fusewire::wants_colour(&std::io::stderr()));
/// assert!(text.starts_with("error[shape]: `add` cannot broadcast [3] with [4]"));
/// ```
#[must_use]
pub fn render(error: &Error, colours: bool) -> String {
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    let mut sources = Sources::default();
    let texts = error.diagnostics().iter().map(|wrong| {
        let places = places(wrong);
        places.iter().for_each(|(site, ..)| sources.read(site.file));
        renderer.render(&[group(wrong, &places, &sources)])
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

/// What is marked: where, how, and what stands beside it.
type Place<'a> = (Site, AnnotationKind, Option<&'a str>);

fn places(wrong: &Diagnostic) -> Vec<Place<'_>> {
    let primary = wrong.site.map(|site| (site, AnnotationKind::Primary, None));
    let related = wrong
        .operands
        .iter()
        .filter_map(|note| Some((note.site?, AnnotationKind::Context, Some(note.text.as_str()))));
    primary.into_iter().chain(related).collect()
}

fn group<'a>(wrong: &'a Diagnostic, places: &[Place<'a>], sources: &'a Sources) -> Group<'a> {
    let mut group = Level::ERROR
        .primary_title(wrong.message.as_str())
        .id(wrong.kind.name())
        .elements(std::iter::empty::<Element<'a>>());
    // Of each file one piece, that of the call first.
    let mut files: Vec<&str> = Vec::new();
    for (site, ..) in places {
        if !files.contains(&site.file) {
            files.push(site.file);
        }
    }
    for file in files {
        let marked = || places.iter().filter(move |(site, ..)| site.file == file);
        let spans: Option<Vec<Range<usize>>> = marked().map(|(site, ..)| sources.span(*site)).collect();
        let (Some(text), Some(spans)) = (sources.text(file), spans) else {
            for (site, ..) in marked().take(1) {
                let origin = Origin::path(site.file).line(site.line as usize);
                group = group.element(origin.char_column(site.column as usize));
            }
            let notes = marked().filter_map(|(site, _, label)| Some(format!("{} ({site})", (*label)?)));
            group = group.elements(notes.map(|note| Level::NOTE.message(note)));
            continue;
        };
        let annotations = marked().zip(spans).map(|((_, kind, label), span)| {
            let annotation = kind.span(span);
            match label {
                Some(label) => annotation.label(*label),
                None => annotation,
            }
        });
        group = group.element(Snippet::source(text).path(file).annotations(annotations));
    }
    let placeless = wrong.operands.iter().filter(|note| note.site.is_none());
    group = group.elements(placeless.map(|note| Level::NOTE.message(note.text.as_str())));
    group = group.elements(wrong.help.iter().map(|help| Level::HELP.message(help.as_str())));
    let repairs = wrong.repairs.iter().map(|repair| repair.text.as_str());
    group.elements(repairs.map(|repair| Level::HELP.with_name("repair").message(repair)))
}

/// The files that could be read.
#[derive(Default)]
struct Sources(HashMap<&'static str, Option<String>>);

impl Sources {
    fn read(&mut self, file: &'static str) {
        self.0.entry(file).or_insert_with(|| std::fs::read_to_string(file).ok());
    }

    fn text(&self, file: &str) -> Option<&str> {
        self.0.get(file)?.as_deref()
    }

    /// The bytes of the word that stands at a place; `None` where the file has no such place, as one that was changed
    /// since may not.
    fn span(&self, site: Site) -> Option<Range<usize>> {
        let text = self.text(site.file)?;
        let mut lines = text.split_inclusive('\n');
        let before: usize = lines.by_ref().take((site.line as usize).checked_sub(1)?).map(str::len).sum();
        let line = lines.next()?;
        let (from, first) = line.char_indices().nth((site.column as usize).checked_sub(1)?)?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let rest = &line[from..];
        let end = rest.find(|c| !is_word(c)).filter(|_| is_word(first));
        let end = end.unwrap_or(if is_word(first) { rest.len() } else { first.len_utf8() });
        Some(before + from..before + from + end)
    }
}
