//! The machine that this process runs on.

/// Its name, as the system gives it; empty where it does not tell.
pub fn name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().chars().filter(|c| !c.is_control()).take(255).collect()
}

/// The user that this process runs as, by name, or by number if none is known; empty where the system does not tell. Not by
/// the environment, which says whatever one likes.
pub fn user() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let Some(id) = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next()) else {
        return String::new();
    };
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| named(line, id)).unwrap_or(id);
    name.chars().filter(|c| !c.is_control()).take(255).collect()
}

/// The name in a line such as `ann:x:1000:1000::/home/ann:/bin/sh`, if it is of this number.
fn named<'a>(line: &'a str, id: &str) -> Option<&'a str> {
    let mut parts = line.split(':');
    let (name, _, number) = (parts.next()?, parts.next()?, parts.next()?);
    (number == id && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_number() {
        let line = "ann:x:1000:1001::/home/ann:/bin/sh";
        assert_eq!((named(line, "1000"), named(line, "1001"), named("# x", "1000")), (Some("ann"), None, None));
        assert!(!user().is_empty());
    }
}
