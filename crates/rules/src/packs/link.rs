//! The second half of loading: rules that are built from others are compiled after them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use cofactor_chem::Adduct;
use cofactor_core::Polarity;

use super::draft::{Draft, add_page};
use crate::engine::{Context, DEFAULT_MAX_CANDIDATES, DEFAULT_TOLERANCE, DataFile, LoadedRule};
use crate::lang::{Mistake, Spanned, unknown_word};
use crate::registry::Prepared;

/// A rule may be built from so many rules, those included that these are built from.
const MAX_RULES: usize = 1000;

/// Compiles the rules of all files, those with a mistake as `None`, and names the files that they
/// read. `mistakes` are those of each file.
pub(super) fn link(
    mut drafts: Vec<Draft>,
    mistakes: &mut [Vec<Mistake>],
) -> (Vec<Option<Arc<LoadedRule>>>, Vec<DataFile>) {
    let ids: Vec<String> = drafts.iter().map(Draft::id).collect();
    let position: HashMap<&str, usize> =
        ids.iter().enumerate().rev().map(|(at, id)| (id.as_str(), at)).collect();
    let parts: Vec<Vec<Part>> =
        (0..drafts.len()).map(|at| parts_of(&drafts, at, &ids, &position, mistakes)).collect();
    let mut linker = Linker {
        parts: &parts,
        ids: &ids,
        state: vec![State::New; drafts.len()],
        order: Vec::new(),
    };
    for at in 0..drafts.len() {
        linker.visit(at, &mut Vec::new(), &drafts, mistakes);
    }
    let order = linker.order;
    let mut size = vec![1_usize; drafts.len()];
    let mut rules: Vec<Option<Arc<LoadedRule>>> = vec![None; drafts.len()];
    let mut data_files = Vec::new();
    for at in order {
        let of_parts =
            parts[at].iter().fold(0, |sum: usize, part| sum.saturating_add(size[part.position]));
        size[at] = of_parts.saturating_add(1);
        if size[at] > MAX_RULES {
            let message = format!("this rule is built from more than {MAX_RULES} rules");
            if let Some(part) = parts[at].first() {
                let help = "a rule counts each time it is used; build from fewer";
                let wrong = wrong_part(&drafts[at], part.span.clone(), message, help);
                mistakes[drafts[at].file].push(wrong);
            }
            continue;
        }
        let prepared = drafts[at].prepared.take();
        let of_part = |part: &Part| Some((part.name.clone(), rules[part.position].clone()?));
        let Some((prepared, parts)) =
            prepared.zip(parts[at].iter().map(of_part).collect::<Option<Vec<_>>>())
        else {
            continue;
        };
        rules[at] =
            compile(&drafts[at], prepared, parts, &mut mistakes[drafts[at].file], &mut data_files);
    }
    data_files.sort();
    data_files.dedup();
    (rules, data_files)
}

/// What is wrong with one part of a rule.
fn wrong_part(draft: &Draft, span: Range<usize>, message: String, help: &str) -> Mistake {
    let mut mistake = [Mistake::new(span, message).help(help)];
    add_page(&mut mistake, &draft.entry);
    let [mistake] = mistake;
    mistake
}

/// A rule that another is built from.
struct Part {
    /// As it is written.
    name: String,
    /// Where it is written.
    span: Range<usize>,
    /// Which of the drafts it is.
    position: usize,
}

/// The parts of a rule; those that do not exist are reported, and leave it without parameters.
fn parts_of(
    drafts: &[Draft],
    at: usize,
    ids: &[String],
    position: &HashMap<&str, usize>,
    mistakes: &mut [Vec<Mistake>],
) -> Vec<Part> {
    let draft = &drafts[at];
    let written: Vec<Spanned<String>> =
        draft.prepared.as_ref().map(|prepared| prepared.parts()).unwrap_or_default();
    let mut parts = Vec::new();
    for name in written {
        let full = if name.contains('/') {
            name.to_string()
        } else {
            format!("{}/{}", draft.pack, name.as_str())
        };
        match position.get(full.as_str()) {
            Some(&position) => {
                parts.push(Part { name: name.to_string(), span: name.span(), position });
            }
            None => {
                let prefix = format!("{}/", draft.pack);
                let known: Vec<&str> =
                    ids.iter().map(|id| id.strip_prefix(&prefix).unwrap_or(id)).collect();
                let mut unknown = [unknown_word(name.span(), "rule", &name, &known)];
                add_page(&mut unknown, &draft.entry);
                mistakes[draft.file].extend(unknown);
            }
        }
    }
    parts
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// Puts rules behind those they are built from.
struct Linker<'a> {
    parts: &'a [Vec<Part>],
    ids: &'a [String],
    state: Vec<State>,
    order: Vec<usize>,
}

impl Linker<'_> {
    /// `chain` are the rules on the way here.
    fn visit(
        &mut self,
        at: usize,
        chain: &mut Vec<usize>,
        drafts: &[Draft],
        mistakes: &mut [Vec<Mistake>],
    ) {
        if self.state[at] != State::New {
            return;
        }
        self.state[at] = State::Open;
        chain.push(at);
        for part in &self.parts[at] {
            if self.state[part.position] == State::Open {
                let start = chain.iter().position(|&link| link == part.position).unwrap_or(0);
                let names = chain[start..]
                    .iter()
                    .chain([&part.position])
                    .map(|&link| self.ids[link].as_str());
                let shown = names.collect::<Vec<_>>().join(" -> ");
                let message = format!("a rule is built from itself: {shown}");
                let help = "take one of these references away";
                mistakes[drafts[at].file].push(wrong_part(
                    &drafts[at],
                    part.span.clone(),
                    message,
                    help,
                ));
            } else if chain.len() == MAX_RULES {
                let message = format!("rules are built from each other more than {MAX_RULES} deep");
                let help = "build from fewer";
                mistakes[drafts[at].file].push(wrong_part(
                    &drafts[at],
                    part.span.clone(),
                    message,
                    help,
                ));
            } else {
                self.visit(part.position, chain, drafts, mistakes);
            }
        }
        chain.pop();
        self.state[at] = State::Done;
        self.order.push(at);
    }
}

fn compile(
    draft: &Draft,
    prepared: Box<dyn Prepared>,
    parts: Vec<(String, Arc<LoadedRule>)>,
    mistakes: &mut Vec<Mistake>,
    data_files: &mut Vec<DataFile>,
) -> Option<Arc<LoadedRule>> {
    let head = draft.head.as_ref();
    let defaults = &draft.defaults;
    let tolerance =
        head.and_then(|head| head.tolerance).or(defaults.tolerance).unwrap_or(DEFAULT_TOLERANCE);
    let context =
        Context::new(draft.id(), tolerance, draft.span.clone(), draft.folder.clone(), parts);
    let compiled = prepared.compile(&context);
    data_files.extend(context.into_files());
    let rule = compiled.map_err(|mut wrong| {
        // What a rule lacks may stand under a misspelt key.
        wrong.retain(|mistake| !draft.misspelt || mistake.span != draft.span);
        add_page(&mut wrong, &draft.entry);
        mistakes.extend(wrong);
    });
    let head = head?;
    let polarity = head.polarity.or(defaults.polarity);
    let asked = polarity.or(head.when.as_ref().and_then(|when| when.polarity));
    let mut wrong = wrong_adducts(&draft.adducts, asked);
    wrong.retain(|mistake| !mistakes.iter().any(|known| known.span == mistake.span));
    mistakes.append(&mut wrong);
    Some(Arc::new(LoadedRule {
        id: draft.id(),
        kind: draft.entry.kind,
        description: head.description.clone(),
        role: head.role.unwrap_or(draft.entry.role),
        tolerance,
        polarity,
        charge: head.charge.clone().or_else(|| defaults.charge.clone()),
        when: head.when.clone().unwrap_or_default(),
        max_candidates: head
            .max_candidates
            .or(defaults.max_candidates)
            .unwrap_or(DEFAULT_MAX_CANDIDATES),
        rule: rule.ok()?,
    }))
}

/// Ion species that are none, or of the other polarity than the rule.
fn wrong_adducts(adducts: &[(String, Range<usize>)], polarity: Option<Polarity>) -> Vec<Mistake> {
    adducts.iter().filter_map(|(text, span)| wrong_adduct(text, span, polarity)).collect()
}

fn wrong_adduct(text: &str, span: &Range<usize>, polarity: Option<Polarity>) -> Option<Mistake> {
    let adduct = match text.parse::<Adduct>() {
        Err(error) => return Some(Mistake::new(span.clone(), error.to_string())),
        Ok(adduct) => adduct,
    };
    let rule = polarity.filter(|polarity| *polarity != adduct.polarity())?;
    let [ion, rule] = [adduct.polarity(), rule].map(|polarity| polarity.name().to_lowercase());
    let message =
        format!("`{text}` is a {ion} ion, and the rule is for {rule} ones: it would never speak");
    let help = format!("write polarity = \"{ion}\", or another adduct");
    Some(Mistake::new(span.clone(), message).help(help))
}

#[cfg(test)]
mod tests {
    use crate::kinds::fixtures::{mistake, parts, precursor};
    use crate::{Registry, RuleSource};

    /// A rule that does nothing by itself.
    const NOTHING: &str = "kind = 'open'\nrole = 'part'";

    #[test]
    fn cycles_show_their_chain() {
        let text = mistake(
            "kind = 'union'\nrules = ['b']\n[[rule]]\nid = 'b'\nkind = 'subset'\nof = 'c'\nmz = \
             [1, 2]\n[[rule]]\nid = 'c'\nkind = 'exclude'\nof = 'r'\nmz = [1.0]",
        );
        assert!(text.contains("a rule is built from itself: p/r -> p/b -> p/c -> p/r"), "{text}");
        assert_eq!(text.matches("error:").count(), 1, "{text}");
        assert!(mistake("kind = 'union'\nrules = ['r']").contains("p/r -> p/r"));
    }

    #[test]
    fn what_is_built_from_a_broken_rule_is_not_blamed() {
        let rule = "kind = 'neutral-loss'\nlosses = ['Hx']\n[[rule]]\nid = 'd'\nkind = \
            'subset'\nof = 'c'\nmz = [1, 2]";
        let told = mistake(&parts(rule));
        assert_eq!(told.matches("error:").count(), 1, "{told}");
    }

    #[test]
    fn what_stands_under_a_misspelt_key_is_not_missing() {
        let told = mistake("kind = 'complement'\nion = ['C7H7+']");
        assert!(told.contains("did you mean `ions`?"), "{told}");
        assert_eq!(told.matches("error:").count(), 1, "{told}");
    }

    #[test]
    fn adducts_of_the_other_polarity_are_told() {
        for rule in [
            "kind = 'open'\npolarity = 'positive'\nwhen = { adduct = ['[M+H]+', '[M-H]-'] }",
            "kind = 'open'\nwhen = { polarity = 'positive', adduct = ['[M-H]-'] }",
        ] {
            let told = mistake(rule);
            assert!(
                told.contains("`[M-H]-` is a negative ion, and the rule is for positive ones"),
                "{told}"
            );
            assert_eq!(told.matches("error:").count(), 1, "{told}");
        }
        assert!(mistake("kind = 'open'\nwhen = { adduct = ['M+'] }").contains("`M+` is no adduct"));
    }

    #[test]
    fn towers_of_unions_are_refused() {
        let mut text = parts(NOTHING) + "\n";
        for level in 0..20 {
            let (first, second) = if level == 0 {
                ("r".to_owned(), "b".to_owned())
            } else {
                (format!("x{}", level - 1), format!("y{}", level - 1))
            };
            for name in ["x", "y"] {
                text += &format!(
                    "[[rule]]\nid = '{name}{level}'\nkind = 'union'\n\
                     rules = ['{first}', '{second}']\n"
                );
            }
        }
        assert!(mistake(&text).contains("more than 1000 rules"));
    }

    #[test]
    fn rules_of_other_files_have_their_pack_in_front() {
        let part = RuleSource::new(
            "one.toml",
            format!("schema = 1\nname = 'one'\n[[rule]]\nid = 'r'\n{}", parts(NOTHING)),
        );
        let text =
            "schema = 1\nname = 'two'\n[[rule]]\nid = 'u'\nkind = 'union'\nrules = ['one/r']\n";
        for sources in [
            [RuleSource::new("two.toml", text), part.clone()],
            [part.clone(), RuleSource::new("two.toml", text)],
        ] {
            let rules =
                Registry::builtin().load(&sources).unwrap_or_else(|mistakes| panic!("{mistakes}"));
            assert_eq!(rules.candidates(&precursor(200.0, 1)).unwrap()[0].rule_id, "two/u");
        }
        assert!(Registry::builtin().load(&[RuleSource::new("two.toml", text)]).is_err());
    }
}
