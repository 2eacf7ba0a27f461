//! Every link from one committed document to another leads somewhere.

use std::path::{Path, PathBuf};

use crate::support::{root, text};

/// Folders that hold documents.
const FOLDERS: [&str; 9] =
    ["", "benches", "crates", "docs", "examples", "lab", "rules", "tests", "xtask"];

/// Markdown files of a folder; of the root itself, only those that lie there.
fn documents(folder: &Path, into: &mut Vec<PathBuf>, deep: bool) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && deep {
            documents(&path, into, deep);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            into.push(path);
        }
    }
}

/// The anchor that a heading gets: lower case, without punctuation, spaces as hyphens.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// The text outside of fenced blocks.
fn prose(page: &str) -> String {
    page.split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

/// Targets of links; images are left out.
fn targets(prose: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for (at, _) in prose.match_indices("](") {
        let image = prose[..at].rfind('[').is_some_and(|start| prose[..start].ends_with('!'));
        if let (false, Some((target, _))) = (image, prose[at + 2..].split_once(')')) {
            targets.push(target);
        }
    }
    targets
}

#[test]
fn links_lead_somewhere() {
    let mut pages = Vec::new();
    for folder in FOLDERS {
        documents(&root().join(folder), &mut pages, !folder.is_empty());
    }
    assert!(pages.len() > 40, "{pages:?}");
    let (mut broken, mut checked) = (Vec::new(), 0);
    for page in &pages {
        let own = prose(&text(page));
        for target in targets(&own)
            .into_iter()
            .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() {
                page.clone()
            } else {
                page.parent().expect("a folder").join(file)
            };
            let found = file.exists()
                && (heading.is_empty()
                    || prose(&text(&file))
                        .lines()
                        .filter_map(|line| line.strip_prefix('#'))
                        .any(|line| anchor(line.trim_start_matches('#').trim()) == heading));
            if !found {
                broken.push(format!("{}: {target}", page.display()));
            }
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} links");
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn links_are_found_and_images_are_not() {
    assert_eq!(
        targets("A [link](a.md#b), ![an image](c.png) and [another](d.md)."),
        ["a.md#b", "d.md"]
    );
}

#[test]
fn anchors_are_those_of_the_web() {
    assert_eq!(anchor("8. A better rule file"), "8-a-better-rule-file");
    assert_eq!(anchor("`cofactor run`: what?"), "cofactor-run-what");
}
