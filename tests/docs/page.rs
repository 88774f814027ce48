//! A page of the documentation, taken apart: its fenced blocks, its headings and its links.

use std::path::{Path, PathBuf};

/// A Markdown file of the tree.
#[derive(Debug)]
pub struct Page {
    /// From the root of the tree, `docs/jobs.md`.
    pub path: String,
    pub text: String,
}

/// What stands between two fences.
#[derive(Debug)]
pub struct Block<'a> {
    pub page: &'a Page,
    /// Line of its opening fence, from 1.
    pub line: usize,
    /// What follows the opening fence: `sh`, `text output`.
    pub info: String,
    /// Without the indentation of the fence.
    pub text: String,
}

/// A link to a place in the tree.
#[derive(Debug)]
pub struct Link<'a> {
    pub page: &'a Page,
    pub line: usize,
    pub target: &'a str,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Page {
    pub fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path: path.to_owned(), text }
    }

    /// `README.md` and the guides, by name.
    pub fn guides() -> Vec<Self> {
        let mut pages = vec![Self::read("README.md")];
        pages.extend(in_folder("docs").iter().map(|path| Self::read(path)));
        pages
    }

    /// These and what else stands at the root.
    pub fn all() -> Vec<Self> {
        let paths = in_folder("").into_iter().chain(in_folder("docs"));
        paths.map(|path| Self::read(&path)).collect()
    }

    pub fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let mut indent = None;
        for (at, line) in self.text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (indent, fence) {
                (None, Some(info)) => {
                    indent = Some(line.len() - line.trim_start().len());
                    blocks.push(Block { page: self, line: at + 1, info: info.to_owned(), text: String::new() });
                }
                (Some(_), Some("")) => indent = None,
                (Some(indent), _) => {
                    let text = &mut blocks.last_mut().unwrap().text;
                    text.push_str(line.get(indent..).unwrap_or_default());
                    text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(indent.is_none(), "{}: a block has no end", self.path);
        blocks
    }

    /// Lines outside of blocks, with their numbers.
    pub fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut is_inside = false;
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(move |(_, line)| {
            let is_fence = line.trim_start().starts_with("```");
            is_inside ^= is_fence;
            !is_inside && !is_fence
        })
    }

    pub fn links(&self) -> Vec<Link<'_>> {
        let mut links = Vec::new();
        for (line, text) in self.prose() {
            // What stands in backticks is no link; odd pieces are within them.
            for piece in without_code(text) {
                let targets = piece.split("](").skip(1).filter_map(|rest| rest.split(')').next());
                links.extend(targets.map(|target| Link { page: self, line, target }));
            }
        }
        links
    }

    /// What stands in backticks on one line.
    pub fn inline_code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.prose().flat_map(|(line, text)| text.split('`').skip(1).step_by(2).map(move |code| (line, code)))
    }

    /// The anchors of its headings, as a forge makes them.
    pub fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for (_, line) in self.prose() {
            let title = line.trim_start_matches('#');
            if title.len() < line.len() && title.starts_with(' ') {
                let anchor = slug(title.trim());
                let same = anchors.iter().filter(|other| **other == anchor).count();
                anchors.push(if same > 0 { format!("{anchor}-{same}") } else { anchor });
            }
        }
        anchors
    }

    /// Within its folder, `jobs.md`.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// Where a link of this page leads, without its anchor.
    pub fn resolve(&self, target: &str) -> PathBuf {
        root().join(&self.path).parent().unwrap().join(target)
    }
}

/// A link's text may be code, so the pieces go on to the end of the line; only what begins in code is left out.
fn without_code(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('`') {
        pieces.push(before);
        rest = after.split_once('`').map_or("", |(_, after)| after);
    }
    pieces.push(rest);
    pieces
}

fn slug(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The Markdown files of a folder, by name.
fn in_folder(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"));
    let mut paths: Vec<String> = pages.map(|name| Path::new(folder).join(name).to_str().unwrap().to_owned()).collect();
    paths.sort();
    paths
}

impl Block<'_> {
    /// `docs/jobs.md:7`
    pub fn place(&self) -> String {
        format!("{}:{}", self.page.path, self.line)
    }
}

#[test]
fn a_page_is_taken_apart() {
    let text = "# The `one` API\n\n1. see [a](b.md#c) and `[no](link)` and [`d`](e)\n\n   ```sh no-run\n   a\n     b\n   ```\n\n# Two\n# Two\n";
    let page = Page { path: "docs/made-up.md".to_owned(), text: text.to_owned() };
    let blocks = page.blocks();
    let [block] = &blocks[..] else { panic!("{blocks:?}") };
    assert_eq!((block.line, block.info.as_str(), block.text.as_str()), (5, "sh no-run", "a\n  b\n"));
    let targets: Vec<&str> = page.links().iter().map(|link| link.target).collect();
    assert_eq!(targets, ["b.md#c", "e"]);
    assert_eq!(page.anchors(), ["the-one-api", "two", "two-1"]);
}
