//! Paths for `std::fs`, which works as it is on `wasm32-wasip1`. Wants the permissions `FileRead`, `FileWrite` and `FileCreate`, each
//! for itself, of a directory that the operator has mapped, or of `/scratch`.

use std::path::{Path, PathBuf};

/// Where `std::fs` finds a path as the plugin names it, such as `/data/birds.txt`. On the server that is the path itself. In tests
/// on another target it leads into the directory that the fake host has for it, and nowhere where it has none.
///
/// ```
/// use hal9_plugin_sdk::{files, testing::FakeHost};
///
/// let folder = std::env::temp_dir().join(format!("birds-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// let _host = FakeHost::new().with_directory("/data", &folder);
/// std::fs::write(files::path("/data/birds.txt"), "heron")?;
/// assert_eq!(std::fs::read_to_string(folder.join("birds.txt"))?, "heron");
/// assert!(std::fs::read(files::path("/other/birds.txt")).is_err());
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn path(path: impl AsRef<Path>) -> PathBuf {
    #[cfg(target_family = "wasm")]
    return path.as_ref().to_path_buf();
    #[cfg(not(target_family = "wasm"))]
    return crate::testing::directory_path(path.as_ref());
}
