//! The workspace as `cargo metadata --no-deps` describes it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// What crates.io asks of a manifest.
const REQUIRED: [&str; 4] = ["description", "license", "repository", "readme"];

/// Where things are, and what the packages say about themselves.
pub struct Workspace {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// cargo's target directory: the default, `CARGO_TARGET_DIR` or the configured one.
    pub target: PathBuf,
    /// Its members.
    pub packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The manifest's folder, relative to the root.
    pub folder: PathBuf,
    /// Whether the manifest lets it be published.
    pub published: bool,
    /// What crates.io asks for and the manifest does not say.
    pub missing: Vec<&'static str>,
    /// Whether it has a `build.rs`.
    pub has_build_script: bool,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// A dependency as the manifest names it.
#[derive(Debug)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// For tests, examples and benches only.
    pub dev: bool,
}

/// Asks cargo.
pub fn load() -> Result<Workspace> {
    let text = command::output(
        command::cargo()
            .args(["metadata", "--no-deps", "--format-version=1"])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    )?;
    parse(&text)
}

impl Workspace {
    /// The path relative to the root where it lies inside, for messages.
    pub fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

fn parse(text: &str) -> Result<Workspace> {
    let metadata: Value = serde_json::from_str(text).context("`cargo metadata` gave no JSON")?;
    let root = PathBuf::from(string(&metadata, "workspace_root")?);
    let packages = list(&metadata, "packages")?;
    Ok(Workspace {
        target: PathBuf::from(string(&metadata, "target_directory")?),
        packages: packages.iter().map(|p| package(p, &root)).collect::<Result<_>>()?,
        root,
    })
}

fn package(package: &Value, root: &Path) -> Result<Package> {
    let manifest = PathBuf::from(string(package, "manifest_path")?);
    let folder = manifest.parent().unwrap_or(root);
    let has_build_script = list(package, "targets")?.iter().any(|target| {
        let kinds = target["kind"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "custom-build"))
    });
    let dependencies = list(package, "dependencies")?.iter().map(|dependency| {
        Ok(Dependency {
            name: string(dependency, "name")?.to_owned(),
            dev: dependency["kind"] == "dev",
        })
    });
    Ok(Package {
        name: string(package, "name")?.to_owned(),
        folder: folder.strip_prefix(root).unwrap_or(folder).to_owned(),
        // An empty list of registries is `publish = false`.
        published: package["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
        missing: REQUIRED
            .into_iter()
            .filter(|&field| package[field].as_str().is_none_or(str::is_empty))
            .collect(),
        has_build_script,
        dependencies: dependencies.collect::<Result<_>>()?,
    })
}

fn string<'v>(value: &'v Value, key: &str) -> Result<&'v str> {
    value[key].as_str().with_context(|| format!("`cargo metadata` gave no `{key}`"))
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v [Value]> {
    Ok(value[key].as_array().with_context(|| format!("`cargo metadata` gave no `{key}`"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_says() {
        let workspace = parse(
            r#"{"workspace_root": "/w", "target_directory": "/w/target", "packages": [{
                "name": "a", "manifest_path": "/w/crates/a/Cargo.toml", "description": null,
                    "license": "MIT",
                "readme": "README.md", "publish": [],
                "targets": [{"kind": ["lib"]}, {"kind": ["custom-build"]}],
                "dependencies": [{"name": "serde", "kind": null}, {"name": "insta",
                    "kind": "dev"}]}]}"#,
        )
        .unwrap();
        let package = &workspace.packages[0];
        assert_eq!(package.folder, Path::new("crates/a"));
        assert!(package.has_build_script);
        assert!(!package.published);
        assert_eq!(package.missing, ["description", "repository"]);
        let dev: Vec<_> = package.dependencies.iter().map(|d| (d.name.as_str(), d.dev)).collect();
        assert_eq!(dev, [("serde", false), ("insta", true)]);
        assert_eq!(workspace.relative(Path::new("/w/target/x")), Path::new("target/x"));
    }
}
