//! The machine that this process runs on.

/// Its name, as the system gives it; empty where it does not tell.
pub fn name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().chars().filter(|c| !c.is_control()).take(255).collect()
}
