//! Members of `.npz` archives.

use super::mapping::Bytes;
use super::one_line;
use std::io::{Cursor, Read};
use zip::{CompressionMethod, ZipArchive};

/// The most bytes that are unpacked into memory.
const MOST_UNPACKED: u64 = 8 << 30;

/// The bytes of a member, which is `name` with or without `.npy`; the only one, where no name is given.
pub fn member(archive: &Bytes, name: Option<&str>) -> Result<Bytes, String> {
    let damaged =
        |error: zip::result::ZipError| format!("it is no .npz file: {}", one_line(&error.to_string()));
    let mut zip = ZipArchive::new(Cursor::new(&archive[..])).map_err(damaged)?;
    let names: Vec<String> =
        zip.file_names().flatten().take(1000).map(|name| name.trim_end_matches(".npy").to_owned()).collect();
    let list = || one_line(&names.join(", "));
    let wanted = match (name, &names[..]) {
        (Some(name), _) => name,
        (None, [only]) => only,
        (None, []) => return Err("it has no members".into()),
        (None, _) => return Err(format!("which member? it has: {}", list())),
    };
    let candidates = [format!("{wanted}.npy"), wanted.to_owned()];
    let index = candidates.iter().find_map(|name| zip.index_for_name(name));
    let index = index.ok_or_else(|| format!("it has no member `{}`, but: {}", one_line(wanted), list()))?;
    let mut file = zip.by_index(index).map_err(damaged)?;
    let size = file.size();
    match file.compression() {
        CompressionMethod::Stored => {
            let start = file.data_start().ok_or("the member is damaged")?;
            let end = start.checked_add(file.compressed_size()).ok_or("the member is damaged")?;
            let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else {
                return Err("the member is damaged".into());
            };
            archive.part(start..end).ok_or_else(|| "the member is damaged".into())
        }
        _ if size > MOST_UNPACKED => Err(format!(
            "the member is compressed and has {size} bytes, of at most {MOST_UNPACKED}; write it with `np.savez`, which does not compress"
        )),
        _ => {
            let mut problem = None;
            let bytes = Bytes::made(size as usize, |bytes| problem = file.read_exact(bytes).err());
            match (bytes, problem) {
                (Ok(bytes), None) => Ok(bytes),
                (_, Some(error)) | (Err(error), _) => {
                    Err(format!("the member cannot be unpacked: {}", one_line(&error.to_string())))
                }
            }
        }
    }
}
