//! The rule packs that come with cofactor: those of the folder `rules/` of the project. Each is a
//! copy, as a published crate holds only its own folder.

use cofactor_chem::spelling::by_likeness;

use crate::lang::RuleSource;

/// What stands before the name of a pack where a file may be given too.
const SIGN: &str = "@";

/// A rule pack that comes with cofactor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShippedPack {
    /// Its name.
    pub name: &'static str,
    /// The TOML text.
    pub text: &'static str,
}

const PACKS: [ShippedPack; 12] = [
    pack("acylcarnitines", include_str!("../../packs/acylcarnitines.toml")),
    pack("ceramides-positive", include_str!("../../packs/ceramides-positive.toml")),
    pack("flavonoids", include_str!("../../packs/flavonoids.toml")),
    pack("generic-losses-negative", include_str!("../../packs/generic-losses-negative.toml")),
    pack("generic-losses-positive", include_str!("../../packs/generic-losses-positive.toml")),
    pack("glycans-oxonium", include_str!("../../packs/glycans-oxonium.toml")),
    pack("nucleotides", include_str!("../../packs/nucleotides.toml")),
    pack("peptides-by", include_str!("../../packs/peptides-by.toml")),
    pack("phospholipids-negative", include_str!("../../packs/phospholipids-negative.toml")),
    pack("phospholipids-positive", include_str!("../../packs/phospholipids-positive.toml")),
    pack("seed-example", include_str!("../../packs/seed-example.toml")),
    pack("steroids-bile-acids", include_str!("../../packs/steroids-bile-acids.toml")),
];

const fn pack(name: &'static str, text: &'static str) -> ShippedPack {
    ShippedPack { name, text }
}

/// No pack of a name comes with cofactor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no rule pack `@{name}` comes with cofactor; there are, those most like it first: {}",
    by_likeness(name, PACKS.iter().map(|pack| pack.name)).join(", "))]
pub struct NoPack {
    name: String,
}

impl ShippedPack {
    /// All packs, by name.
    pub fn all() -> &'static [Self] {
        &PACKS
    }

    /// The pack of `@NAME`; `None` if the text does not begin with `@`, and so is that of a file.
    ///
    /// # Errors
    /// If there is no pack of that name.
    pub fn named(text: &str) -> Option<Result<&'static Self, NoPack>> {
        let name = text.strip_prefix(SIGN)?;
        let found = PACKS.iter().find(|pack| pack.name == name);
        Some(found.ok_or_else(|| NoPack { name: name.to_owned() }))
    }

    /// The pack as a rule file of the name `@NAME`.
    pub fn source(&self) -> RuleSource {
        RuleSource::new(format!("{SIGN}{}", self.name), self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_have_the_names_of_their_files_in_order() {
        assert!(PACKS.is_sorted_by_key(|pack| pack.name));
        for pack in ShippedPack::all() {
            let name = format!("name = \"{}\"", pack.name);
            assert!(pack.text.lines().any(|line| line == name), "{name}");
            assert_eq!(ShippedPack::named(&pack.source().name), Some(Ok(pack)));
        }
    }

    #[test]
    fn unknown_packs_are_told_with_those_there_are() {
        assert_eq!(ShippedPack::named("flavonoids.toml"), None);
        let told = ShippedPack::named("@phospholipid").unwrap().unwrap_err().to_string();
        let [mistyped, near, far] =
            ["`@phospholipid`", "phospholipids-", "flavonoids"].map(|part| told.find(part));
        assert!(mistyped.is_some() && mistyped < near && near < far, "{told}");
    }
}
