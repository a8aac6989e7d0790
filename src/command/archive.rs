//! Members of `.npz` archives.

use super::array_file::{self, Header};
use super::failure::one_line;
use super::inputs::Wanted;
use super::mapping::Bytes;
use fusewire::ir::diagnostic::human_bytes;
use std::io::{Cursor, Read};
use zip::{CompressionMethod, ZipArchive};

/// The most bytes that are unpacked into memory.
const MOST_UNPACKED: u64 = 8 << 30;

/// Members that are listed where the one that is meant is not known.
const MOST_LISTED: usize = 20;

/// A member, which is `name` with or without `.npy`; the only one, where no name is given: what its header says, and
/// its bytes, of which those of a compressed one are unpacked only where elements are wanted.
pub fn member(archive: &Bytes, name: Option<String>, wanted: Wanted) -> Result<(Header, Bytes), String> {
    let damaged =
        |error: zip::result::ZipError| format!("it is no .npz file: {}", one_line(&error.to_string()));
    let mut zip = ZipArchive::new(Cursor::new(&archive[..])).map_err(damaged)?;
    let count = zip.len();
    let names: Vec<String> = zip
        .file_names()
        .flatten()
        .take(MOST_LISTED)
        .map(|name| name.trim_end_matches(".npy").to_owned())
        .collect();
    let list = || {
        let more = count.saturating_sub(names.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        one_line(&names.join(", ")) + &more
    };
    let name = match (name.as_deref(), &names[..]) {
        (Some(name), _) => name,
        (None, [only]) => only,
        (None, []) => return Err("it has no members".into()),
        (None, _) => return Err(format!("which member? it has: {}", list())),
    };
    let candidates = [format!("{name}.npy"), name.to_owned()];
    let index = candidates.iter().find_map(|name| zip.index_for_name(name));
    let index = index.ok_or_else(|| format!("it has no member `{}`, but: {}", one_line(name), list()))?;
    let mut file = zip.by_index(index).map_err(damaged)?;
    let size = file.size();
    let damaged = || "the member is damaged".to_owned();
    if file.compression() == CompressionMethod::Stored && !file.encrypted() {
        let start = file.data_start().ok_or_else(damaged)?;
        let end = start.checked_add(file.compressed_size()).ok_or_else(damaged)?;
        let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else {
            return Err(damaged());
        };
        let bytes = archive.part(start..end).ok_or_else(damaged)?;
        return Ok((array_file::read(&bytes, bytes.len() as u64)?, bytes));
    }
    let unpacked = |what: String| format!("the member cannot be unpacked: {}", one_line(&what));
    let mut beginning = Vec::new();
    let read = (&mut file).take(array_file::MOST_BYTES as u64 + 16).read_to_end(&mut beginning);
    read.map_err(|error| unpacked(error.to_string()))?;
    let header = array_file::read(&beginning, size)?;
    if wanted == Wanted::Header {
        return Ok((header, archive.clone()));
    }
    if size > MOST_UNPACKED {
        return Err(format!(
            "the member is compressed and would take {} of memory, of at most {}; write it with `np.savez`, which does not compress: then it is read where it is",
            human_bytes(size),
            human_bytes(MOST_UNPACKED)
        ));
    }
    let mut problem = None;
    let bytes = Bytes::made(size as usize, |bytes| {
        let (from, to) = bytes.split_at_mut(beginning.len().min(size as usize));
        from.copy_from_slice(&beginning[..from.len()]);
        problem = file.read_exact(to).err();
    });
    match (bytes, problem) {
        (Ok(bytes), None) => Ok((header, bytes)),
        (_, Some(error)) => Err(unpacked(error.to_string())),
        (Err(what), _) => Err(format!(
            "the member is compressed: {what}; write it with `np.savez`, which does not compress: then it is read where it is"
        )),
    }
}
