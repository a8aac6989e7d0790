//! Rounds: in which order pieces and whole tasks run.
//!
//! A total is complete after the last piece, and so is what somebody reads in another order than it is written in. Who needs it
//! waits: for what runs once after all pieces, or for the next round over all of them.

use super::follow::{Following, Meeting};
use crate::kernel::Buffer;
use crate::plan::{Plan, Task};
use crate::quick_hash::QuickMap;

/// When each task runs.
pub(super) struct Rounds {
    /// Of each task, when it runs: even numbers are whole tasks, odd ones a round over all pieces.
    pub times: Vec<usize>,
}

/// That a task comes after an earlier one, of which it needs something.
struct Edge {
    earlier: usize,
    later: usize,
    /// Is it enough to come after the same piece?
    in_step: bool,
}

impl Edge {
    /// How much later it is at least.
    const fn distance(&self, rounds: &[bool]) -> usize {
        // All pieces of the earlier one, before anything of the later.
        if self.in_step || !rounds[self.earlier] { 0 } else { 1 }
    }
}

impl Rounds {
    pub fn new(plan: &Plan, tasks: &[Task<'_>], following: &Following) -> Self {
        let edges = edges(plan, tasks, following);
        let in_pieces: Vec<bool> = following.along.iter().map(Option::is_some).collect();
        let mut times: Vec<usize> = in_pieces.iter().map(|in_pieces| usize::from(*in_pieces)).collect();
        // Edges come in the order of their later ends, which lead to later tasks only.
        for edge in &edges {
            let mut least = times[edge.earlier] + edge.distance(&in_pieces);
            least += usize::from((least % 2 == 1) != in_pieces[edge.later]);
            times[edge.later] = times[edge.later].max(least);
        }
        // What can wait for the round of those that read it is stored for one piece.
        let mut earlier: QuickMap<usize, Vec<&Edge>> = QuickMap::default();
        edges.iter().for_each(|edge| earlier.entry(edge.earlier).or_default().push(edge));
        let can_wait = |task: &Task<'_>| task.kernel().is_none_or(|kernel| kernel.reductions.is_empty());
        for at in (0..tasks.len()).rev().filter(|at| in_pieces[*at] && can_wait(&tasks[*at])) {
            let Some(next) = earlier.get(&at) else { continue };
            let most = next.iter().map(|edge| {
                let most = times[edge.later].saturating_sub(edge.distance(&in_pieces));
                most.saturating_sub(usize::from(most % 2 == 0))
            });
            times[at] = times[at].max(most.min().unwrap_or(0));
        }
        Self { times }
    }

    /// The tasks in the order in which they run, with those of one time together.
    pub fn order(&self) -> Vec<(usize, Vec<usize>)> {
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        order.sort_by_key(|at| (self.times[*at], *at));
        let mut rounds: Vec<(usize, Vec<usize>)> = Vec::new();
        for at in order {
            match rounds.last_mut() {
                Some((time, tasks)) if *time == self.times[at] => tasks.push(at),
                _ => rounds.push((self.times[at], vec![at])),
            }
        }
        rounds
    }
}

impl Plan {
    /// The memory that a buffer is in: that of an output, where a value waits in it or where it is written over an input.
    pub(super) fn memory_of(&self, buffer: Buffer) -> Buffer {
        let over = |input: usize| self.in_place.iter().position(|over| *over == Some(input));
        let output = match buffer {
            Buffer::Workspace(at) => self.stored[at].output,
            Buffer::Input(at) => over(at),
            _ => None,
        };
        output.map_or(buffer, Buffer::Output)
    }
}

/// Every pair of tasks of which the later one reads what the earlier one writes, or writes what it reads or writes.
fn edges(plan: &Plan, tasks: &[Task<'_>], following: &Following) -> Vec<Edge> {
    // Those that write each memory, and those that read it.
    let mut met: QuickMap<Buffer, [Vec<(usize, Meeting)>; 2]> = QuickMap::default();
    let mut edges: Vec<Edge> = Vec::new();
    for (later, task) in tasks.iter().enumerate() {
        let meetings = following.meetings(later, *task);
        let mut own: QuickMap<usize, bool> = QuickMap::default();
        for meeting in &meetings {
            let Some([writers, readers]) = met.get(&plan.memory_of(meeting.buffer)) else { continue };
            let readers = readers.iter().filter(|_| meeting.writes);
            for (earlier, other) in writers.iter().chain(readers) {
                let in_step = meeting.axis.is_some() && meeting.axis == other.axis;
                *own.entry(*earlier).or_insert(true) &= in_step;
            }
        }
        let mut own: Vec<Edge> =
            own.into_iter().map(|(earlier, in_step)| Edge { earlier, later, in_step }).collect();
        own.sort_unstable_by_key(|edge| edge.earlier);
        edges.extend(own);
        for meeting in meetings {
            let met = met.entry(plan.memory_of(meeting.buffer)).or_default();
            met[usize::from(!meeting.writes)].push((later, meeting));
        }
    }
    edges
}
