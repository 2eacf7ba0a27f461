//! Rules of the crates: which may depend on which (docs/ARCHITECTURE.md), and what each must have.

use xtask::workspace::{Package, Workspace};

use super::Finding;

/// The arrows: a crate of the workspace and the crates of the workspace that it may depend on.
const ARROWS: [(&str, &[&str]); 15] = [
    ("cofactor-core", &[]),
    ("cofactor-chem", &["cofactor-core"]),
    ("cofactor-lapack", &[]),
    ("cofactor-mzml", &["cofactor-core"]),
    ("cofactor-rules", &["cofactor-core", "cofactor-chem"]),
    ("cofactor-nmf", &["cofactor-lapack"]),
    ("cofactor-traces", &["cofactor-core", "cofactor-chem"]),
    ("cofactor-deconv", &["cofactor-core", "cofactor-chem", "cofactor-rules", "cofactor-nmf"]),
    ("cofactor-sim", &["cofactor-core", "cofactor-chem", "cofactor-rules"]),
    ("cofactor-study", &["cofactor-core", "cofactor-deconv", "cofactor-rules"]),
    ("cofactor-report", &["cofactor-core"]),
    (
        "cofactor-cli",
        &[
            "cofactor",
            "cofactor-core",
            "cofactor-lapack",
            "cofactor-mzml",
            "cofactor-report",
            "cofactor-rules",
        ],
    ),
    ("cofactor-bench", &["cofactor-nmf"]),
    ("cofactor-lab", &["xtask"]),
    ("xtask", &[]),
];

/// Crates that may depend on every library crate.
const TOP: [&str; 3] = ["cofactor", "cofactor-tests", "custom-rule-kind"];

/// Libraries from outside that only these crates may name, tests included.
const RESERVED: [(&str, &[&str]); 2] =
    [("anyhow", &["cofactor-lab", "xtask"]), ("mzdata", &["cofactor-mzml"])];

/// The folder of the crates that are published.
const PUBLISHED: &str = "crates";

/// Crates that must stay free of matrices.
const WITHOUT_MATRICES: [&str; 4] =
    ["cofactor-core", "cofactor-chem", "cofactor-rules", "cofactor-report"];

/// Libraries of matrices.
const MATRICES: [&str; 3] = ["ndarray", "ndarray-linalg", "nalgebra"];

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let members: Vec<&str> =
        workspace.packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let mut add = |file: &str, message: String| {
            findings.push(Finding { path: package.folder.join(file), line: None, message });
        };
        for message in forbidden(package, &members) {
            add("Cargo.toml", message);
        }
        for message in unpublishable(package) {
            add("Cargo.toml", message);
        }
        if package.has_build_script {
            add("build.rs", "build scripts are not used here".to_owned());
        }
        let log = package.published.then_some("CHANGELOG.md");
        for file in ["README.md"].into_iter().chain(log) {
            if !workspace.root.join(&package.folder).join(file).is_file() {
                add(file, format!("{} has no {file}", package.name));
            }
        }
    }
    findings
}

/// What keeps a crate from being published, or lets be published what should not, as messages.
fn unpublishable(package: &Package) -> Vec<String> {
    let asked =
        package.missing.iter().filter(|&&field| package.published || field == "description");
    let mut messages: Vec<String> =
        asked.map(|field| format!("the package has no {field}")).collect();
    match (package.folder.starts_with(PUBLISHED), package.published) {
        (true, false) => messages
            .push(format!("what is in {PUBLISHED}/ is published: take away `publish = false`")),
        (false, true) => messages
            .push(format!("only what is in {PUBLISHED}/ is published: add `publish = false`")),
        _ => {}
    }
    messages
}

/// Every dependency of the package that it must not have, as messages.
fn forbidden(package: &Package, members: &[&str]) -> Vec<String> {
    let name = package.name.as_str();
    let arrows = ARROWS.iter().find(|(from, _)| *from == name).map(|(_, to)| *to);
    let mut messages = Vec::new();
    if arrows.is_none() && !TOP.contains(&name) {
        messages.push(format!("{name} is not in the table of allowed dependencies ({})", file!()));
    }
    for dependency in &package.dependencies {
        let to = dependency.name.as_str();
        let arrow_allowed = arrows.is_none_or(|allowed| allowed.contains(&to));
        if members.contains(&to) && !dependency.dev && !arrow_allowed {
            messages.push(format!("{name} must not depend on {to}"));
        }
        if let Some((_, allowed)) = RESERVED.iter().find(|(library, _)| *library == to)
            && !allowed.contains(&name)
        {
            messages.push(format!("only {} may depend on {to}", allowed.join(" and ")));
        }
        if WITHOUT_MATRICES.contains(&name) && MATRICES.contains(&to) {
            messages.push(format!("{name} has no matrices: it must not depend on {to}"));
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use xtask::workspace::Dependency;

    fn package(name: &str, dependencies: &[(&str, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            folder: Path::new("crates").join(name),
            published: true,
            missing: Vec::new(),
            has_build_script: false,
            dependencies: dependencies
                .iter()
                .map(|&(name, dev)| Dependency { name: name.to_owned(), dev })
                .collect(),
        }
    }

    #[test]
    fn arrows_go_one_way() {
        let members = ["cofactor-core", "cofactor-nmf", "cofactor-sim"];
        let check = |name, dependencies: &[_]| forbidden(&package(name, dependencies), &members);
        assert!(check("cofactor-sim", &[("cofactor-core", false), ("rand", false)]).is_empty());
        assert_eq!(
            check("cofactor-nmf", &[("cofactor-core", false)]),
            ["cofactor-nmf must not depend on cofactor-core"]
        );
        assert!(check("cofactor-nmf", &[("cofactor-sim", true)]).is_empty(), "tests may");
        assert!(check("cofactor", &[("cofactor-nmf", false)]).is_empty());
        assert_eq!(check("cofactor-new", &[]).len(), 1);
    }

    #[test]
    fn what_is_in_crates_can_be_published_and_nothing_else() {
        let check = |folder: &str, published, missing: &[&'static str]| {
            let missing = missing.to_vec();
            unpublishable(&Package {
                folder: folder.into(),
                published,
                missing,
                ..package("a", &[])
            })
        };
        assert!(check("crates/a", true, &[]).is_empty());
        assert!(check("xtask", false, &["license"]).is_empty());
        assert_eq!(check("xtask", false, &["description"]).len(), 1, "everything is described");
        assert_eq!(check("crates/a", true, &["license"]), ["the package has no license"]);
        assert!(check("xtask", true, &[])[0].ends_with("add `publish = false`"));
        assert!(check("crates/a", false, &[])[0].ends_with("take away `publish = false`"));
    }

    #[test]
    fn some_libraries_belong_to_some_crates() {
        let check = |name, to| forbidden(&package(name, &[(to, true)]), &[]).len();
        assert_eq!(check("cofactor-rules", "anyhow"), 1);
        assert_eq!(check("cofactor", "anyhow"), 1);
        assert_eq!(check("xtask", "anyhow"), 0);
        assert_eq!(check("cofactor-sim", "mzdata"), 1);
        assert_eq!(check("cofactor-mzml", "mzdata"), 0);
        assert_eq!(check("cofactor-report", "ndarray"), 1);
        assert_eq!(check("cofactor-nmf", "ndarray"), 0);
    }
}
