//! How much of what a report has a page or a text shows: what grows faster than the plan is cut, and says so.

use super::PlanReport;
use std::collections::HashMap;

/// The most lines of one piece of code that a page shows.
const MOST_LINES: usize = 400;
/// The most lines of code of all kernels together: after that a page says only how many there are.
const MOST_OF_PAGE: usize = 20_000;
/// The most items of a list that are shown one by one.
pub(super) const MOST_ITEMS: usize = 24;

/// Printed code on its way into a page: each text once, long ones cut.
#[derive(Default)]
pub(super) struct Listings<'a> {
    /// Where each text was shown.
    shown: HashMap<&'a str, usize>,
    lines: usize,
}

impl<'a> Listings<'a> {
    /// What a page shows of a text of this kernel.
    pub fn show(&mut self, report: &PlanReport, kernel: usize, text: &'a str) -> String {
        if let Some(other) = self.shown.get(text) {
            return format!("the same as in {}", report.task(*other));
        }
        let (shown, taken) = cut(text.lines(), MOST_LINES.min(MOST_OF_PAGE - self.lines));
        self.lines += taken;
        if taken > 0 {
            self.shown.insert(text, kernel);
        }
        shown
    }
}

/// So many lines, then a line on how many more there are; and how many were taken.
fn cut<'a>(lines: impl Iterator<Item = &'a str>, most: usize) -> (String, usize) {
    let all: Vec<&str> = lines.collect();
    let taken = if all.len() <= most + 1 && most > 0 { all.len() } else { most };
    let mut shown: Vec<String> = all[..taken].iter().map(ToString::to_string).collect();
    if taken < all.len() {
        let (more, word) = (all.len() - taken, if taken == 0 { "lines" } else { "more lines" });
        shown.push(format!("... {more} {word}: `report_with_code` of the plan has all of them as data"));
    }
    (shown.join("\n"), taken)
}

/// The first of several items, then how many more there are.
pub(super) fn some(items: impl ExactSizeIterator<Item = String>, separator: &str) -> String {
    let more = items.len().saturating_sub(MOST_ITEMS);
    // One more takes no more room than to say so.
    let most = if more == 1 { MOST_ITEMS + 1 } else { MOST_ITEMS };
    let shown: Vec<String> = items.take(most).collect();
    let shown = shown.join(separator);
    if more > 1 { format!("{shown}{separator}... and {more} more") } else { shown }
}
