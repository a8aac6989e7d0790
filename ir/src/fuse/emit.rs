//! Writes the body of a group's kernel.

use super::maps::MapId;
use super::{Group, Instance, Nests, Root, Views, entry, operand_instances};
use crate::body::{Body, BodyBuilder, Callee, Code, Primitive, Value};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::graph::{Generator, Graph, NodeId, Op};
use crate::index_map::{AxisMap, IndexMap};
use crate::kernel::{Access, Buffer, Kernel, Loop, Reduction};
use crate::quick_hash::QuickMap;
use crate::scalar::Scalar;
use crate::size::SizeExpr;
use smallvec::SmallVec;

/// Where the values that kernels exchange live.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Where a node that is not computed in the same loops is read.
    pub read: QuickMap<NodeId, Buffer>,
    /// Where a stored node is written; empty where nobody outside its kernel needs it.
    pub write: QuickMap<NodeId, Vec<Buffer>>,
    /// The scratch memory of routines.
    pub scratch: QuickMap<NodeId, Buffer>,
}

struct Emitter<'a> {
    graph: &'a Graph,
    views: &'a Views,
    nests: &'a Nests,
    group: &'a Group,
    places: &'a Places,
    accesses: Vec<Access>,
    /// Kept between kernels, as is `pending`.
    known_accesses: &'a mut QuickMap<(Buffer, MapId), usize>,
    pending: &'a mut Vec<Evaluation>,
}

/// An evaluation that waits for its operands.
struct Evaluation {
    instance: Instance,
    /// Where it is read, if it is not computed.
    read: Option<Buffer>,
    operands: SmallVec<[Instance; 3]>,
    /// Those of the operands, as far as they are known.
    values: SmallVec<[Value; 3]>,
}

/// Where a value is written, and the loops of the kernel with the sizes that it knows them by.
struct Place {
    map: IndexMap,
    loops: Vec<Dim>,
}

/// What `emit` is writing: the body, or what runs once totals are complete.
#[derive(Default)]
struct Stage {
    builder: BodyBuilder,
    known: QuickMap<Instance, Value>,
    epilogue: bool,
}

impl Stage {
    /// What has been written; another body is begun.
    fn finish(&mut self) -> Body {
        self.known.clear();
        self.builder.take()
    }
}

/// Tables that are filled for one kernel after another.
pub(crate) struct Tables {
    body: Stage,
    epilogue: Stage,
    known_accesses: QuickMap<(Buffer, MapId), usize>,
    pending: Vec<Evaluation>,
}

impl Tables {
    pub fn new() -> Self {
        Self {
            body: Stage::default(),
            epilogue: Stage { epilogue: true, ..Stage::default() },
            known_accesses: QuickMap::default(),
            pending: Vec::new(),
        }
    }
}

/// A value whose operands the loops of its kernel do not reach. They were chosen so that there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unreachable(pub NodeId);

/// The kernel of a group.
pub(crate) fn emit(
    graph: &Graph,
    views: &Views,
    nests: &Nests,
    group: &Group,
    places: &Places,
    tables: &mut Tables,
) -> Result<Kernel, Unreachable> {
    let Tables { body, epilogue, known_accesses, pending } = tables;
    known_accesses.clear();
    body.builder.reserve(group.evaluations());
    let mut emitter =
        Emitter { graph, views, nests, group, places, accesses: Vec::new(), known_accesses, pending };
    let mut reductions = Vec::new();
    for root in &group.reductions {
        let (root, nest) = (Root::whole(*root), &nests[&Root::whole(*root)]);
        let value = emitter.evaluate(body, entry(graph, views, root, nest), &nest.loops)?;
        if let Op::Reduce { op, .. } = graph.node(root.node).op {
            reductions.push(Reduction { op, value });
        }
    }
    for root in &group.full {
        let nest = &nests[root];
        let value = emitter.evaluate(body, entry(graph, views, *root, nest), &nest.loops)?;
        emitter.store(body, *root, &nest.map, value);
    }
    for (position, root) in group.reductions.iter().enumerate() {
        if let Some(array) = graph.array(*root)
            && places.write.get(root).is_some_and(|buffers| !buffers.is_empty())
        {
            let value = epilogue.builder.push(array.dtype, Code::Total(position));
            let root = Root::whole(*root);
            let place = emitter.kept(root);
            emitter.store(epilogue, root, &place.map, value);
        }
    }
    for root in &group.epilogue {
        let place = emitter.kept(*root);
        let value = (root.value, views.maps.id(place.map.clone()));
        let value = if root.is_part() { views.below(value) } else { value };
        let value = emitter.evaluate(epilogue, value, &place.loops)?;
        emitter.store(epilogue, *root, &place.map, value);
    }
    let loops = group.loops.iter().zip(&group.reduced);
    Ok(Kernel {
        loops: loops.map(|(extent, reduced)| Loop { extent: extent.clone(), reduced: *reduced }).collect(),
        accesses: emitter.accesses,
        body: body.finish(),
        reductions,
        epilogue: epilogue.finish(),
        carried: None,
    })
}

impl Emitter<'_> {
    /// Where a result of the reductions, or a value that is computed from them, is in the kernel's loops.
    fn kept(&self, root: Root) -> Place {
        let nest = &self.nests[&root];
        if let Op::Reduce { axes, keepdims, .. } = &self.graph.node(root.node).op {
            let kept = nest.map.iter().enumerate().map(|(axis, map)| (!axes.contains(&axis)).then_some(map));
            let kept = kept.filter(|map| *keepdims || map.is_some());
            let map = kept.map(|map| map.cloned().unwrap_or_else(AxisMap::still)).collect();
            return Place { map, loops: nest.loops.clone() };
        }
        // Its loops are those that are kept, in order, but for loops that run once.
        let mut loops = self.group.loops.clone();
        let is_kept = |at: &usize| !self.group.reduced[*at] && !self.group.loops[*at].is_one();
        let mut kept = (0..loops.len()).filter(is_kept);
        let own: IndexMap = nest
            .loops
            .iter()
            .map(|dim| {
                let at = if dim.is_one() { None } else { kept.next() };
                at.map_or_else(AxisMap::still, |at| {
                    loops[at].clone_from(dim);
                    AxisMap::follow(at)
                })
            })
            .collect();
        Place { map: nest.map.iter().map(|map| map.through(&own)).collect(), loops }
    }

    /// The access of a buffer at a map; all of one buffer have the same dtype.
    fn access(&mut self, buffer: Buffer, dtype: DType, map: MapId) -> usize {
        let next = self.accesses.len();
        *self.known_accesses.entry((buffer, map)).or_insert_with(|| {
            self.accesses.push(Access { buffer, dtype, map: self.views.maps.get(map) });
            next
        })
    }

    fn store(&mut self, stage: &mut Stage, root: Root, map: &IndexMap, value: Value) {
        let dtype = stage.builder.dtype(value);
        let map = self.views.maps.id(self.nests[&root].written(map));
        for buffer in self.places.write.get(&root.node).into_iter().flatten() {
            let access = self.access(*buffer, dtype, map);
            stage.builder.store(value, access);
        }
    }

    /// The value of a node at a map, with everything it needs: operands first, from left to right, on an explicit stack,
    /// because an expression can be deeper than the thread's.
    fn evaluate(&mut self, stage: &mut Stage, wanted: Instance, loops: &[Dim]) -> Result<Value, Unreachable> {
        if let Some(value) = stage.known.get(&wanted) {
            return Ok(*value);
        }
        let mut pending = std::mem::take(self.pending);
        pending.clear();
        pending.push(self.begin(stage, wanted, loops)?);
        while let Some(evaluation) = pending.last_mut() {
            let Some(operand) = evaluation.operands.get(evaluation.values.len()).copied() else {
                let value = self.compute(stage, evaluation)?;
                stage.known.insert(evaluation.instance, value);
                pending.pop();
                continue;
            };
            match stage.known.get(&operand) {
                Some(value) => evaluation.values.push(*value),
                None => pending.push(self.begin(stage, operand, loops)?),
            }
        }
        *self.pending = pending;
        stage.known.get(&wanted).copied().ok_or(Unreachable(wanted.0))
    }

    fn begin(&self, stage: &Stage, instance: Instance, loops: &[Dim]) -> Result<Evaluation, Unreachable> {
        let read = self.read_at(stage, instance.0);
        let is_total = stage.epilogue && self.group.reductions.contains(&instance.0);
        let operands = if read.is_some() || is_total {
            SmallVec::new()
        } else {
            operand_instances(self.graph, self.views, &instance, loops)
                .map_err(|_| Unreachable(instance.0))?
        };
        Ok(Evaluation { instance, read, operands, values: SmallVec::new() })
    }

    /// Where the node is read, unless it is computed here.
    fn read_at(&self, stage: &Stage, node: NodeId) -> Option<Buffer> {
        let buffer = self.places.read.get(&node).copied()?;
        let members = if stage.epilogue { &self.group.epilogue } else { &self.group.full };
        // An input that is also an output is read like any other.
        let is_memory = matches!(self.graph.node(node).op, Op::Input(_) | Op::Array(_));
        let own = members.iter().any(|root| root.node == node && !root.is_part()) && !is_memory;
        (!own).then_some(buffer)
    }

    fn compute(&mut self, stage: &mut Stage, evaluation: &Evaluation) -> Result<Value, Unreachable> {
        let graph = self.graph;
        let Evaluation { instance: (node, map), values: operands, .. } = evaluation;
        let array = graph.array(*node).ok_or(Unreachable(*node))?;
        if stage.epilogue
            && let Some(position) = self.group.reductions.iter().position(|reduction| reduction == node)
        {
            return Ok(stage.builder.push(array.dtype, Code::Total(position)));
        }
        if let Some(buffer) = evaluation.read {
            let access = self.access(buffer, array.dtype, *map);
            return Ok(stage.builder.push(array.dtype, Code::Load(access)));
        }
        let builder = &mut stage.builder;
        Ok(match &graph.node(*node).op {
            Op::Element(op) => op.lower(builder, operands),
            Op::Custom(custom) => {
                builder.push(array.dtype, Code::Call(Callee::Custom(custom.clone()), operands.clone()))
            }
            Op::Cast => builder.convert(operands[0], array.dtype),
            // Of a join, the part that is read.
            Op::View(_) | Op::Reduce { .. } | Op::Concat { .. } => {
                operands.first().copied().ok_or(Unreachable(*node))?
            }
            Op::Generator(Generator::Full(scalar)) => builder.constant(*scalar),
            Op::Generator(Generator::Arange { start, step }) => {
                let index = self.index(builder, *map);
                scaled(builder, index, *start, *step)
            }
            Op::Generator(Generator::Size(size)) => {
                let map = std::iter::once(AxisMap::at(size.size())).collect();
                self.index(builder, self.views.maps.id(map))
            }
            Op::Generator(Generator::LinspaceOver { start, stop }) => {
                let last =
                    array.shape.first().map_or(SizeExpr::known(0), |count| count.size().minus(&1.into()));
                let last_map = std::iter::once(AxisMap::at(last)).collect();
                let (index, last) =
                    (self.index(builder, *map), self.index(builder, self.views.maps.id(last_map)));
                // As for a count that is known: the step is rounded once, and a single element is the start.
                let span = Scalar::F64(stop.as_f64() - start.as_f64());
                let (span, start) = (builder.constant(span), builder.constant(*start));
                let intervals = builder.convert(last, DType::F64);
                let step = builder.apply(Primitive::Divide, &[span, intervals]);
                let at = builder.convert(index, DType::F64);
                let scaled = builder.apply(Primitive::Multiply, &[at, step]);
                let value = builder.apply(Primitive::Add, &[scaled, start]);
                let at_end = builder.apply(Primitive::Equal, &[index, last]);
                let stop = builder.constant(*stop);
                let value = builder.select(at_end, stop, value);
                let zero = builder.constant(Scalar::I64(0));
                let is_single = builder.apply(Primitive::Equal, &[last, zero]);
                builder.select(is_single, start, value)
            }
            Op::Generator(Generator::Linspace { start, step, stop }) => {
                let index = self.index(builder, *map);
                let value = scaled(builder, index, *start, *step);
                match (stop, array.shape.first().and_then(|dim| dim.known())) {
                    (Some(stop), Some(count)) => {
                        let last = builder.constant(Scalar::I64(count as i64 - 1));
                        let at_end = builder.apply(Primitive::Equal, &[index, last]);
                        let stop = builder.constant(*stop);
                        builder.select(at_end, stop, value)
                    }
                    _ => value,
                }
            }
            // Read from the places above; nothing else gets here.
            Op::Input(_) | Op::Array(_) | Op::Routine(_) => return Err(Unreachable(*node)),
        })
    }

    fn index(&mut self, builder: &mut BodyBuilder, map: MapId) -> Value {
        let access = self.access(Buffer::Index, DType::I64, map);
        builder.push(DType::I64, Code::Index(access))
    }
}

/// `start + step * index` in the dtype of `start`, multiplied and added in this order as NumPy does.
/// Steps of 1 and starts of 0 cost nothing; adding 0.0 stays where it turns a product of -0.0 into 0.0.
fn scaled(builder: &mut BodyBuilder, index: Value, start: Scalar, step: Scalar) -> Value {
    let one = Scalar::I64(1).cast(step.dtype());
    let zero = Scalar::I64(0).cast(start.dtype());
    let index = builder.convert(index, start.dtype());
    let is_plain = step == one;
    let scaled = if is_plain {
        index
    } else {
        let step = builder.constant(step);
        builder.apply(Primitive::Multiply, &[index, step])
    };
    if start == zero && (is_plain || !start.dtype().is_float()) {
        return scaled;
    }
    let start = builder.constant(start);
    builder.apply(Primitive::Add, &[scaled, start])
}

#[cfg(test)]
mod tests {
    use super::super::{Nest, Stores};
    use super::*;
    use crate::build::Operand;
    use crate::diagnostic::Site;
    use crate::op::ElementOp;

    #[test]
    fn what_no_loops_reach_is_no_number() {
        let here = Site { file: "here.rs", line: 1, column: 1 };
        let mut g = Graph::new();
        let x = g.input("x", DType::F64, [4u64, 6].into(), here);
        let flat = g.reshape(x, &[Some(24u64.into())], here);
        let root = g.element(ElementOp::Sqrt, &[Operand::Expr(flat)], here);
        let [x, flat, root] = [x, flat, root].map(|site| g.call_site(site).node);
        let nodes = g.reachable_nodes(&[root]);
        let views = Views::new(&g, &nodes, |_| false);
        // One loop over both axes of the input, which nobody has split.
        let nest = Nest::new(&g, &Stores::new(), Root::whole(root), Default::default());
        let mut group = Group::default();
        (group.loops, group.reduced, group.full) = (nest.loops.clone(), vec![false], vec![Root::whole(root)]);
        let nests = Nests::from([(Root::whole(root), nest)]);
        let mut places = Places::default();
        places.read.insert(x, Buffer::Input(0));
        places.write.insert(root, vec![Buffer::Output(0)]);
        let emitted = emit(&g, &views, &nests, &group, &places, &mut Tables::new());
        assert_eq!(emitted.unwrap_err().0, flat);
    }
}
