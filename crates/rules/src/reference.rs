//! The reference pages and the JSON Schema of rule files, from the registry alone.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::pack::{Defaults, PackHead, RuleHead};
use crate::pack_test::TestBlock;
use crate::registry::{KindEntry, Registry, inline_schema};

/// The reference page of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The kind; the file is `docs/rules/KIND.md`.
    pub kind: &'static str,
    /// Its text in Markdown.
    pub markdown: String,
}

impl Registry {
    /// One reference page a kind, in the order of the registry.
    pub fn pages(&self) -> Vec<Page> {
        self.kinds().iter().map(|entry| Page { kind: entry.kind, markdown: page(entry) }).collect()
    }

    /// JSON Schema of rule files, for editors.
    pub fn schema(&self) -> Value {
        let head = inline_schema::<PackHead>().to_value();
        let mut top = properties(&head);
        top.insert(
            "schema".into(),
            json!({ "const": crate::pack::SCHEMA, "description": "Version of the rule language." }),
        );
        top.insert("defaults".into(), inline_schema::<Defaults>().to_value());
        let kinds: Vec<Value> = self.kinds().iter().map(rule_schema).collect();
        top.insert("rule".into(), json!({ "type": "array", "items": { "oneOf": kinds } }));
        top.insert("test".into(), json!({ "type": "array", "items": inline_schema::<TestBlock>() }));
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "cofactor fragmentation rules",
            "type": "object",
            "properties": top,
            "required": ["schema"],
            "additionalProperties": false,
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
    let own = (entry.params)().to_value();
    let mut keys = properties(&head);
    keys.insert("kind".into(), json!({ "const": entry.kind, "description": entry.summary() }));
    keys.extend(properties(&own));
    let mut needed = required(&head);
    needed.extend(required(&own));
    json!({ "title": entry.kind, "type": "object", "properties": keys, "required": needed, "additionalProperties": false })
}

fn page(entry: &KindEntry) -> String {
    let role = entry.role.name();
    let own = key_table(&(entry.params)().to_value());
    let common = key_table(&schema_value::<RuleHead>());
    format!(
        "# `{kind}`\n\n{doc}\nRole unless the rule says otherwise: `{role}`.\n\n## Keys\n\n{own}\n\
         ## Keys of every rule\n\n{common}\n## Example\n\n```toml\n{example}```\n",
        kind = entry.kind,
        doc = entry.doc,
        example = entry.example,
    )
}

fn schema_value<T: JsonSchema>() -> Value {
    inline_schema::<T>().to_value()
}

fn key_table(schema: &Value) -> String {
    let needed = required(schema);
    let mut table = String::from("| key | needed | meaning |\n|---|---|---|\n");
    for (key, value) in properties(schema) {
        let needed = if needed.iter().any(|name| name == &Value::String(key.clone())) { "yes" } else { "" };
        let meaning = value.get("description").and_then(Value::as_str).unwrap_or("").replace('\n', " ");
        table.push_str(&format!("| `{key}` | {needed} | {meaning} |\n"));
    }
    table
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
            assert!(page.markdown.contains("| `id` | yes |"), "{}", page.markdown);
        }
        assert!(Registry::builtin().pages()[1].markdown.contains("| `losses` | yes | What is lost"));
    }

    #[test]
    fn the_schema_has_the_keys_of_every_kind_and_no_dangling_reference() {
        let schema = Registry::builtin().schema();
        let kinds = schema.pointer("/properties/rule/items/oneOf").unwrap().as_array().unwrap();
        assert_eq!(kinds.len(), Registry::builtin().kinds().len());
        let losses = kinds.iter().find(|kind| kind["title"] == "neutral-loss").unwrap();
        assert!(losses["properties"]["losses"]["items"]["anyOf"].as_array().unwrap().len() == 3);
        assert_eq!(losses["required"], json!(["id", "kind", "losses"]));
        assert!(!schema.to_string().contains("$ref"));
    }
}
