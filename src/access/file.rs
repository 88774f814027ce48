//! Keys in a file, one a line.

use std::path::{Path, PathBuf};

use super::{ApiKey, KeyLineError};

/// Why a file of keys cannot be used. Never quotes a line.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot read the API keys in {}: {reason}", .path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{} line {line}: {reason}", .path.display())]
    Line { path: PathBuf, line: usize, reason: KeyLineError },
}

/// The keys of a file; empty lines and those that begin with `#` are passed over.
pub fn read_file(path: &Path) -> Result<Vec<ApiKey>, KeyFileError> {
    let text =
        std::fs::read_to_string(path).map_err(|reason| KeyFileError::Unreadable { path: path.to_owned(), reason })?;
    let lines = text.lines().map(str::trim).enumerate();
    let is_key = |(_, line): &(usize, &str)| !line.is_empty() && !line.starts_with('#');
    let read = |(at, line): (usize, &str)| {
        line.parse().map_err(|reason| KeyFileError::Line { path: path.to_owned(), line: at + 1, reason })
    };
    lines.filter(is_key).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scopes;

    #[test]
    fn r45_a_file_of_keys_has_comments_and_tells_the_line_at_fault() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        let (_, key) = ApiKey::generate("ci", Scopes::ALL, None, [1; 32]).unwrap();
        std::fs::write(&path, format!("# for the build\n\n  {}\n", key.line())).unwrap();
        assert_eq!(read_file(&path).unwrap(), [key]);
        std::fs::write(&path, "# one\nci:read:canary\n").unwrap();
        let error = read_file(&path).unwrap_err().to_string();
        assert!(error.contains("keys line 2: key ci:") && !error.contains("canary"), "{error}");
        assert!(read_file(&directory.path().join("none")).unwrap_err().to_string().contains("cannot read"));
    }
}
