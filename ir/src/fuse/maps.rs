//! The index maps of a plan, each kept once: where a value is read is then a number, which costs nothing to copy,
//! to compare and to hash.

use crate::index_map::{IndexMap, broadcast_map};
use crate::quick_hash::QuickMap;
use crate::shape::Shape;
use std::cell::RefCell;
use std::sync::Arc;

/// An index map of [`Maps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MapId(u32);

/// Index maps by number, and numbers by index map.
#[derive(Debug, Default)]
pub(crate) struct Maps(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    maps: Vec<Arc<IndexMap>>,
    ids: QuickMap<Arc<IndexMap>, MapId>,
    /// Maps of operands, by the map of the result, the rank of the operand, and a bit for each of its last axes that is stretched.
    broadcasts: QuickMap<(MapId, usize, u64), MapId>,
}

impl Maps {
    /// The number of a map; equal maps have the same.
    pub fn id(&self, map: IndexMap) -> MapId {
        let mut known = self.0.borrow_mut();
        if let Some(id) = known.ids.get(&map) {
            return *id;
        }
        let (id, map) = (MapId(known.maps.len() as u32), Arc::new(map));
        known.maps.push(map.clone());
        known.ids.insert(map, id);
        id
    }

    /// The map of an operand that broadcasts into a result at `map`.
    pub fn broadcast(&self, map: MapId, operand: &Shape, result: &Shape) -> MapId {
        if operand.is_copy_of(result) {
            return map;
        }
        let axes = operand.iter().rev().zip(result.iter().rev()).enumerate();
        let mut stretched = axes.filter(|(_, (source, target))| source.is_one() && !target.is_one());
        let bits = stretched.try_fold(0u64, |bits, (axis, _)| Some(bits | 1u64.checked_shl(axis as u32)?));
        if bits == Some(0) && operand.len() == result.len() {
            return map;
        }
        let key = bits.map(|bits| (map, operand.len(), bits));
        if let Some(known) = key.and_then(|key| self.0.borrow().broadcasts.get(&key).copied()) {
            return known;
        }
        let id = self.id(broadcast_map(&self.get(map), operand, result));
        if let Some(key) = key {
            self.0.borrow_mut().broadcasts.insert(key, id);
        }
        id
    }

    /// The map with a number.
    pub fn get(&self, id: MapId) -> Arc<IndexMap> {
        self.0.borrow().maps[id.0 as usize].clone()
    }
}
