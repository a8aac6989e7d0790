//! A report as one page that needs nothing else: no network, no script.

use super::listing::{Listings, MOST_ITEMS, some};
use super::svg::escaped;
use super::{AccessReport, KernelReport, MemoryReport, NodeReport, PlanReport};
use crate::diagnostic::{grouped, human_bytes};
use std::collections::HashMap;
use std::fmt::Write;

/// The most lines of a body that are shown.
const MOST_BODY: usize = 160;
/// The most accesses of a kernel that are shown.
const MOST_ACCESSES: usize = 64;

impl PlanReport {
    /// The whole plan as one HTML page: the drawing, and for whatever is clicked in it all that is known of it. The page loads
    /// nothing and runs no script.
    #[must_use]
    pub fn html(&self) -> String {
        let mut page = String::from(HEAD);
        let _ = write!(page, "<style>{STYLE}</style></head><body>\n<main>{}", self.heading());
        if self.is_collapsed() {
            page.push_str(
                "<p class=\"soft\">The expression is large: only kernels are drawn, the values are listed.</p>",
            );
        }
        let _ = write!(page, "{LEGEND}<div class=\"picture\">{}</div></main>\n<aside>\n", self.svg());
        self.overview(&mut page);
        let mut listings = Listings::default();
        let mut readers: Readers<'_> = HashMap::new();
        for (at, kernel) in self.kernels.iter().enumerate() {
            self.kernel_section(&mut page, at, &mut listings);
            for read in &kernel.reads {
                readers.entry(&read.buffer).or_default().push((at, read));
            }
        }
        for at in 0..self.nodes.len() {
            self.node_section(&mut page, at, &readers);
        }
        page.push_str("</aside></body></html>\n");
        page
    }

    fn heading(&self) -> String {
        if self.is_refused() {
            let first = self.diagnostics.first().map(|wrong| wrong.message.as_str()).unwrap_or_default();
            return format!("<h1 class=\"bad\">Refused</h1><p>{}</p>", prose(first));
        }
        let names: Vec<&str> = self.outputs.iter().map(|port| port.name.as_str()).collect();
        let memory = &self.memory;
        format!(
            "<h1>{}</h1><div class=\"facts\">{}</div>",
            escaped(&names.join(", ")),
            self.counts()
                .map(|(count, word)| (count.to_string(), word))
                .chain([
                    (grouped(self.operations), "operations"),
                    (human_bytes(memory.peak), "peak"),
                    (human_bytes(memory.workspace), "workspace"),
                    (human_bytes(memory.numpy_bytes), "temporaries in NumPy"),
                ])
                .map(|(number, word)| format!("<span><b>{number}</b> {word}</span>"))
                .collect::<String>()
        )
    }

    /// What is shown while nothing is chosen.
    fn overview(&self, page: &mut String) {
        page.push_str("<section id=\"overview\">");
        for wrong in &self.diagnostics {
            let _ = write!(
                page,
                "<h2 class=\"bad\">error: {}</h2><p>{}</p>",
                escaped(&wrong.kind),
                prose(&wrong.message)
            );
            if let Some(site) = &wrong.site {
                let _ = write!(page, "<p class=\"soft\">{}</p>", escaped(&site.to_string()));
            }
            let related = wrong.related.iter().map(|note| match &note.site {
                Some(site) => format!("{}  ({site})", note.text),
                None => note.text.clone(),
            });
            list(page, related);
            list(page, wrong.help.iter().cloned());
            if !wrong.repairs.is_empty() {
                page.push_str("<h3>What would fit</h3>");
                list(page, wrong.repairs.iter().cloned());
            }
            if let Some(node) = wrong.node {
                let _ = write!(page, "<p>{}</p>", self.node_link(node));
            }
        }
        if !self.is_refused() {
            self.memory_table(page, &self.memory);
            let inputs = self.inputs.iter().map(|port| ("input", port));
            let ports: Vec<_> = inputs.chain(self.outputs.iter().map(|port| ("output", port))).collect();
            page.push_str("<h2>Arrays</h2><table>");
            for (sort, port) in ports {
                let over = port.in_place_of.as_ref().map(|over| format!(" over {over}")).unwrap_or_default();
                row(
                    page,
                    &[sort, &format!("{}{over}", port.name), &port.array.to_string(), &port.array.size()],
                );
            }
            page.push_str("</table>");
        }
        if !self.stored.is_empty() {
            page.push_str("<h2>Stored values</h2><table>");
            for (at, stored) in self.stored.iter().enumerate() {
                let name = format!("{}#{at}", stored.name);
                let place = match (&stored.output, stored.by_rows) {
                    (Some(output), _) => format!("; it waits in the memory of `{output}`"),
                    (None, true) => "; it is held for a block of rows at a time".into(),
                    (None, false) => String::new(),
                };
                let why = format!("{}{place}", stored.reason.text);
                row(page, &[&name, &stored.array.to_string(), &stored.array.size(), &why]);
            }
            page.push_str("</table>");
        }
        for (title, remarks) in [("Broadcasts", &self.stretches), ("Conversions", &self.upcasts)] {
            if !remarks.is_empty() {
                let _ = write!(page, "<h2>{title}</h2>");
                list(page, remarks.iter().map(|remark| remark.text.clone()));
            }
        }
        if !self.dims.is_empty() {
            page.push_str("<h2>Sizes</h2>");
            list(
                page,
                self.dims.iter().map(|dim| format!("{} from {} to {}", dim.name, dim.lower, dim.upper)),
            );
            list(page, self.requirements.iter().map(|needs| format!("{} for {}", needs.text, needs.by)));
        }
        page.push_str("</section>\n");
    }

    fn memory_table(&self, page: &mut String, memory: &MemoryReport) {
        page.push_str("<h2>Memory</h2><table>");
        let limit = format!("workspace, of {} allowed", human_bytes(self.limits.bytes));
        let numpy = format!("{} temporaries in NumPy", memory.numpy_temporaries);
        let naive = format!("{} arrays kept by a naive chain", memory.naive_temporaries);
        for (what, bytes) in [
            ("inputs", memory.inputs),
            ("outputs", memory.outputs),
            ("constants", memory.constants),
            (limit.as_str(), memory.workspace),
            ("peak", memory.peak),
            (numpy.as_str(), memory.numpy_bytes),
            (naive.as_str(), memory.naive_bytes),
        ] {
            row(page, &[what, &human_bytes(bytes)]);
        }
        if let Some(scratch) = memory.scratch {
            row(page, &["scratch of the code, on all threads", &human_bytes(scratch)]);
        }
        page.push_str("</table>");
    }

    fn kernel_section<'a>(&'a self, page: &mut String, at: usize, listings: &mut Listings<'a>) {
        let kernel: &'a KernelReport = &self.kernels[at];
        let _ = write!(
            page,
            "<section id=\"kernel-{at}\" class=\"chosen\">{BACK}<h2>{}</h2>",
            prose(&self.kernel_title(at))
        );
        let boundaries = kernel.boundaries.iter().map(|boundary| format!("because {}", boundary.text));
        list_some(page, boundaries);
        let loops = kernel
            .loops
            .iter()
            .enumerate()
            .map(|(at, l)| format!("i{at} < {}{}", l.extent, if l.reduced { " (reduced)" } else { "" }));
        page.push_str("<h3>Loops</h3>");
        list(page, loops);
        for (title, accesses) in [("Reads", &kernel.reads), ("Writes", &kernel.writes)] {
            accesses_table(page, title, accesses.iter());
        }
        let _ = write!(page, "<h3>Computes</h3><p class=\"links\">{}</p>", self.links(&kernel.nodes));
        code(page, "Body", &body(&kernel.body), true);
        code(page, "Once totals are complete", &body(&kernel.epilogue), true);
        for listing in &kernel.listings {
            code(page, &listing.title, &listings.show(self, at, &listing.text), false);
        }
        page.push_str("</section>\n");
    }

    fn node_section(&self, page: &mut String, at: usize, readers: &Readers<'_>) {
        let node = &self.nodes[at];
        let _ = write!(
            page,
            "<section id=\"node-{at}\" class=\"chosen\">{BACK}<h2>{}</h2>",
            escaped(node.name())
        );
        let array = node.array.as_ref();
        page.push_str("<table>");
        match &node.detail {
            Some(detail) => row(page, &["operation", &format!("{} {detail}", node.operation)]),
            None => row(page, &["operation", &node.operation]),
        }
        row(page, &["type", &array.map_or_else(|| "error".into(), ToString::to_string)]);
        if let Some(array) = array {
            let elements = array.elements.map_or_else(|| "over 64 bits".into(), grouped);
            row(page, &["elements", &elements]);
            row(page, &["bytes", &array.size()]);
        }
        row(page, &["made at", &node.site.to_string()]);
        let fate = self.fate_text(node);
        if !fate.is_empty() {
            row(page, &["became", &fate]);
        }
        if let Some(reason) = &node.reason {
            row(page, &["because", &reason.text]);
        }
        page.push_str("</table>");
        if let Some(source) = &node.source {
            code(page, "Source", source, true);
        }
        for wrong in self.diagnostics.iter().filter(|wrong| wrong.node == Some(at)) {
            let _ = write!(page, "<p class=\"bad\">{}</p>", prose(&wrong.message));
            list(page, wrong.help.iter().cloned());
        }
        self.related(page, node, readers);
        page.push_str("</section>\n");
    }

    fn related(&self, page: &mut String, node: &NodeReport, readers: &Readers<'_>) {
        if !node.operands.is_empty() {
            let _ = write!(page, "<h3>From</h3><p class=\"links\">{}</p>", self.links(&node.operands));
        }
        if !node.kernels.is_empty() {
            let link = |kernel: &usize| format!("<a href=\"#kernel-{kernel}\">{}</a>", self.task(*kernel));
            let kernels = some(node.kernels.iter().map(link), " ");
            let _ = write!(page, "<h3>In</h3><p class=\"links\">{kernels}</p>");
        }
        let name = match (node.fate.as_str(), node.at) {
            ("input", Some(at)) => self.inputs.get(at).map(|port| port.name.clone()),
            ("output", Some(at)) => self.outputs.get(at).map(|port| port.name.clone()),
            ("stored", Some(at)) => self.stored.get(at).map(|stored| format!("{}#{at}", stored.name)),
            ("constant", Some(at)) => Some(format!("constant{at}")),
            _ => None,
        };
        let read = name.and_then(|name| readers.get(name.as_str())).map_or(&[][..], Vec::as_slice);
        for reads in read.chunk_by(|(a, _), (b, _)| a == b).take(MOST_ITEMS) {
            let title = format!("Read in {}", self.task(reads[0].0));
            accesses_table(page, &title, reads.iter().map(|(_, read)| *read));
        }
        let more = read.chunk_by(|(a, _), (b, _)| a == b).count().saturating_sub(MOST_ITEMS);
        if more > 0 {
            let _ = write!(page, "<p class=\"soft\">and read in {more} more</p>");
        }
    }

    fn node_link(&self, at: usize) -> String {
        format!("<a href=\"#node-{at}\">{}</a>", escaped(self.nodes[at].name()))
    }

    fn links(&self, nodes: &[usize]) -> String {
        some(nodes.iter().map(|at| self.node_link(*at)), " ")
    }
}

/// For each buffer by name, the kernels that read it.
type Readers<'a> = HashMap<&'a str, Vec<(usize, &'a AccessReport)>>;

fn accesses_table<'a>(
    page: &mut String,
    title: &str,
    accesses: impl ExactSizeIterator<Item = &'a AccessReport>,
) {
    let count = accesses.len();
    if count == 0 {
        return;
    }
    let _ = write!(page, "<h3>{title}</h3><table>");
    for access in accesses.take(MOST_ACCESSES) {
        row(page, &[&access.to_string(), &access.dtype, &human_bytes(access.bytes)]);
    }
    if count > MOST_ACCESSES {
        row(page, &[&format!("... and {} more", count - MOST_ACCESSES)]);
    }
    page.push_str("</table>");
}

/// The first of these lines, and how many more there are.
fn list_some(page: &mut String, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().saturating_sub(MOST_ITEMS);
    let rest = (more > 0).then(|| format!("... and {more} more"));
    list(page, lines.take(MOST_ITEMS).chain(rest));
}

/// The lines of a body, of a long one the first and the last, which say what it writes.
fn body(lines: &[String]) -> String {
    if lines.len() <= MOST_BODY {
        return lines.join("\n");
    }
    let (first, last) = (&lines[..MOST_BODY - MOST_ITEMS], &lines[lines.len() - MOST_ITEMS..]);
    let between = format!("... {} more lines, which the report has as data", lines.len() - MOST_BODY);
    [first, &[between], last].concat().join("\n")
}

fn row(page: &mut String, cells: &[&str]) {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", prose(cell))).collect();
    let _ = write!(page, "<tr>{cells}</tr>");
}

fn list(page: &mut String, lines: impl Iterator<Item = String>) {
    let lines: String = lines.map(|line| format!("<li>{}</li>", prose(&line))).collect();
    if !lines.is_empty() {
        let _ = write!(page, "<ul>{lines}</ul>");
    }
}

/// Text as HTML, with what stands in backticks as code, and groups of digits that stay on one line.
fn prose(text: &str) -> String {
    let mut unbroken = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        let is_inside = letter == ' ' && before.is_ascii_digit();
        unbroken.push(match letters.peek() {
            Some(next) if is_inside && next.is_ascii_digit() => '\u{a0}',
            _ => letter,
        });
        before = letter;
    }
    let text = unbroken.as_str();
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without a second one is a letter like any other.
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Lines of code, which are shown at once or at a click.
fn code(page: &mut String, title: &str, text: &str, open: bool) {
    if !text.is_empty() {
        let (open, text) = (if open { " open" } else { "" }, escaped(text));
        let _ =
            write!(page, "<details{open}><summary>{}</summary><pre>{text}</pre></details>", escaped(title));
    }
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>Plan</title>";

const BACK: &str = "<p><a href=\"#overview\">overview</a></p>";

const LEGEND: &str = "<p class=\"legend\"><i class=\"in\"></i> input <i></i> fused <i class=\"view\"></i> view \
    <i class=\"keep\"></i> stored <i class=\"out\"></i> output <i class=\"bad\"></i> refused</p>";

const STYLE: &str = "
:root{color-scheme:light dark;--page:#fbfcfe;--ink:#1c2733;--soft:#5d6b7a;--rule:#d5dde6;--bad:#c2170a;--link:#1d5fae;--code:#eef2f7}
@media(prefers-color-scheme:dark){:root{--page:#141b23;--ink:#e4eaf1;--soft:#9fb0c1;--rule:#324151;--bad:#ff7b6e;--link:#7db5f5;--code:#1d2733}}
*{box-sizing:border-box}body{margin:0;display:grid;grid-template-columns:minmax(0,1fr) 430px;height:100vh;background:var(--page);color:var(--ink);font:14px/1.45 system-ui,sans-serif}
main{padding:18px 22px;overflow:auto}aside{border-left:1px solid var(--rule);padding:10px 20px;overflow:auto}
h1{margin:0 0 6px;font-size:21px}h2{font-size:16px;margin:14px 0 6px}h3{font-size:13px;margin:12px 0 4px;color:var(--soft)}
.bad{color:var(--bad)}.soft{color:var(--soft)}.facts{display:flex;flex-wrap:wrap;gap:6px 26px}.facts b{font-size:16px}
a{color:var(--link);text-decoration:none}.links a{margin-right:8px;white-space:nowrap}
table{border-collapse:collapse;width:100%;font-size:12.5px}td{border-top:1px solid var(--rule);padding:3px 8px 3px 0;vertical-align:top;overflow-wrap:break-word}
code{background:var(--code);border-radius:4px;padding:0 3px;font-size:.92em}pre{background:var(--code);padding:9px 11px;border-radius:6px;overflow:auto;font-size:12px;line-height:1.4;margin:4px 0}summary{cursor:pointer;color:var(--soft);font-size:13px;font-weight:600;margin-top:10px}
ul{padding-left:18px;margin:4px 0}.picture{overflow:auto;padding:6px 0}.legend{color:var(--soft);font-size:12px}
.legend i{display:inline-block;width:14px;height:11px;border:1.5px solid #8795a5;border-radius:3px;margin:0 3px 0 12px;background:#fff;vertical-align:-1px}
.legend .in{background:#dbe9fb;border-color:#3a6ea8}.legend .view{border-style:dashed}.legend .keep{background:#ffe9ba;border-color:#b26a00}.legend .out{background:#d5f0da;border-color:#25793a}.legend i.bad{background:#ffd0cc;border-color:#c2170a}
.chosen{display:none}.chosen:target{display:block}aside:has(.chosen:target) #overview{display:none}
@media(max-width:900px){body{display:block;height:auto}aside{border-left:0;border-top:1px solid var(--rule)}}
";
