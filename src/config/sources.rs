//! What is known before any setting is read: the file, `.env`, the environment and the flags.

use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, ConfigErrors};

/// The file read when none is named.
pub const DEFAULT_FILE: &str = "journeyman.toml";
const DOTENV: &str = ".env";

/// The inputs of [`Config::load`](super::Config::load), all of them plain values.
#[derive(Clone, Default)]
pub struct Sources {
    /// A TOML file that has to exist.
    pub file: Option<PathBuf>,
    /// The pairs of `.env`. Of a name given twice, the first counts, as in Laravel.
    pub dotenv: Vec<(String, String)>,
    pub environment: Vec<(String, String)>,
    /// Key of the setting, flag as the user wrote it (`--bind`), value. Of a key given twice, the last counts.
    pub flags: Vec<(String, String, String)>,
}

impl Sources {
    /// Those of this process: `file` or else `journeyman.toml` if there is one, `.env`, both looked for in the working
    /// directory, and the environment, which is read nowhere else.
    pub fn from_process(file: Option<PathBuf>, flags: Vec<(String, String, String)>) -> Result<Self, ConfigErrors> {
        Self::in_directory(Path::new(""), file, std::env::vars_os(), flags)
    }

    fn in_directory(
        directory: &Path,
        file: Option<PathBuf>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        flags: Vec<(String, String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let default_file = || Some(directory.join(DEFAULT_FILE)).filter(|path| path.exists());
        let dotenv = read_dotenv(&directory.join(DOTENV)).map_err(ConfigErrors::new)?;
        // Lossy, since `std::env::vars` panics on what is not Unicode. A setting that holds the mark is refused later.
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let environment = environment.map(|(name, value)| (text(name), text(value))).collect();
        Ok(Self { file: file.or_else(default_file), dotenv, environment, flags })
    }
}

/// The pairs of a `.env` file; none if there is no such file.
///
/// Only this file: dotenvy's own search would go up to the parent directories and take a stranger's.
fn read_dotenv(path: &Path) -> Result<Vec<(String, String)>, Vec<ConfigError>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(reason) => return Err(vec![ConfigError::Unreadable { path: path.to_owned(), reason }]),
    };
    // dotenvy's iterator would make the mark part of the first name.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = &with_bare_dollars_kept(text);
    let mut pairs = Vec::new();
    let mut errors = Vec::new();
    for pair in dotenvy::from_read_iter(text.as_bytes()) {
        match pair {
            Ok(pair) => pairs.push(pair),
            Err(error) => errors.push(malformed(path, text, &error)),
        }
    }
    if errors.is_empty() { Ok(pairs) } else { Err(errors) }
}

/// Only `${NAME}` stands for another variable, as in Laravel; dotenvy would also replace the `$ter2` of `hun$ter2`, most
/// likely with nothing. It takes an escaped dollar as it is.
fn with_bare_dollars_kept(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut quote, mut is_escaped) = (None, false);
    let mut rest = text.chars().peekable();
    let mut last = '\n';
    let mut is_comment = false;
    while let Some(c) = rest.next() {
        let is_literal = is_comment || is_escaped || quote == Some('\'');
        if c == '$' && !is_literal && rest.peek() != Some(&'{') {
            kept.push('\\');
        }
        kept.push(c);
        is_comment = (is_comment || (c == '#' && quote.is_none() && last.is_whitespace())) && c != '\n';
        if !is_comment {
            quote = match quote {
                None if !is_escaped && matches!(c, '\'' | '"') => Some(c),
                Some('\'') if c == '\'' => None,
                Some('"') if !is_escaped && c == '"' => None,
                quote => quote,
            };
            is_escaped = c == '\\' && !is_escaped && quote != Some('\'');
        }
        last = c;
    }
    kept
}

fn malformed(path: &Path, text: &str, error: &dotenvy::Error) -> ConfigError {
    // dotenvy tells the line's text instead of its number, and the text may hold a password.
    let line = match error {
        dotenvy::Error::LineParse(line, _) => text.find(line.as_str()).map(|at| line_at(text, at)),
        _ => None,
    };
    let reason = "give NAME=value, with quotes around a value that has spaces".to_owned();
    ConfigError::Syntax { path: path.to_owned(), line: line.unwrap_or(1), reason }
}

/// The number of the line that byte `at` is in.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

/// Names only: any value may be a secret.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        f.debug_struct("Sources")
            .field("file", &self.file)
            .field("dotenv", &names(&self.dotenv))
            .field("environment", &names(&self.environment))
            .field("flags", &self.flags.iter().map(|(_, flag, _)| flag).collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dotenv: &[u8]) -> Result<Sources, ConfigErrors> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(DOTENV), dotenv).unwrap();
        Sources::in_directory(directory.path(), None, std::iter::empty(), Vec::new())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn r50_the_env_file_is_read_with_its_quotes_comments_and_byte_order_mark() {
        let sources =
            read(b"\xEF\xBB\xBFREDIS_HOST=cache # near\n# note\nexport REDIS_PASSWORD='a #$b'\nREDIS_DB=\n").unwrap();
        let expected = [pair("REDIS_HOST", "cache"), pair("REDIS_PASSWORD", "a #$b"), pair("REDIS_DB", "")];
        assert_eq!(sources.dotenv, expected);
    }

    #[test]
    fn r50_a_dollar_of_the_env_file_is_kept_unless_it_names_a_variable_in_braces() {
        let text = r#"A=hun$ter2
B="hun$ter2$" # it's $5
C='hun$ter2 ${A}'
D=${A}-"${A}"
E=a\$b"\$c"
# don't $mind
F=$
G="two
$lines"
H='it'"s"$x
"#;
        let sources = read(text.as_bytes()).unwrap();
        let expected = [
            pair("A", "hun$ter2"),
            pair("B", "hun$ter2$"),
            pair("C", "hun$ter2 ${A}"),
            pair("D", "hun$ter2-hun$ter2"),
            pair("E", "a$b$c"),
            pair("F", "$"),
            pair("G", "two\n$lines"),
            pair("H", "its$x"),
        ];
        assert_eq!(sources.dotenv, expected);
    }

    #[test]
    fn r50_a_malformed_env_file_is_told_by_line_and_never_quoted() {
        let errors = read(b"REDIS_HOST=cache\nREDIS_PASSWORD=canary secret\n\n=oops\n").unwrap_err().to_string();
        assert!(errors.contains(".env is malformed in line 2: give NAME=value"), "{errors}");
        assert!(errors.contains("line 4"), "{errors}");
        assert!(!errors.contains("canary"), "{errors}");
        assert!(read(b"A=\xFF\n").unwrap_err().to_string().contains("cannot read"));
    }

    #[test]
    fn r49_the_default_file_is_taken_only_if_it_exists() {
        let directory = tempfile::tempdir().unwrap();
        let file = |named: Option<&str>| {
            let sources =
                Sources::in_directory(directory.path(), named.map(Into::into), std::iter::empty(), Vec::new());
            sources.unwrap().file
        };
        assert_eq!(file(None), None);
        std::fs::write(directory.path().join(DEFAULT_FILE), "").unwrap();
        assert_eq!(file(None), Some(directory.path().join(DEFAULT_FILE)));
        assert_eq!(file(Some("other.toml")), Some("other.toml".into()));
    }

    #[cfg(unix)]
    #[test]
    fn r49_an_environment_that_is_not_unicode_does_not_stop_the_server() {
        use std::os::unix::ffi::OsStringExt as _;
        let environment = [("STRANGE".into(), OsString::from_vec(vec![b'a', 0xFF]))];
        let sources = Sources::in_directory(Path::new("nowhere"), None, environment.into_iter(), Vec::new()).unwrap();
        assert_eq!(sources.environment, [pair("STRANGE", "a\u{fffd}")]);
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let sources = Sources {
            dotenv: vec![pair("A", "canary")],
            environment: vec![pair("B", "canary")],
            flags: vec![("c".to_owned(), "--c".to_owned(), "canary".to_owned())],
            ..Sources::default()
        };
        assert!(!format!("{sources:?}").contains("canary"));
    }
}
