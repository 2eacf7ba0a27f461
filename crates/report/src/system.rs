//! What the file system does in one step, and what a folder is besides its files.

use std::fs;
use std::io;
use std::path::Path;

/// Whether two paths are names of one file.
#[cfg(unix)]
pub(crate) fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity =
        |path| fs::symlink_metadata(path).map(|about| (about.dev(), about.ino(), about.is_file()));
    matches!((identity(a), identity(b)), (Ok(a), Ok(b)) if a == b && a.2)
}

#[cfg(not(unix))]
pub(crate) fn is_same_file(_: &Path, _: &Path) -> bool {
    false
}

/// Gives `copy` the owner, the group, the mode and the extended attributes of `folder`.
#[cfg(target_os = "linux")]
pub(crate) fn keep_attributes(folder: &Path, copy: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    use rustix::fs::{XattrFlags, removexattr, setxattr};
    let (old, new) = (fs::metadata(folder)?, fs::metadata(copy)?);
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        chown(copy, Some(old.uid()), Some(old.gid()))?;
    }
    fs::set_permissions(copy, fs::Permissions::from_mode(old.mode() & 0o7777))?;
    let (wanted, found) = (attributes(folder)?, attributes(copy)?);
    for (name, _) in found.iter().filter(|(name, _)| wanted.iter().all(|(known, _)| known != name))
    {
        removexattr(copy, name.as_slice())?;
    }
    for (name, value) in wanted.iter().filter(|attribute| !found.contains(attribute)) {
        setxattr(copy, name.as_slice(), value, XattrFlags::empty())?;
    }
    Ok(())
}

/// Names and values of the extended attributes.
#[cfg(target_os = "linux")]
pub(crate) fn attributes(path: &Path) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    use rustix::fs::{getxattr, listxattr};
    use rustix::io::Errno;
    let mut buffer = vec![0; 1 << 16];
    let length = match listxattr(path, &mut buffer[..]) {
        Err(Errno::OPNOTSUPP) => 0,
        length => length?,
    };
    let names: Vec<Vec<u8>> = buffer[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    names
        .into_iter()
        .map(|name| {
            let length = getxattr(path, name.as_slice(), &mut buffer[..])?;
            Ok((name, buffer[..length].to_vec()))
        })
        .collect()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_attributes(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Lets two paths change places in one step.
#[cfg(target_os = "linux")]
pub(crate) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Renames where nothing is yet.
#[cfg(target_os = "linux")]
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}
