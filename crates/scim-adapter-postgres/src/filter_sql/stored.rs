//! Conditions on what is stored in the document.

use scim_domain::attribute::AttributeRef;
use scim_domain::filter::{ComparisonOperator, Operand, TypedFilter};

use crate::document::{USER_NAME_EQUALITY, is_searched, write_number, write_string};
use crate::sql::Bind;
use crate::text::{escape, unique_key};

use super::FilterSql;
use super::operator::{symbol, text_compare};
use super::reach::trigram_pattern;

/// Where a path begins.
#[derive(Debug, Clone, Copy)]
enum Base {
    /// At the row's document.
    Document,
    /// At an element of a complex attribute, the column `v` of the sub-query `e{n}`.
    Element(usize),
}

impl FilterSql<'_> {
    pub(super) fn stored_present(&mut self, attribute: &AttributeRef) {
        self.exists(Base::Document, value_path(attribute, None), None);
    }

    pub(super) fn stored_compare(
        &mut self,
        attribute: &AttributeRef,
        operator: ComparisonOperator,
        operand: &Operand,
    ) {
        match (operator, operand) {
            (ComparisonOperator::Equal, Operand::Text(key)) if attribute.is_user_name() => {
                self.sql.push("(r.user_name_key = ").bind(Bind::text(unique_key(key)));
                self.sql.push(")");
            }
            (ComparisonOperator::Equal, _) => {
                let value = json(operand);
                self.contains(
                    attribute,
                    match &attribute.sub_attribute {
                        Some(sub) => {
                            format!("{{{}:{}}}", quoted(sub.name.as_str()), in_array(sub.multi_valued, value))
                        }
                        None => value,
                    },
                );
            }
            (_, Operand::Text(text)) if is_searched(attribute) => {
                if let Some(pattern) = trigram_pattern(operator, text) {
                    self.sql.push("(r.search_text LIKE ").bind(Bind::text(pattern));
                    self.sql.push(" AND ");
                    self.values_compare(Base::Document, attribute, operator, operand);
                    self.sql.push(")");
                } else {
                    self.values_compare(Base::Document, attribute, operator, operand);
                }
            }
            _ => self.values_compare(Base::Document, attribute, operator, operand),
        }
    }

    /// One element has to match the whole inner filter. The equalities that all of it depends on are
    /// one containment, which is all there is to say if there is nothing else in the filter.
    pub(super) fn stored_value_path(&mut self, attribute: &AttributeRef, filter: &TypedFilter) {
        let mut equalities: Vec<(&AttributeRef, &Operand)> = Vec::new();
        let is_all = collect_equalities(filter, &mut equalities);
        if equalities.is_empty() {
            return self.some_element(attribute, filter);
        }
        let members: Vec<String> = equalities
            .iter()
            .filter_map(|(attribute, operand)| {
                let sub = attribute.sub_attribute.as_ref()?;
                Some(format!("{}:{}", quoted(sub.name.as_str()), in_array(sub.multi_valued, json(operand))))
            })
            .collect();
        self.sql.push("(");
        self.contains(attribute, format!("{{{}}}", members.join(",")));
        if !is_all {
            self.sql.push(" AND ");
            self.some_element(attribute, filter);
        }
        self.sql.push(")");
    }

    fn some_element(&mut self, attribute: &AttributeRef, filter: &TypedFilter) {
        let alias = self.alias();
        self.sql.push("EXISTS (SELECT 1 FROM jsonb_path_query(");
        self.document();
        self.sql.push(", ").bind(Bind::json_path(value_path(&attribute.whole(), None)));
        self.sql.push(") AS ").name('e', alias).push("(v) WHERE ");
        self.element_condition(alias, filter);
        self.sql.push(")");
    }

    /// The condition that the element `e{alias}.v` matches.
    fn element_condition(&mut self, alias: usize, filter: &TypedFilter) {
        match filter {
            TypedFilter::And(filters) => {
                self.joined(filters, " AND ", "TRUE", |sql, filter| sql.element_condition(alias, filter))
            }
            TypedFilter::Or(filters) => {
                self.joined(filters, " OR ", "FALSE", |sql, filter| sql.element_condition(alias, filter))
            }
            TypedFilter::Not(inner) => {
                self.sql.push("((");
                self.element_condition(alias, inner);
                self.sql.push(") IS NOT TRUE)");
            }
            TypedFilter::Present(attribute) => {
                self.exists(Base::Element(alias), element_path(attribute), None);
            }
            TypedFilter::Compare { attribute, operator, operand } => {
                self.values_compare(Base::Element(alias), attribute, *operator, operand);
            }
            // Sub-attributes are simple: an element has no elements of its own.
            TypedFilter::ValuePath { .. } => self.constant(false),
            TypedFilter::Constant(matches) => self.constant(*matches),
        }
    }

    /// The condition that some value compares so; with `ne` also that there is none.
    fn values_compare(
        &mut self,
        base: Base,
        attribute: &AttributeRef,
        operator: ComparisonOperator,
        operand: &Operand,
    ) {
        let equality_name = (attribute.is_user_name()
            && matches!(operator, ComparisonOperator::Equal | ComparisonOperator::NotEqual))
        .then_some(USER_NAME_EQUALITY);
        let path = match base {
            Base::Document => value_path(attribute, equality_name),
            Base::Element(_) => element_path(attribute),
        };
        match (operator, operand) {
            (ComparisonOperator::NotEqual, _) => {
                self.sql.push("(NOT ");
                self.exists(base, path.clone(), None);
                self.sql.push(" OR ");
                // A value of another kind than the operand is not comparable to it, and so differs.
                let differs = format!("{path} ? (@ != $v || (@ == $v) is unknown)");
                self.exists(base, differs, Some(operand));
                self.sql.push(")");
            }
            (
                ComparisonOperator::Contains | ComparisonOperator::StartsWith | ComparisonOperator::EndsWith,
                Operand::Text(text),
            ) => self.some_text(base, path, operator, text),
            (
                ComparisonOperator::Contains | ComparisonOperator::StartsWith | ComparisonOperator::EndsWith,
                _,
            ) => self.constant(false),
            (ComparisonOperator::Equal, _) => self.exists(base, format!("{path} ? (@ == $v)"), Some(operand)),
            _ => self.exists(base, format!("{path} ? (@ {} $v)", symbol(operator)), Some(operand)),
        }
    }

    fn some_text(&mut self, base: Base, path: String, operator: ComparisonOperator, text: &str) {
        let alias = self.alias();
        self.sql.push("EXISTS (SELECT 1 FROM jsonb_path_query(");
        self.base(base);
        self.sql.push(", ").bind(Bind::json_path(path));
        self.sql.push(") AS ").name('v', alias).push("(v) WHERE jsonb_typeof(");
        self.sql.name('v', alias).push(".v) = 'string' AND ");
        text_compare(self.sql, operator, text, |sql| {
            sql.name('v', alias).push(".v #>> '{}'");
        });
        self.sql.push(")");
    }

    fn exists(&mut self, base: Base, path: String, operand: Option<&Operand>) {
        self.sql.push("jsonb_path_exists(");
        self.base(base);
        self.sql.push(", ").bind(Bind::json_path(path));
        self.sql.push(", ");
        self.sql.bind(Bind::jsonb(match operand {
            Some(operand) => format!("{{\"v\":{}}}", json(operand)),
            None => "{}".to_owned(),
        }));
        self.sql.push(", true)");
    }

    fn base(&mut self, base: Base) {
        match base {
            Base::Document => self.document(),
            Base::Element(alias) => {
                self.sql.name('e', alias).push(".v");
            }
        }
    }

    /// The condition that the document contains `value` at `attribute`.
    fn contains(&mut self, attribute: &AttributeRef, value: String) {
        let name = quoted(attribute.attribute.name.as_str());
        let mut json = format!("{{{name}:{}}}", in_array(attribute.attribute.multi_valued, value));
        if let Some(extension) = &attribute.extension {
            json = format!("{{{}:{json}}}", quoted(extension.as_str()));
        }
        let json = format!("{{{}:{json}}}", quoted_raw(&self.scope));
        self.sql.push("(r.keys @> ").bind(Bind::jsonb(json));
        self.sql.push(")");
    }
}

/// The equalities among the conditions that all have to hold, each of a sub-attribute of its own;
/// answers whether there is nothing else.
fn collect_equalities<'a>(
    filter: &'a TypedFilter,
    equalities: &mut Vec<(&'a AttributeRef, &'a Operand)>,
) -> bool {
    match filter {
        TypedFilter::And(filters) => {
            let mut is_all = true;
            for filter in filters {
                is_all &= collect_equalities(filter, equalities);
            }
            is_all
        }
        TypedFilter::Compare { attribute, operator: ComparisonOperator::Equal, operand } => {
            let is_new = equalities.iter().all(|(seen, _)| !seen.same_as(attribute));
            if is_new && attribute.sub_attribute.is_some() {
                equalities.push((attribute, operand));
            }
            is_new && attribute.sub_attribute.is_some()
        }
        TypedFilter::Constant(true) => true,
        _ => false,
    }
}

/// The path of the values of `attribute` from the document, arrays taken apart, with another last
/// name in place of the attribute's where one is given.
pub(crate) fn value_path(attribute: &AttributeRef, name: Option<&str>) -> String {
    let mut path = "$".to_owned();
    if let Some(extension) = &attribute.extension {
        path = format!("{path}.{}", quoted(extension.as_str()));
    }
    path = format!("{path}.{}[*]", quoted(name.unwrap_or(attribute.attribute.name.as_str())));
    match &attribute.sub_attribute {
        Some(sub) => format!("{path}.{}[*]", quoted(sub.name.as_str())),
        None => path,
    }
}

/// The path of the values of a sub-attribute from an element.
pub(crate) fn element_path(attribute: &AttributeRef) -> String {
    format!("$.{}[*]", quoted(attribute.leaf().name.as_str()))
}

/// A name as a string of JSON, and of JSON paths.
fn quoted(name: &str) -> String {
    quoted_raw(&escape(name))
}

fn quoted_raw(text: &str) -> String {
    let mut out = String::new();
    write_string(&mut out, text);
    out
}

fn json(operand: &Operand) -> String {
    let mut out = String::new();
    match operand {
        Operand::Text(text) => write_string(&mut out, &escape(text)),
        Operand::Number(number) => write_number(&mut out, number),
        Operand::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
    }
    out
}

fn in_array(is_array: bool, value: String) -> String {
    if is_array { format!("[{value}]") } else { value }
}
