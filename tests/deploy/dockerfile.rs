//! R54: `Dockerfile`.

use std::path::Path;

use super::{assert_settings, assert_understood, shipped};

/// Each instruction and what follows it, continuation lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = shipped("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').unwrap()).map(|(word, rest)| (word.to_owned(), rest.to_owned())).collect()
}

fn all<'a>(instructions: &'a [(String, String)], word: &'a str) -> impl Iterator<Item = &'a str> {
    instructions.iter().filter(move |(given, _)| given == word).map(|(_, rest)| rest.as_str())
}

#[test]
fn r54_the_image_is_built_of_what_there_is() {
    let instructions = instructions();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copied: Vec<&str> = all(&instructions, "COPY")
        .filter(|rest| !rest.starts_with("--from"))
        .flat_map(|rest| rest.rsplit_once(' ').unwrap().0.split(' '))
        .collect();
    for path in &copied {
        assert!(root.join(path).exists(), "{path}");
    }
    let manifest: toml::Table = shipped("Cargo.toml").parse().unwrap();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        let folder = member.as_str().unwrap().split('/').next().unwrap();
        assert!(copied.contains(&folder), "{folder} is a member of the workspace");
    }
    let version = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(all(&instructions, "FROM").next().unwrap().starts_with(&format!("rust:{version}-")));
    let ignored = shipped(".dockerignore");
    for path in &copied {
        assert!(ignored.lines().any(|line| line == format!("!{path}")), "{path} is ignored");
    }
}

#[test]
fn r54_the_image_runs_the_server_as_nobody_in_particular() {
    let instructions = instructions();
    let users: Vec<&str> = all(&instructions, "USER").collect();
    assert!(users.len() == 1 && users[0] != "0" && users[0] != "root", "{users:?}");
    assert_eq!(all(&instructions, "FROM").count(), 2, "what builds it does not run it");
    assert_eq!(all(&instructions, "ENTRYPOINT").next(), Some(r#"["journeyman"]"#));
    let command: Vec<String> = serde_json::from_str(all(&instructions, "CMD").next().unwrap()).unwrap();
    assert_understood(&command.iter().map(String::as_str).collect::<Vec<_>>());
    let environment: Vec<(&str, &str)> =
        all(&instructions, "ENV").flat_map(|rest| rest.split(' ')).map(|pair| pair.split_once('=').unwrap()).collect();
    assert_settings(environment.iter().map(|(name, _)| *name));
    let (_, bind) = environment.iter().find(|(name, _)| *name == "JOURNEYMAN_BIND").unwrap();
    assert_eq!(all(&instructions, "EXPOSE").next(), bind.rsplit(':').next());
}

/// R25: a post to an https URL needs somebody to vouch for the receiver.
#[test]
fn r54_the_image_trusts_the_certificate_authorities_of_the_web() {
    let instructions = instructions();
    let file = "/etc/ssl/certs/ca-certificates.crt";
    let copied = all(&instructions, "COPY").any(|rest| rest == format!("--from=build {file} {file}"));
    assert!(copied, "{instructions:?}");
}
