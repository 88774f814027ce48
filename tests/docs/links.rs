//! Every link of the documentation leads somewhere.

use super::page::{Link, Page};

/// Why the link leads nowhere, if it does.
fn fault(link: &Link<'_>) -> Option<String> {
    let (path, anchor) = link.target.split_once('#').map_or((link.target, None), |(path, anchor)| (path, Some(anchor)));
    if path.contains("://") || path.starts_with("mailto:") {
        return None;
    }
    let file = if path.is_empty() { link.page.resolve(link.page.name()) } else { link.page.resolve(path) };
    if !file.exists() {
        return Some(format!("there is no {}", file.display()));
    }
    let anchor = anchor?;
    let text = std::fs::read_to_string(&file).ok()?;
    let anchors = Page { path: String::new(), text }.anchors();
    (!anchors.iter().any(|known| known == anchor)).then(|| format!("no heading #{anchor} among {anchors:?}"))
}

#[test]
fn every_link_in_the_documentation_leads_somewhere() {
    let pages = Page::all();
    let links: Vec<Link<'_>> = pages.iter().flat_map(Page::links).collect();
    assert!(links.len() > 100, "{} links are found", links.len());
    let told = |link: &Link<'_>| {
        fault(link).map(|fault| format!("{}:{}: ({}) {fault}", link.page.path, link.line, link.target))
    };
    let faults: Vec<String> = links.iter().filter_map(told).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A guide that nobody links to is not found.
#[test]
fn the_index_has_every_guide() {
    let index = Page::read("docs/README.md");
    let links = index.links();
    for page in Page::guides().iter().filter(|page| page.path != "README.md" && page.path != index.path) {
        assert!(links.iter().any(|link| link.target == page.name()), "{} is not in docs/README.md", page.path);
    }
}
