//! A small disk of a test's own.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// It is gone with this value.
#[derive(Debug)]
pub struct Disk(TempDir);

impl Disk {
    /// Of so many MiB; only root can make one.
    pub fn of(mebibytes: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path());
        assert!(mount.status().unwrap().success(), "this test mounts a small disk and so has to run as root");
        Self(dir)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// What others write takes all that is left.
    pub fn fill(&self) {
        let mut file = File::options().append(true).create(true).open(self.foreign()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    /// Those others give it back.
    pub fn make_room(&self) {
        std::fs::remove_file(self.foreign()).unwrap();
    }

    fn foreign(&self) -> std::path::PathBuf {
        self.path().join("foreign")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
