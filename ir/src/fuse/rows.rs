//! Which kernels take turns on blocks of rows.
//!
//! A kernel joins those whose values it reads where they have loops in common such that it reads, in each
//! iteration, only what these wrote in the same one. All that counts is in the accesses of the kernels. Routines
//! have no loops, and so nothing in common with anybody.

use super::Equalities;
use crate::dim::Dim;
use crate::index_map::AxisMap;
use crate::kernel::{Access, Buffer, Kernel, Loop};
use crate::plan::{Step, Task};
use crate::quick_hash::{QuickMap, QuickSet};
use crate::rows::{RowBuffers, RowLoop, Rows};
use smallvec::{SmallVec, smallvec};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// The most kernels that take turns: each of them is prepared for every block in work.
pub(super) const MOST_KERNELS: usize = 64;

/// Edges that are followed to see whether kernels can be brought together. Beyond that they are not.
const SEARCHED: usize = 1000;

/// Why two kernels, one of which reads what the other writes, do not take turns on blocks of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Apart {
    /// They have no loop in common in which an iteration needs only what the same one wrote.
    NoRows,
    /// So many bytes do not stay in the cache.
    TooLong {
        /// Of a row, or of as many as have to be taken together.
        bytes: u64,
    },
    /// Hardly anything is touched by both.
    LittleShared,
}

/// For each kernel of a team, in order, the position of the loop that they have in common.
#[derive(Clone, Debug)]
struct Shared(SmallVec<[(usize, usize); 2]>);

impl Shared {
    fn get(&self, kernel: usize) -> Option<usize> {
        let at = self.0.binary_search_by_key(&kernel, |(kernel, _)| *kernel).ok()?;
        Some(self.0[at].1)
    }

    fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.0.iter().copied()
    }

    /// Of the kernels of two teams.
    fn and(&self, other: &Self) -> Self {
        let mut both: SmallVec<_> = self.iter().chain(other.iter()).collect();
        both.sort_unstable();
        Self(both)
    }
}

/// Kernels that take turns, or one kernel or routine alone.
#[derive(Default)]
struct Team {
    /// In order.
    kernels: SmallVec<[usize; 2]>,
    loops: SmallVec<[Shared; 2]>,
    /// The memory that they touch, once somebody has asked.
    touched: OnceCell<RowBuffers>,
    /// Teams that read what this one writes.
    readers: BTreeSet<usize>,
    /// Teams that write what this one reads, in order.
    sources: SmallVec<[usize; 4]>,
    /// More than that of every source.
    depth: usize,
}

impl Team {
    fn replace_source(&mut self, source: usize, by: usize) {
        self.sources.retain(|known| *known != source);
        if let Err(at) = self.sources.binary_search(&by) {
            self.sources.insert(at, by);
        }
    }
}

struct Teams<'k> {
    tasks: &'k [Task<'k>],
    equalities: &'k Equalities,
    teams: Vec<Team>,
    /// Of every kernel so far.
    team_of: Vec<usize>,
    /// The tasks that write a buffer: the parts of a join may have one each.
    writers: QuickMap<Buffer, Vec<usize>>,
}

/// The steps of a plan, each of one task, that can run in this order: with kernels that take turns in one step. And
/// where each of their tasks stood in it. All that meet a buffer of `together` come into one step, if they can.
pub(crate) fn take_turns(
    steps: Vec<Step>,
    equalities: &Equalities,
    together: &[Buffer],
) -> (Vec<Step>, Vec<usize>) {
    let tasks: Vec<Task<'_>> = steps.iter().flat_map(Step::tasks).collect();
    let mut teams = Teams::new(&tasks, equalities);
    let room = room_left(&tasks, together);
    for (at, room) in room.into_iter().enumerate() {
        for maker in teams.add(at).into_iter().rev() {
            teams.unite(maker, teams.team_of[at], MOST_KERNELS - room);
        }
    }
    let teams = teams.ordered();
    let order = teams.iter().flat_map(|team| team.kernels.iter().copied()).collect();
    let loops = |team: &Team| team.loops.iter().filter_map(|shared| row_loop(shared, &tasks)).collect();
    let loops: Vec<Vec<RowLoop>> = teams.iter().map(loops).collect();
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    let mut taken = |at: &usize| steps[*at].take();
    let step = |(team, loops): (Team, Vec<RowLoop>)| match team.kernels.len() {
        1 => team.kernels.iter().find_map(&mut taken),
        _ => {
            let kernel = |step| if let Step::Kernel(kernel) = step { Some(kernel) } else { None };
            let kernels = team.kernels.iter().filter_map(&mut taken).filter_map(kernel).collect();
            Some(Step::Rows(Rows::new(loops, kernels)))
        }
    };
    (teams.into_iter().zip(loops).filter_map(step).collect(), order)
}

/// How many kernels must still find room in the team of each task: those that come after it, up to the last that meets a buffer which it meets
/// or which was met before it.
fn room_left(tasks: &[Task<'_>], together: &[Buffer]) -> Vec<usize> {
    let mut room = vec![0; tasks.len()];
    // The first and the last task that meets each.
    let mut met: QuickMap<Buffer, Option<(usize, usize)>> =
        together.iter().map(|buffer| (*buffer, None)).collect();
    for (at, task) in tasks.iter().enumerate().filter(|_| !together.is_empty()) {
        for buffer in task.touched() {
            if let Some(met) = met.get_mut(&buffer) {
                *met = Some((met.map_or(at, |(first, _)| first), at));
            }
        }
    }
    for (first, last) in met.into_values().flatten() {
        // Others may stand between that have nothing to do with it.
        if last - first < MOST_KERNELS {
            (first..=last).for_each(|at| room[at] = room[at].max(last - at));
        }
    }
    room
}

/// Why the second kernel does not take turns with the first; `None` if that is not their fault.
pub(crate) fn apart(kernels: [&Kernel; 2], equalities: &Equalities) -> Option<Apart> {
    let tasks = kernels.map(Task::Kernel);
    let mut teams = Teams::new(&tasks, equalities);
    for at in 0..2 {
        teams.add(at);
    }
    let [one, other] = &teams.teams[..] else { return None };
    teams.touched(one, other, &teams.loops_in_common(one, other)).err()
}

impl<'k> Teams<'k> {
    fn new(tasks: &'k [Task<'k>], equalities: &'k Equalities) -> Self {
        Self { tasks, equalities, teams: Vec::new(), team_of: Vec::new(), writers: QuickMap::default() }
    }

    /// The teams that write what a task reads.
    fn makers(&self, at: usize) -> SmallVec<[usize; 4]> {
        let read = self.tasks[at].read();
        let made = read.iter().filter_map(|access| self.writers.get(&access.buffer));
        let makers = made.flatten().map(|maker| self.team_of[*maker]);
        let mut makers: SmallVec<[usize; 4]> = makers.filter(|maker| *maker != self.team_of[at]).collect();
        makers.sort_unstable();
        makers.dedup();
        makers
    }

    /// A team of one task, and the teams that write what it reads.
    fn add(&mut self, at: usize) -> SmallVec<[usize; 4]> {
        let task = self.tasks[at];
        let home = self.teams.len();
        self.team_of.push(home);
        let makers = self.makers(at);
        for maker in &makers {
            self.teams[*maker].readers.insert(home);
        }
        self.teams.push(Team {
            kernels: smallvec![at],
            loops: loops_of(task)
                .iter()
                .enumerate()
                .filter(|(_, l)| !l.reduced && !l.extent.is_one())
                .map(|(position, _)| Shared(smallvec![(at, position)]))
                .collect(),
            sources: makers.clone(),
            depth: makers.iter().map(|maker| self.teams[*maker].depth + 1).max().unwrap_or(0),
            ..Team::default()
        });
        for buffer in task.written() {
            self.writers.entry(buffer).or_default().push(at);
        }
        makers
    }

    /// Brings two teams together, one of which reads what the other writes, if they can take turns and are no more than so many kernels.
    fn unite(&mut self, maker: usize, reader: usize, most: usize) {
        let (one, other) = (&self.teams[maker], &self.teams[reader]);
        if one.kernels.len() + other.kernels.len() > most || !self.can_meet(maker, reader) {
            return;
        }
        let shared = self.loops_in_common(one, other);
        let Ok(touched) = self.touched(one, other, &shared) else { return };
        let Some(raised) = self.raised(maker, reader) else { return };
        for (team, depth) in raised {
            self.teams[team].depth = depth;
        }
        let (one, other) = (&self.teams[maker], &self.teams[reader]);
        let mut kernels: SmallVec<[usize; 2]> = one.kernels.iter().chain(&other.kernels).copied().collect();
        kernels.sort_unstable();
        let gone = std::mem::take(&mut self.teams[maker]);
        for kernel in &gone.kernels {
            self.team_of[*kernel] = reader;
        }
        for source in gone.sources.iter().filter(|source| **source != reader) {
            self.teams[*source].readers.remove(&maker);
            self.teams[*source].readers.insert(reader);
        }
        for next in gone.readers.iter().filter(|next| **next != reader) {
            self.teams[*next].replace_source(maker, reader);
        }
        let team = &mut self.teams[reader];
        (team.kernels, team.loops, team.touched) = (kernels, shared, OnceCell::from(touched));
        team.sources.extend(gone.sources);
        team.sources.sort_unstable();
        team.sources.dedup();
        team.sources.retain(|source| *source != maker && *source != reader);
        team.readers.extend(gone.readers);
        for own in [maker, reader] {
            team.readers.remove(&own);
        }
    }

    /// What two teams touch with these loops in common, or why that is no reason to take turns.
    fn touched<'t>(&self, one: &'t Team, other: &'t Team, shared: &[Shared]) -> Result<RowBuffers, Apart> {
        if shared.is_empty() {
            return Err(Apart::NoRows);
        }
        let of = |team: &Team, loops: &[Shared]| {
            // Each loop by the positions among the team's kernels alone.
            let part = |shared: &Shared| {
                Shared(team.kernels.iter().filter_map(|at| Some((*at, shared.get(*at)?))).collect())
            };
            let loops = loops.iter().filter_map(|shared| row_loop(&part(shared), self.tasks));
            let loops: SmallVec<[RowLoop; 2]> = loops.collect();
            let kernels = team.kernels.iter().filter_map(|at| self.tasks[*at].kernel());
            RowBuffers::new(&loops, kernels, &Dim::upper)
        };
        let own = |team: &'t Team| -> Cow<'t, RowBuffers> {
            if team.loops.len() == shared.len() {
                Cow::Borrowed(team.touched.get_or_init(|| of(team, &team.loops)))
            } else {
                Cow::Owned(of(team, shared))
            }
        };
        let (one, other) = (own(one), own(other));
        if !one.pays_with(&other) {
            return Err(Apart::LittleShared);
        }
        let touched = one.and(&other);
        if touched.bytes().fit() {
            Ok(touched)
        } else {
            Err(Apart::TooLong { bytes: touched.bytes().together() })
        }
    }

    /// Is there no way from one team to the other but the direct one? Only teams between them in depth are on one.
    fn can_meet(&self, maker: usize, reader: usize) -> bool {
        let depth = self.teams[reader].depth;
        let is_between = |team: &usize| self.teams[*team].depth < depth;
        let mut pending: Vec<usize> = self.teams[maker].readers.iter().copied().filter(is_between).collect();
        let (mut seen, mut searched) = (QuickSet::default(), 0);
        while let Some(team) = pending.pop() {
            if !seen.insert(team) {
                continue;
            }
            for next in &self.teams[team].readers {
                searched += 1;
                if searched > SEARCHED || *next == reader {
                    return false;
                }
                if is_between(next) {
                    pending.push(*next);
                }
            }
        }
        true
    }

    /// The depths that change when a team joins one that reads what it writes, which keeps its name; `None` where too many would.
    fn raised(&self, maker: usize, reader: usize) -> Option<QuickMap<usize, usize>> {
        let others = self.teams[reader].sources.iter().filter(|source| **source != maker);
        let depth = others.map(|source| self.teams[*source].depth + 1).max().unwrap_or(0);
        let depth = depth.max(self.teams[maker].depth);
        let mut raised = QuickMap::from_iter([(reader, depth)]);
        let mut pending: Vec<(usize, usize)> = vec![(maker, depth)];
        let mut searched = 0;
        while let Some((before, depth)) = pending.pop() {
            for next in self.teams[before].readers.iter().filter(|next| **next != reader) {
                searched += 1;
                if searched > SEARCHED {
                    return None;
                }
                if raised.get(next).copied().unwrap_or(self.teams[*next].depth) <= depth {
                    raised.insert(*next, depth + 1);
                    pending.push((*next, depth + 1));
                }
            }
        }
        Some(raised)
    }

    /// The loops that both teams have, matched by the values that they exchange.
    fn loops_in_common(&self, one: &Team, other: &Team) -> SmallVec<[Shared; 2]> {
        let mut loops: SmallVec<[Shared; 2]> = SmallVec::new();
        // What the kernels of one team read from each other has been looked at.
        let is_asked = |from: &Team, to: &Team| {
            from.kernels.iter().any(|at| to.sources.binary_search(&self.team_of[*at]).is_ok())
        };
        let mut asked: SmallVec<[usize; 8]> = SmallVec::new();
        for (from, to) in [(one, other), (other, one)] {
            if is_asked(from, to) {
                asked.extend_from_slice(&to.kernels);
            }
        }
        for own in &one.loops {
            let is_free = |match_: &&Shared| {
                !loops.iter().any(|taken| match_.iter().all(|(kernel, l)| taken.get(kernel) == Some(l)))
            };
            let mut matches = other.loops.iter().filter(is_free).map(|match_| own.and(match_));
            if let Some(found) = matches.find(|found| self.is_in_step(found, &asked)) {
                loops.push(found);
            }
        }
        loops
    }

    /// Do the kernels that are asked read in every iteration of a loop only what the same iteration wrote?
    fn is_in_step(&self, shared: &Shared, asked: &[usize]) -> bool {
        let mut extents = shared.iter().map(|(at, l)| &loops_of(self.tasks[at])[l].extent);
        let Some(first) = extents.next() else { return false };
        if !extents.all(|extent| self.equalities.same_size(first, extent)) {
            return false;
        }
        let is_own = |read: &Access, position: usize| {
            let writers = self.writers.get(&read.buffer).into_iter().flatten();
            // Those that are no kernels of these teams are complete before.
            let mut writers = writers.filter_map(|at| Some((self.tasks[*at].kernel()?, shared.get(*at)?)));
            writers.all(|(kernel, writes_at)| {
                let written = kernel.written().map(|access| &kernel.accesses[access]);
                let mut written = written.filter(|written| written.buffer == read.buffer);
                written.all(|written| {
                    let axis = written.axis_along(writes_at);
                    let followed = axis.and_then(|axis| read.map.get(axis)).and_then(AxisMap::followed);
                    // On a diagonal the loop moves along axes that a block holds as a whole.
                    followed == Some(position) && read.loops().filter(|l| *l == position).count() == 1
                })
            })
        };
        asked.iter().all(|at| {
            let mut read = self.tasks[*at].read().into_iter();
            shared.get(*at).is_some_and(|position| read.all(|read| is_own(read, position)))
        })
    }

    /// The teams in an order in which each comes after those it reads from, otherwise as their last kernels came.
    fn ordered(mut self) -> Vec<Team> {
        let mut missing = vec![0; self.teams.len()];
        for team in &self.teams {
            team.readers.iter().for_each(|reader| missing[*reader] += 1);
        }
        let is_ready = |at: &usize| missing[*at] == 0 && !self.teams[*at].kernels.is_empty();
        let mut ready: BTreeSet<usize> = (0..self.teams.len()).filter(is_ready).collect();
        let mut order = Vec::new();
        while let Some(at) = ready.pop_first() {
            let team = std::mem::take(&mut self.teams[at]);
            for reader in &team.readers {
                missing[*reader] -= 1;
                if missing[*reader] == 0 {
                    ready.insert(*reader);
                }
            }
            order.push(team);
        }
        order
    }
}

/// A loop in common, with the positions in the order of the kernels.
fn row_loop(shared: &Shared, tasks: &[Task<'_>]) -> Option<RowLoop> {
    let (first, position) = shared.iter().next()?;
    let extent = loops_of(tasks[first]).get(position)?.extent.clone();
    Some(RowLoop { extent, positions: shared.iter().map(|(_, position)| position).collect() })
}

/// The loops of a kernel; a routine has none, and one that carries totals to the next piece takes no turns.
fn loops_of<'k>(task: Task<'k>) -> &'k [Loop] {
    task.kernel().filter(|kernel| kernel.carried.is_none()).map_or(&[], |kernel| &kernel.loops)
}
