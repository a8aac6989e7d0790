//! A report as a drawing: a box for each kernel, in it the values that it computes, arrows from each value to its users.

use super::layout::{Item, Pin, Placed, Point, cluster_of, place};
use super::{NodeReport, PlanReport};
use crate::diagnostic::{grouped, human_bytes};
use crate::naming::is_hidden;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Of a larger expression the kernels are drawn, without what is inside.
const MOST_NODES: usize = 400;
/// Of a plan with more kernels nothing but the first is drawn: nobody reads such a picture.
const MOST_BOXES: usize = 1500;

const LINE: f64 = 15.0;
const LETTER: f64 = 7.0;
const PADDING: f64 = 14.0;
const HEADER: f64 = 24.0;
/// The longest line in a box, in letters; longer ones are cut in the middle.
const LETTERS: usize = 34;

/// Where a node is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    /// Inside of the box of a kernel, at a position among its items.
    Kernel(usize, usize),
    /// By itself, at a position among the outermost items.
    Alone(usize),
    /// Not at all.
    Hidden,
}

/// The box of one kernel.
#[derive(Default)]
struct Inner {
    nodes: Vec<usize>,
    items: Vec<Item>,
    edges: Vec<(usize, usize)>,
    /// For each value from outside, the item on the upper edge where it enters; it is an edge's start.
    entries: BTreeMap<usize, usize>,
    /// For each value that others use, the item on the lower edge where it leaves.
    exits: BTreeMap<usize, usize>,
    placed: Placed,
}

/// Everything in its place.
pub(super) struct Drawing<'a> {
    report: &'a PlanReport,
    owners: Vec<Owner>,
    inner: Vec<Inner>,
    alone: Vec<usize>,
    outer: Placed,
    /// The route between two outermost items.
    routes: BTreeMap<(usize, usize), usize>,
}

impl PlanReport {
    /// The graph as a picture: SVG with its own style, in which each value and each kernel is a link to `#node-3`,
    /// `#kernel-0` and so on.
    #[must_use]
    pub fn svg(&self) -> String {
        let drawing = Drawing::new(self);
        let (width, height) = drawing.size();
        let style = format!("<style>{STYLE}</style>");
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"the graph of the plan\">{style}{ARROW}\n"
        );
        drawing.write(&mut text);
        text.push_str("</svg>");
        text
    }

    /// Are the values inside of kernels left out of the drawing, because there are too many?
    pub(super) fn is_collapsed(&self) -> bool {
        self.nodes.len() > MOST_NODES
    }
}

const ARROW: &str = "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
    markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0.8 L7.5 4 L0 7.2 z\" class=\"tip\"/></marker></defs>";

/// Light and dark, by the reader's preference.
pub(super) const STYLE: &str = "
svg{--ink:#1c2733;--soft:#5d6b7a;--line:#8795a5;--box:#eef2f7;--box-line:#a9b7c6;--node:#fff;--in:#dbe9fb;--in-line:#3a6ea8;\
--out:#d5f0da;--out-line:#25793a;--keep:#ffe9ba;--keep-line:#b26a00;--bad:#ffd0cc;--bad-line:#c2170a;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:11.5px}
@media(prefers-color-scheme:dark){svg{--ink:#e4eaf1;--soft:#9fb0c1;--line:#6d7d8e;--box:#1d2733;--box-line:#415164;--node:#26323f;--in:#1f3a57;--in-line:#6ea6e6;\
--out:#1d4428;--out-line:#6cc784;--keep:#513c0f;--keep-line:#f0b144;--bad:#5c1f1b;--bad-line:#ff7b6e}}
text{fill:var(--ink)}.soft{fill:var(--soft)}.name{font-weight:700}.kernel>rect{fill:var(--box);stroke:var(--box-line);stroke-width:1.2}
.title{paint-order:stroke;stroke:var(--box);stroke-width:5px;pointer-events:none}.title:not(.soft){font-weight:700}.node>rect{fill:var(--node);stroke:var(--line);stroke-width:1.2}.input>rect,.constant>rect{fill:var(--in);stroke:var(--in-line)}
.output>rect{fill:var(--out);stroke:var(--out-line);stroke-width:2}.stored>rect{fill:var(--keep);stroke:var(--keep-line);stroke-width:2.4}
.folded>rect{stroke-dasharray:4 3}.over>rect{fill:var(--bad);stroke:var(--bad-line);stroke-width:3}.over .mark{fill:var(--bad-line);font-weight:700}
.stored .mark{fill:var(--keep-line);font-weight:700}.output .mark{fill:var(--out-line);font-weight:700}
.edge{fill:none;stroke:var(--line);stroke-width:1.3}.tip{fill:var(--line)}a:hover>rect,a:focus>rect{stroke-width:3.4}a{text-decoration:none;cursor:pointer}
";

impl<'a> Drawing<'a> {
    pub fn new(report: &'a PlanReport) -> Self {
        let clusters = cluster_of(report);
        let collapsed = report.is_collapsed();
        let mut inner: Vec<Inner> = report.kernels.iter().map(|_| Inner::default()).collect();
        let mut owners = vec![Owner::Hidden; report.nodes.len()];
        let mut alone = Vec::new();
        for (at, cluster) in clusters.iter().enumerate() {
            match cluster {
                Some(kernel) if *kernel < MOST_BOXES => {
                    owners[at] = Owner::Kernel(*kernel, inner[*kernel].nodes.len());
                    inner[*kernel].nodes.push(at);
                }
                None if alone.len() < MOST_BOXES => {
                    owners[at] = Owner::Alone(inner.len().min(MOST_BOXES) + alone.len());
                    alone.push(at);
                }
                _ => {}
            }
        }
        inner.truncate(MOST_BOXES);
        let mut drawing =
            Self { report, owners, inner, alone, outer: Placed::default(), routes: BTreeMap::new() };
        if !collapsed {
            drawing.place_inside();
        }
        drawing.place_outside(collapsed);
        drawing
    }

    fn edges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let nodes = self.report.nodes.iter().enumerate();
        nodes.flat_map(|(at, node)| node.operands.iter().map(move |operand| (*operand, at)))
    }

    fn place_inside(&mut self) {
        let edges: Vec<(usize, usize)> = self.edges().collect();
        for inner in &mut self.inner {
            let boxes = inner.nodes.iter().map(|at| {
                let (width, height) = node_size(self.report, *at);
                Item { width, height, pin: None }
            });
            inner.items = boxes.collect();
        }
        let port = |pin| Item { width: 6.0, height: 0.0, pin: Some(pin) };
        for (from, to) in edges {
            match (self.owners[from], self.owners[to]) {
                (Owner::Kernel(a, source), Owner::Kernel(b, user)) if a == b => {
                    self.inner[a].edges.push((source, user));
                }
                (source, user) => {
                    if let Owner::Kernel(kernel, at) = source {
                        let inner = &mut self.inner[kernel];
                        if let std::collections::btree_map::Entry::Vacant(entry) = inner.exits.entry(from) {
                            entry.insert(inner.items.len());
                            inner.edges.push((at, inner.items.len()));
                            inner.items.push(port(Pin::Last));
                        }
                    }
                    if let Owner::Kernel(kernel, at) = user {
                        let inner = &mut self.inner[kernel];
                        let next = inner.items.len();
                        let entry = *inner.entries.entry(from).or_insert(next);
                        if entry == next {
                            inner.items.push(port(Pin::First));
                        }
                        inner.edges.push((entry, at));
                    }
                }
            }
        }
        for inner in &mut self.inner {
            // A value that is used twice by another has one arrow.
            inner.edges.sort_unstable();
            inner.edges.dedup();
            // Without something that enters, the upper edge would be a row of its own.
            inner.placed = place(&inner.items, &inner.edges);
        }
    }

    fn outer_of(&self, owner: Owner) -> Option<usize> {
        match owner {
            Owner::Kernel(kernel, _) => Some(kernel),
            Owner::Alone(at) => Some(at),
            Owner::Hidden => None,
        }
    }

    fn place_outside(&mut self, collapsed: bool) {
        let mut items: Vec<Item> = Vec::new();
        for (kernel, inner) in self.inner.iter().enumerate() {
            let title = self.title(kernel).chars().count().max(self.subtitle(kernel).chars().count());
            let least = title as f64 * LETTER + 2.0 * PADDING;
            let (width, height) = if collapsed { (0.0, LINE) } else { inner.placed.size };
            items.push(Item {
                width: (width + 2.0 * PADDING).max(least),
                height: height + HEADER + LINE + 2.0 * PADDING,
                pin: None,
            });
        }
        items.extend(self.alone.iter().map(|at| {
            let (width, height) = node_size(self.report, *at);
            Item { width, height, pin: None }
        }));
        let mut edges: Vec<(usize, usize)> = self
            .edges()
            .filter_map(|(from, to)| {
                Some((self.outer_of(self.owners[from])?, self.outer_of(self.owners[to])?))
            })
            .filter(|(from, to)| from != to)
            .collect();
        edges.sort_unstable();
        edges.dedup();
        self.outer = place(&items, &edges);
        self.routes = edges.iter().copied().zip(0..).collect();
        for kernel in 0..self.inner.len() {
            self.untangle(kernel);
        }
    }

    /// Values that enter a kernel for the same users enter it from left to right as they come.
    fn untangle(&mut self, kernel: usize) {
        let comes_from = |value: usize| {
            let from = self.outer_of(self.owners[value])?;
            let bends = &self.outer.bends[*self.routes.get(&(from, kernel))?];
            Some(bends.last().map_or(self.outer.corners[from].0, |(x, _)| *x))
        };
        let inner = &self.inner[kernel];
        let mut alike: BTreeMap<Vec<usize>, Vec<(f64, usize)>> = BTreeMap::new();
        for (value, item) in &inner.entries {
            let users = inner.edges.iter().filter(|(from, _)| from == item).map(|(_, to)| *to).collect();
            if let Some(x) = comes_from(*value) {
                alike.entry(users).or_default().push((x, *item));
            }
        }
        for mut entries in alike.into_values() {
            let corners = &mut self.inner[kernel].placed.corners;
            let mut places: Vec<Point> = entries.iter().map(|(_, item)| corners[*item]).collect();
            places.sort_by(|a, b| a.0.total_cmp(&b.0));
            entries.sort_by(|a, b| a.0.total_cmp(&b.0));
            for ((_, item), place) in entries.iter().zip(places) {
                corners[*item] = place;
            }
        }
    }

    pub fn size(&self) -> Point {
        (self.outer.size.0 + 2.0 * PADDING, self.outer.size.1 + 2.0 * PADDING)
    }

    fn title(&self, kernel: usize) -> String {
        let report = &self.report.kernels[kernel];
        let loops: Vec<&str> = report.loops.iter().map(|l| l.extent.as_str()).collect();
        if loops.is_empty() {
            return cut(&self.report.kernel_title(kernel), LETTERS);
        }
        format!("{}  [{}]", self.report.kernel_title(kernel), cut(&loops.join(", "), LETTERS))
    }

    fn subtitle(&self, kernel: usize) -> String {
        let report = &self.report.kernels[kernel];
        let bytes = |accesses: &[super::AccessReport]| {
            human_bytes(accesses.iter().fold(0u64, |sum, access| sum.saturating_add(access.bytes)))
        };
        format!(
            "reads {}, writes {}, {} operations",
            bytes(&report.reads),
            bytes(&report.writes),
            grouped(report.operations)
        )
    }

    /// The upper left corner of what is drawn inside of a kernel.
    fn origin(&self, kernel: usize) -> Point {
        let (x, y) = self.outer.corners[kernel];
        let inner = self.inner[kernel].placed.size.0;
        let width = self.kernel_size(kernel).0;
        (x + PADDING + (width - inner) / 2.0, y + 2.0 * PADDING + HEADER + LINE)
    }

    fn kernel_size(&self, kernel: usize) -> Point {
        let title = self.title(kernel).chars().count().max(self.subtitle(kernel).chars().count());
        let least = title as f64 * LETTER + 2.0 * PADDING;
        let (width, height) =
            if self.report.is_collapsed() { (0.0, LINE) } else { self.inner[kernel].placed.size };
        ((width + 2.0 * PADDING).max(least), height + HEADER + LINE + 2.0 * PADDING)
    }

    /// The upper left corner of a node, where it is drawn.
    fn corner(&self, node: usize) -> Option<Point> {
        match self.owners[node] {
            Owner::Kernel(..) if self.report.is_collapsed() => None,
            Owner::Kernel(kernel, at) => {
                let (x, y) = self.origin(kernel);
                let (dx, dy) = self.inner[kernel].placed.corners[at];
                Some((x + dx, y + dy))
            }
            Owner::Alone(at) => {
                let (x, y) = self.outer.corners[at];
                Some((x + PADDING, y + PADDING))
            }
            Owner::Hidden => None,
        }
    }

    pub fn write(&self, text: &mut String) {
        for kernel in 0..self.inner.len() {
            self.write_kernel(text, kernel);
        }
        // Above the boxes of kernels and below their titles and the values.
        let mut edges: Vec<(usize, usize)> = self.edges().collect();
        edges.sort_unstable();
        edges.dedup();
        if self.report.is_collapsed() {
            self.write_bundles(text);
        } else {
            edges.iter().for_each(|(from, to)| self.write_edge(text, *from, *to));
        }
        for kernel in 0..self.inner.len() {
            self.write_title(text, kernel);
        }
        for node in 0..self.report.nodes.len() {
            if let Some(corner) = self.corner(node) {
                self.write_node(text, node, corner);
            }
        }
    }

    fn write_kernel(&self, text: &mut String, kernel: usize) {
        let (x, y) = self.outer.corners[kernel];
        let (x, y) = (x + PADDING, y + PADDING);
        let (width, height) = self.kernel_size(kernel);
        let _ = writeln!(
            text,
            "<a href=\"#kernel-{kernel}\" class=\"kernel\"><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" rx=\"10\"/></a>"
        );
    }

    fn write_title(&self, text: &mut String, kernel: usize) {
        let (x, y) = self.outer.corners[kernel];
        let mut lines = vec![("title", self.title(kernel)), ("soft title", self.subtitle(kernel))];
        if self.report.is_collapsed() {
            lines.push(("soft title", format!("{} values", self.inner[kernel].nodes.len())));
        }
        for (at, (class, line)) in lines.iter().enumerate() {
            let (x, y) = (x + 2.0 * PADDING, y + PADDING + 20.0 + at as f64 * LINE);
            let _ =
                writeln!(text, "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escaped(line));
        }
    }

    fn write_node(&self, text: &mut String, at: usize, (x, y): Point) {
        let node = &self.report.nodes[at];
        let (width, height) = node_size(self.report, at);
        let over = if self.report.problem_of(at).is_some() { " over" } else { "" };
        let source = node.source.as_deref().map(|line| format!("\n{}", line.trim())).unwrap_or_default();
        let hint = format!("{}  {}{source}", node.operation, node.site);
        let _ = write!(
            text,
            "<a href=\"#node-{at}\" class=\"node {}{over}\"><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" \
             width=\"{width:.1}\" height=\"{height:.1}\" rx=\"5\"/>",
            escaped(&node.fate),
            escaped(&hint)
        );
        for (line, (class, words)) in node_lines(self.report, at).iter().enumerate() {
            let (x, y) = (x + width / 2.0, y + 16.0 + line as f64 * LINE);
            let _ = write!(
                text,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" class=\"{class}\">{}</text>",
                escaped(words)
            );
        }
        text.push_str("</a>\n");
    }

    /// The arrow from a value to one that uses it.
    fn write_edge(&self, text: &mut String, from: usize, to: usize) {
        let (Some((x0, y0)), Some((x1, y1))) = (self.corner(from), self.corner(to)) else { return };
        let (from_size, to_size) = (node_size(self.report, from), node_size(self.report, to));
        let mut points = vec![(x0 + from_size.0 / 2.0, y0 + from_size.1)];
        let within = |kernel: usize, edge: (usize, usize)| -> Vec<Point> {
            let inner = &self.inner[kernel];
            let origin = self.origin(kernel);
            let found = inner.edges.iter().position(|known| *known == edge);
            let bends = found.map(|at| inner.placed.bends[at].clone()).unwrap_or_default();
            bends.into_iter().map(|(x, y)| (origin.0 + x, origin.1 + y)).collect()
        };
        let port = |kernel: usize, item: usize| {
            let (origin, (x, y)) = (self.origin(kernel), self.inner[kernel].placed.corners[item]);
            (origin.0 + x + self.inner[kernel].items[item].width / 2.0, origin.1 + y)
        };
        match (self.owners[from], self.owners[to]) {
            (Owner::Kernel(a, source), Owner::Kernel(b, user)) if a == b => {
                points.extend(within(a, (source, user)))
            }
            (source, user) => {
                if let Owner::Kernel(kernel, at) = source
                    && let Some(exit) = self.inner[kernel].exits.get(&from)
                {
                    points.extend(within(kernel, (at, *exit)));
                    points.push(port(kernel, *exit));
                }
                if let (Some(a), Some(b)) = (self.outer_of(source), self.outer_of(user))
                    && let Some(route) = self.routes.get(&(a, b))
                {
                    let bends = self.outer.bends[*route].iter();
                    points.extend(bends.map(|(x, y)| (x + PADDING, y + PADDING)));
                }
                if let Owner::Kernel(kernel, at) = user
                    && let Some(entry) = self.inner[kernel].entries.get(&from)
                {
                    points.push(port(kernel, *entry));
                    points.extend(within(kernel, (*entry, at)));
                }
            }
        }
        points.push((x1 + to_size.0 / 2.0, y1));
        write_path(text, &points);
    }

    /// One arrow between each two boxes that exchange values.
    fn write_bundles(&self, text: &mut String) {
        let item_size = |at: usize| match at.checked_sub(self.inner.len()) {
            Some(alone) => node_size(self.report, self.alone[alone]),
            None => self.kernel_size(at),
        };
        for ((from, to), route) in &self.routes {
            let ends = [*from, *to].map(|at| {
                let (x, y) = self.outer.corners[at];
                (x + PADDING + item_size(at).0 / 2.0, y + PADDING)
            });
            let mut points = vec![(ends[0].0, ends[0].1 + item_size(*from).1)];
            points.extend(self.outer.bends[*route].iter().map(|(x, y)| (x + PADDING, y + PADDING)));
            points.push(ends[1]);
            write_path(text, &points);
        }
    }
}

/// A smooth line from the top down through all points.
fn write_path(text: &mut String, points: &[Point]) {
    let Some(((x, y), rest)) = points.split_first() else { return };
    let _ = write!(text, "<path class=\"edge\" marker-end=\"url(#tip)\" d=\"M{x:.1} {y:.1}");
    let mut before = (*x, *y);
    for (x, y) in rest {
        let middle = (before.1 + y) / 2.0;
        let _ = write!(text, " C{:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}", before.0);
        before = (*x, *y);
    }
    text.push_str("\"/>\n");
}

/// What stands in the box of a node: a class and a text for each line.
fn node_lines(report: &PlanReport, at: usize) -> Vec<(&'static str, String)> {
    let node = &report.nodes[at];
    let name = match &node.label {
        Some(label) if *label != node.operation => format!("{label} = {}", node.operation),
        _ => node.name().to_string(),
    };
    let place = format!("{}:{}", base_name(&node.site.file), node.site.line);
    let (array, size) = match &node.array {
        Some(array) => (array.to_string(), array.size()),
        None => ("error".into(), String::new()),
    };
    let below = if size.is_empty() { place } else { format!("{size} \u{b7} {place}") };
    let mut lines =
        vec![("name", cut(&name, LETTERS)), ("", cut(&array, LETTERS)), ("soft", cut(&below, LETTERS))];
    if let Some(problem) = report.problem_of(at) {
        lines.push(("mark", format!("refused: {}", report.diagnostics[problem].kind)));
    } else if let Some(mark) = mark(node) {
        lines.push(("mark", mark));
    }
    lines
}

fn mark(node: &NodeReport) -> Option<String> {
    match (node.fate.as_str(), node.at) {
        ("stored", Some(at)) => Some(format!("stored as #{at}")),
        ("output", _) => Some("output".into()),
        ("fused", _) if node.kernels.len() > 1 => Some(format!("computed {} times", node.kernels.len())),
        _ => None,
    }
}

fn node_size(report: &PlanReport, at: usize) -> Point {
    let lines = node_lines(report, at);
    let letters = lines.iter().map(|(_, line)| line.chars().count()).max().unwrap_or(0);
    (letters as f64 * LETTER + 20.0, lines.len() as f64 * LINE + 10.0)
}

fn base_name(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// At most so many letters, with the middle left out.
fn cut(text: &str, most: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= most {
        return text.to_string();
    }
    let half = (most - 1) / 2;
    letters[..half].iter().chain(&['\u{2026}']).chain(&letters[letters.len() - half..]).collect()
}

/// Text as HTML and SVG have it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No markup may have some of them, and the others would change what stands around them.
            c if is_hidden(c) && c != '\n' && c != '\t' => escaped.extend(c.escape_debug()),
            c => escaped.push(c),
        }
    }
    escaped
}
