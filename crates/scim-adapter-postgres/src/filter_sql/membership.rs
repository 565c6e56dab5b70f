//! Conditions on `members` and `groups`, which are rows beside the resources.

use scim_domain::attribute::{AttributeRef, AttributeSource};
use scim_domain::filter::{ComparisonOperator, Operand, TypedFilter};
use scim_domain::identifier::ResourceId;
use scim_domain::tenant::Tenant;
use scim_domain::text::fold;

use crate::sql::{Bind, Sql};
use crate::text::escape;

use super::FilterSql;
use super::operator::text_compare;

/// One membership of the row `r` in a sub-query: `m{n}` is the membership, `x{n}` the resource at its
/// other end.
#[derive(Debug, Clone, Copy)]
struct MemberEnd {
    alias: usize,
    of_groups: bool,
}

impl FilterSql<'_> {
    pub(super) fn membership_present(&mut self, attribute: &AttributeRef) {
        if attribute.source == AttributeSource::Members && attribute.sub_attribute.is_none() {
            self.sql.push("(r.member_count > 0)");
            return;
        }
        let end = self.begin_memberships(attribute.source);
        if attribute.sub_attribute.is_some() {
            self.sql.push(" AND ");
            end_expression(self.sql, self.tenant, end, attribute);
            self.sql.push(" IS NOT NULL");
        }
        self.sql.push(")");
    }

    pub(super) fn membership_compare(
        &mut self,
        attribute: &AttributeRef,
        operator: ComparisonOperator,
        operand: &str,
    ) {
        if operator == ComparisonOperator::Equal && attribute.leaf().name.as_str() == "value" {
            return match ResourceId::parse(operand) {
                Some(id) => self.is_related_to(attribute.source, id),
                None => self.constant(false),
            };
        }
        if operator == ComparisonOperator::NotEqual {
            self.sql.push("(NOT ");
            self.membership_present(attribute);
            self.sql.push(" OR ");
        }
        let end = self.begin_memberships(attribute.source);
        self.sql.push(" AND ");
        let tenant = self.tenant;
        text_compare(self.sql, operator, operand, |sql| end_expression(sql, tenant, end, attribute));
        self.sql.push(")");
        if operator == ComparisonOperator::NotEqual {
            self.sql.push(")");
        }
    }

    pub(super) fn membership_value_path(&mut self, attribute: &AttributeRef, filter: &TypedFilter) {
        let end = self.begin_memberships(attribute.source);
        self.sql.push(" AND ");
        self.end_condition(end, filter);
        self.sql.push(")");
    }

    /// Whether the row has the member, or is directly or indirectly in the group, `id`.
    fn is_related_to(&mut self, source: AttributeSource, id: ResourceId) {
        if source == AttributeSource::Members {
            self.sql.push(
                "EXISTS (SELECT 1 FROM resource_member m \
                 WHERE m.tenant_id = $1 AND m.group_id = r.id AND m.member_id = ",
            );
            self.sql.bind(Bind::id(id));
            self.sql.push(")");
            return;
        }
        // From the group down, once for all rows. A circle leads back to the group itself, which is
        // not among its own groups for that.
        self.sql.push(
            "(r.id IN (WITH RECURSIVE down(id) AS (\
             SELECT a.member_id FROM resource_member a WHERE a.tenant_id = $1 AND a.group_id = ",
        );
        let number = self.sql.bind(Bind::id(id));
        self.sql.push(
            " UNION SELECT b.member_id FROM down JOIN resource_member b \
             ON b.tenant_id = $1 AND b.group_id = down.id) SELECT down.id FROM down) AND (r.id <> ",
        );
        self.sql.again(number).push(
            " OR EXISTS (SELECT 1 FROM resource_member s \
             WHERE s.tenant_id = $1 AND s.group_id = r.id AND s.member_id = r.id)))",
        );
    }

    /// Begins a sub-query over the memberships of the row, to be closed with a parenthesis.
    fn begin_memberships(&mut self, source: AttributeSource) -> MemberEnd {
        let alias = self.alias();
        let of_groups = source == AttributeSource::Groups;
        self.sql.push("EXISTS (SELECT 1 FROM ");
        memberships(self.sql, alias, of_groups);
        MemberEnd { alias, of_groups }
    }

    fn end_condition(&mut self, end: MemberEnd, filter: &TypedFilter) {
        match filter {
            TypedFilter::And(filters) => {
                self.joined(filters, " AND ", "TRUE", |sql, filter| sql.end_condition(end, filter))
            }
            TypedFilter::Or(filters) => {
                self.joined(filters, " OR ", "FALSE", |sql, filter| sql.end_condition(end, filter))
            }
            TypedFilter::Not(inner) => {
                self.sql.push("((");
                self.end_condition(end, inner);
                self.sql.push(") IS NOT TRUE)");
            }
            TypedFilter::Present(attribute) => {
                self.sql.push("(");
                end_expression(self.sql, self.tenant, end, attribute);
                self.sql.push(" IS NOT NULL)");
            }
            TypedFilter::Compare { attribute, operator, operand: Operand::Text(operand) } => {
                let tenant = self.tenant;
                if *operator == ComparisonOperator::NotEqual {
                    self.sql.push("(");
                    end_expression(self.sql, tenant, end, attribute);
                    self.sql.push(" IS DISTINCT FROM ").bind(Bind::text(escape(operand)));
                    self.sql.push(")");
                } else {
                    text_compare(self.sql, *operator, operand, |sql| {
                        end_expression(sql, tenant, end, attribute);
                    });
                }
            }
            TypedFilter::Compare { operator, .. } => {
                self.constant(*operator == ComparisonOperator::NotEqual);
            }
            TypedFilter::ValuePath { .. } => self.constant(false),
            TypedFilter::Constant(matches) => self.constant(*matches),
        }
    }
}

/// Writes what comes after `FROM`, up to a condition that others can be added to.
fn memberships(sql: &mut Sql, alias: usize, of_groups: bool) {
    if of_groups {
        sql.push(
            "(WITH RECURSIVE up(id) AS (\
             SELECT a.group_id FROM resource_member a WHERE a.tenant_id = $1 AND a.member_id = r.id \
             UNION SELECT b.group_id FROM up JOIN resource_member b \
             ON b.tenant_id = $1 AND b.member_id = up.id) \
             SELECT up.id, EXISTS (SELECT 1 FROM resource_member d WHERE d.tenant_id = $1 \
             AND d.group_id = up.id AND d.member_id = r.id) AS direct FROM up) AS ",
        );
        sql.name('m', alias).push(" JOIN scim_resource ").name('x', alias).push(" ON ");
        sql.name('x', alias).push(".tenant_id = $1 AND ").name('x', alias).push(".id = ");
        sql.name('m', alias).push(".id WHERE (").name('m', alias).push(".direct OR ");
        sql.name('m', alias).push(".id <> r.id)");
    } else {
        sql.push("resource_member ").name('m', alias).push(" JOIN scim_resource ").name('x', alias);
        sql.push(" ON ").name('x', alias).push(".tenant_id = $1 AND ").name('x', alias).push(".id = ");
        sql.name('m', alias).push(".member_id WHERE ").name('m', alias).push(".tenant_id = $1 AND ");
        sql.name('m', alias).push(".group_id = r.id");
    }
}

/// Writes the comparison key of a sub-attribute of a membership; NULL where it has no value.
fn end_expression(sql: &mut Sql, tenant: &Tenant, end: MemberEnd, attribute: &AttributeRef) {
    let leaf = attribute.leaf();
    let types = tenant.schema.resource_types();
    match leaf.name.as_str() {
        "value" => {
            sql.name('x', end.alias).push(".id::text");
        }
        "display" => {
            sql.name('x', end.alias).push(if leaf.is_case_exact() { ".display" } else { ".display_key" });
        }
        "$ref" => {
            let endpoints = types.iter().map(|known| known.endpoint().to_owned()).collect();
            by_type(sql, tenant, end, endpoints);
            sql.push(" || '/' || ").name('x', end.alias).push(".id");
        }
        "type" if end.of_groups => {
            sql.push("(CASE WHEN ").name('m', end.alias).push(".direct THEN 'direct' ELSE 'indirect' END)");
        }
        "type" => {
            let key = |name: &str| match leaf.is_case_exact() {
                true => escape(name).into_owned(),
                false => escape(&fold(name)).into_owned(),
            };
            by_type(sql, tenant, end, types.iter().map(|known| key(known.name())).collect());
        }
        _ => {
            sql.push("NULL::text");
        }
    }
}

/// Writes which of `values`, one for each resource type of the tenant, belongs to the other end.
fn by_type(sql: &mut Sql, tenant: &Tenant, end: MemberEnd, values: Vec<String>) {
    let names = tenant.schema.resource_types().iter().map(|known| known.name().to_owned()).collect();
    sql.push("(").bind(Bind::Texts(values));
    sql.push(")[array_position(").bind(Bind::Texts(names));
    sql.push(", ").name('x', end.alias).push(".resource_type)]");
}

/// Writes the key of `attribute` in the first membership of the row, in the order in which a resource
/// shows them: members by id, direct groups by id before all others.
pub(crate) fn first_end(sql: &mut Sql, tenant: &Tenant, attribute: &AttributeRef) {
    const ALIAS: usize = 0;
    let of_groups = attribute.source == AttributeSource::Groups;
    let end = MemberEnd { alias: ALIAS, of_groups };
    sql.push("(SELECT ");
    end_expression(sql, tenant, end, attribute);
    sql.push(" FROM ");
    memberships(sql, ALIAS, of_groups);
    if of_groups {
        sql.push(" ORDER BY m0.direct DESC, x0.id LIMIT 1)");
    } else {
        sql.push(" ORDER BY x0.id LIMIT 1)");
    }
}
