//! All settings together.

mod layering;
mod refusals;
mod secrecy;

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn environment(given: &[(&str, &str)]) -> Sources {
    Sources { environment: pairs(given), ..Sources::default() }
}

fn flag(key: &str, flag: &str, value: &str) -> (String, String, String) {
    (key.to_owned(), flag.to_owned(), value.to_owned())
}

/// A file of the given text that lives as long as the returned directory.
fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(DEFAULT_FILE);
    std::fs::write(&path, text).unwrap();
    (directory, Sources { file: Some(path), ..Sources::default() })
}

fn load(sources: &Sources) -> Config {
    Config::load(sources).unwrap().config
}

/// Each sentence, with the path of the file cut down to its name.
fn errors(sources: &Sources) -> Vec<String> {
    let folder = sources.file.as_ref().and_then(|path| path.parent()).map(|path| format!("{}/", path.display()));
    let errors = Config::load(sources).unwrap_err();
    let name_only = |text: String| folder.as_ref().map_or(text.clone(), |folder| text.replace(folder, ""));
    errors.iter().map(|error| name_only(error.to_string())).collect()
}
