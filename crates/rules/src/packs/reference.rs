//! The reference pages and the JSON Schema of rule files, from the registry alone.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::head::{Defaults, PackHead, RuleHead};
use crate::engine::TestBlock;
use crate::lang::inline_schema;
use crate::registry::{KindEntry, Registry};

/// A page of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The kind, or `README` for the index; the file is `docs/rules/NAME.md`.
    pub name: &'static str,
    /// Its text in Markdown.
    pub markdown: String,
}

impl Registry {
    /// The index, then one page a kind in the order of the registry.
    pub fn pages(&self) -> Vec<Page> {
        let index = Page { name: "README", markdown: index(self) };
        let kinds =
            self.kinds().iter().map(|entry| Page { name: entry.kind, markdown: page(entry) });
        [index].into_iter().chain(kinds).collect()
    }

    /// [`Self::schema`] as the text of a file.
    pub fn schema_text(&self) -> String {
        format!("{:#}\n", self.schema())
    }

    /// JSON Schema of rule files, for editors.
    pub fn schema(&self) -> Value {
        let head = inline_schema::<PackHead>().to_value();
        let mut top = properties(&head);
        top.insert(
            "schema".into(),
            json!({ "const": super::head::SCHEMA, "description": "Version of the rule language." }),
        );
        top.insert("defaults".into(), inline_schema::<Defaults>().to_value());
        top.insert("rule".into(), json!({ "type": "array", "items": self.rule_schema() }));
        top.insert(
            "test".into(),
            json!({ "type": "array", "items": inline_schema::<TestBlock>() }),
        );
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "cofactor fragmentation rules",
            "type": "object",
            "properties": top,
            "required": ["schema"],
            "additionalProperties": false,
        })
    }

    /// A rule: its `kind` says which other keys it has, so that an editor speaks of these alone.
    fn rule_schema(&self) -> Value {
        let names: Vec<&str> = self.kinds().iter().map(|entry| entry.kind).collect();
        let of_kind = |entry: &KindEntry| {
            let is_it =
                json!({ "properties": { "kind": { "const": entry.kind } }, "required": ["kind"] });
            json!({ "if": is_it, "then": rule_schema(entry) })
        };
        let kinds: Vec<Value> = self.kinds().iter().map(of_kind).collect();
        json!({
            "type": "object",
            "properties": { "kind": { "enum": names, "description": "What the rule is." } },
            "required": ["id", "kind"],
            "allOf": kinds,
        })
    }
}

fn properties(schema: &Value) -> Map<String, Value> {
    schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn required(schema: &Value) -> Vec<Value> {
    schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The keys that all rules have, joined with those of the kind.
fn rule_schema(entry: &KindEntry) -> Value {
    let head = inline_schema::<RuleHead>().to_value();
    let params = (entry.params)().to_value();
    let mut keys = properties(&head);
    keys.insert("kind".into(), json!({ "const": entry.kind, "description": entry.summary() }));
    keys.extend(properties(&params));
    let mut needed = required(&head);
    needed.extend(required(&params));
    json!({ "title": entry.kind, "type": "object", "properties": keys, "required": needed,
        "additionalProperties": false })
}

fn page(entry: &KindEntry) -> String {
    format!(
        "# `{kind}`\n\n{doc}\nRole unless the rule says otherwise: `{role}`.\n\n## Keys\n\n{own}\n\
         Besides, it has [the keys of every rule](README.md#keys-of-every-rule).\n\n## \
         Example\n\n```toml\n{example}```\n",
        kind = entry.kind,
        doc = entry.doc,
        role = entry.role.name(),
        own = key_tables(&(entry.params)().to_value()),
        example = entry.example,
    )
}

fn index(registry: &Registry) -> String {
    let mut kinds = String::from("| kind | role | |\n|---|---|---|\n");
    for entry in registry.kinds() {
        let KindEntry { kind, role, .. } = entry;
        kinds.push_str(&format!(
            "| [`{kind}`]({kind}.md) | {} | {} |\n",
            role.name(),
            entry.summary()
        ));
    }
    format!(
        "# Rules\n\nWhat rule files may hold. [rules/README.md](../../rules/README.md) teaches it \
         in five minutes; these pages are the reference. Editors complete and check rule files \
         with [schema.json](schema.json), which `cofactor rules schema` prints: with the extension \
         *Even Better TOML* (taplo) of VS Code and others, write `#:schema ./schema.json` into the \
         first line of a rule file, with the path to it. Every mistake is then said of the kind \
         that the rule names.\n\n## Kinds\n\n{kinds}\n\
         A rule with the role `alternative` gives sets that compete, one with the role `common` \
         fragments that may appear beside any of them; one with the role `part` is there for other \
         rules to be built from.\n\n\
         ## The file\n\n{file}\n## Defaults\n\nIn `[defaults]`; every rule can say \
         otherwise.\n\n{defaults}\n\
         ## Keys of every rule\n\nIn each `[[rule]]`.\n\n{rule}\n## Tests\n\nIn each `[[test]]`; \
         `cofactor rules test` runs them.\n\n{test}",
        file = key_table(&schema_value::<PackHead>()),
        defaults = key_table(&schema_value::<Defaults>()),
        rule = key_tables(&schema_value::<RuleHead>()),
        test = key_tables(&schema_value::<TestBlock>()),
    )
}

fn schema_value<T: JsonSchema>() -> Value {
    inline_schema::<T>().to_value()
}

fn key_table(schema: &Value) -> String {
    let needed = required(schema);
    let mut table = String::from("| key | needed | meaning |\n|---|---|---|\n");
    for (key, value) in properties(schema) {
        let needed =
            if needed.iter().any(|name| name == &Value::String(key.clone())) { "yes" } else { "" };
        let meaning =
            value.get("description").and_then(Value::as_str).unwrap_or("").replace('\n', " ");
        table.push_str(&format!("| `{key}` | {needed} | {meaning} |\n"));
    }
    table
}

/// The table of a schema, and one for each key whose values are tables themselves.
fn key_tables(schema: &Value) -> String {
    let mut tables = key_table(schema);
    for (key, value) in properties(schema) {
        if let Some(inner) = inner_table(&value) {
            tables.push_str(&format!("\nIn a table of `{key}`:\n\n{}", key_tables(inner)));
        }
    }
    tables
}

/// The schema of the table that a value is, may be or is a list of.
fn inner_table(schema: &Value) -> Option<&Value> {
    if schema.get("properties").is_some() {
        return Some(schema);
    }
    let forms = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    forms.chain(schema.get("items")).find_map(inner_table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RuleSource, run_tests};

    #[test]
    fn every_example_loads_and_its_tests_pass() {
        let registry = Registry::builtin();
        for entry in registry.kinds() {
            let rules = registry.load(&[RuleSource::new(entry.kind, entry.example)]).unwrap();
            assert!(rules.rules().any(|rule| rule.kind == entry.kind), "{}", entry.kind);
            let outcomes = run_tests(&rules);
            assert!(!outcomes.is_empty(), "{} has no test", entry.kind);
            for outcome in outcomes {
                assert!(outcome.passed(), "{}: {:?}", entry.kind, outcome);
            }
        }
    }

    #[test]
    fn every_page_describes_every_key() {
        for page in Registry::builtin().pages() {
            for line in page.markdown.lines().filter(|line| line.starts_with("| `")) {
                assert!(!line.ends_with("|  |"), "no text: {line}");
            }
        }
        let page = |name: &str| {
            let pages = Registry::builtin().pages();
            pages.into_iter().find(|page| page.name == name).expect("a page").markdown
        };
        assert!(
            page("README").contains("| `id` | yes |")
                && page("README").contains("[`partition`](partition.md)")
        );
        assert!(
            page("README").contains("In a table of `when`:")
                && page("README").contains("| `ratio` |")
        );
        assert!(page("neutral-loss").contains("| `losses` | yes | What is lost"));
        assert!(page("partition").contains("In a table of `fragments`:"), "{}", page("partition"));
    }

    #[test]
    fn the_schema_has_the_keys_of_every_kind_and_no_dangling_reference() {
        let schema = Registry::builtin().schema();
        let kinds = schema.pointer("/properties/rule/items/allOf").unwrap().as_array().unwrap();
        assert_eq!(kinds.len(), Registry::builtin().kinds().len());
        let losses = &kinds
            .iter()
            .find(|kind| kind["if"]["properties"]["kind"]["const"] == "neutral-loss")
            .unwrap()["then"];
        assert!(losses["properties"]["losses"]["items"]["anyOf"].as_array().unwrap().len() == 3);
        assert_eq!(losses["required"], json!(["id", "kind", "losses"]));
        assert!(!schema.to_string().contains("$ref"));
    }
}
