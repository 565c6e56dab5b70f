//! Query plans from parameters: what they take, refuse and bind.

use super::*;
use crate::listing::sort::Direction;
use crate::test_support::{BASE_URL, moment, tenant};

fn sealer() -> CursorSealer {
    CursorSealer::new([7; 32])
}

fn plan_of(types: &[&str], parameters: &ListParameters) -> Result<QueryPlan, ScimError> {
    let tenant = tenant();
    let scopes: Vec<Arc<ResourceType>> =
        types.iter().map(|name| Arc::clone(tenant.schema.resource_type(name).expect("a type"))).collect();
    QueryPlan::new(parameters, &scopes, &tenant, BASE_URL, &sealer(), moment())
}

fn filtered(types: &[&str], filter: &str) -> Result<QueryPlan, ScimError> {
    plan_of(types, &ListParameters { filter: Some(filter.into()), ..ListParameters::default() })
}

#[track_caller]
fn accepts(types: &[&str], filter: &str) {
    let plan = filtered(types, filter).expect("a plan");
    assert!(plan.query.scopes.iter().all(|scope| scope.filter.is_some()));
}

#[track_caller]
fn refuses(types: &[&str], filter: &str, detail: &str) {
    let error = filtered(types, filter).expect_err("should be refused");
    assert_eq!(error.kind, ErrorKind::InvalidFilter);
    assert!(error.detail.contains(detail), "{}", error.detail);
}

const ROOT: &[&str] = &["User", "Group"];

#[test]
fn a_filter_names_attributes_that_some_type_has() {
    accepts(&["User"], "userName eq \"x\"");
    refuses(&["Group"], "userName eq \"x\"", "userName");
    accepts(ROOT, "userName eq \"x\" or members[value eq \"y\"] or emails[type eq \"work\"].value pr");
    accepts(ROOT, "(meta.resourceType eq \"User\") or (meta.resourceType eq \"Group\")");
    refuses(ROOT, "userName eq \"x\" and not (nothing pr)", "nothing");
    refuses(ROOT, "name.nothing pr", "name.nothing");
    refuses(ROOT, "emails[value eq \"a\" or (nothing pr)]", "emails has no sub-attribute nothing");
    refuses(ROOT, "emails[value eq \"a\"].nothing pr", "emails has no sub-attribute nothing");
    refuses(ROOT, "nothing[value eq \"a\"]", "nothing");
    refuses(ROOT, "password eq \"x\"", "password");
    refuses(ROOT, "userName eq", "filter");
}

#[track_caller]
fn sorts_by(types: &[&str], sort_by: &str, expected: &[Option<&str>]) {
    let parameters = ListParameters {
        sort_by: Some(sort_by.into()),
        sort_order: Direction::Descending,
        ..ListParameters::default()
    };
    let plan = plan_of(types, &parameters).expect("a plan");
    let actual: Vec<Option<String>> =
        plan.query.scopes.iter().map(|scope| scope.sort_by.as_ref().map(ToString::to_string)).collect();
    assert_eq!(actual.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    assert_eq!(plan.query.sort_order, Direction::Descending);
}

#[test]
fn what_cannot_be_sorted_by_is_ignored() {
    sorts_by(ROOT, "DISPLAYNAME", &[Some("displayName"), Some("displayName")]);
    sorts_by(ROOT, "userName", &[Some("userName"), None]);
    sorts_by(ROOT, "emails", &[Some("emails"), None]);
    sorts_by(ROOT, "name.familyName", &[Some("name.familyName"), None]);
    for ignored in ["name", "password", "nothing", "", "meta"] {
        sorts_by(ROOT, ignored, &[None, None]);
    }
}

#[track_caller]
fn pages(parameters: ListParameters, expected: PageRequest) {
    assert_eq!(plan_of(&["User"], &parameters).expect("a plan").query.page, expected);
}

#[test]
fn pages_by_position() {
    let of = |start_index, count| ListParameters { start_index, count, ..ListParameters::default() };
    pages(of(None, None), PageRequest::Index { skip: 0, count: 200 });
    pages(of(Some(1), Some(0)), PageRequest::Index { skip: 0, count: 0 });
    pages(of(Some(11), Some(10)), PageRequest::Index { skip: 10, count: 10 });
    pages(of(None, Some(201)), PageRequest::Index { skip: 0, count: 200 });
}

fn by_cursor(cursor: &str, count: Option<usize>) -> ListParameters {
    ListParameters { cursor: Some(cursor.into()), count, ..ListParameters::default() }
}

#[test]
fn pages_by_cursor() {
    let first = |count| PageRequest::Keyset { position: None, direction: Direction::Ascending, count };
    pages(by_cursor("", None), first(200));
    pages(by_cursor("", Some(200)), first(200));
    pages(by_cursor("", Some(0)), PageRequest::Index { skip: 0, count: 0 });
    let error = plan_of(&["User"], &by_cursor("", Some(201))).expect_err("too many");
    assert_eq!(error.kind, ErrorKind::InvalidCount);
    let error = plan_of(&["User"], &by_cursor("forged", None)).expect_err("forged");
    assert_eq!(error.kind, ErrorKind::InvalidCursor);
}

/// Seals a cursor for `made_for` and presents it with `presented`.
fn reuse(made_for: (&[&str], ListParameters), presented: (&[&str], ListParameters)) -> Result<(), ErrorKind> {
    let (types, mut parameters) = made_for;
    parameters.cursor = Some(String::new());
    let plan = plan_of(types, &parameters).expect("a first page");
    let Paging::Cursor { at, fingerprint } = plan.paging else { panic!("asked for a cursor") };
    let at =
        Cursor { position: Some(KeysetPosition { sort_key: None, id: crate::test_support::id(1) }), ..at };
    let (types, mut parameters) = presented;
    parameters.cursor = Some(sealer().seal(&at, &fingerprint, [1; 24]).expect("short"));
    plan_of(types, &parameters).map(drop).map_err(|error| error.kind)
}

#[test]
fn a_cursor_is_for_one_query() {
    let query = |filter: &str, sort_by: &str, sort_order, count| ListParameters {
        filter: Some(filter.to_owned()).filter(|text| !text.is_empty()),
        sort_by: Some(sort_by.to_owned()).filter(|text| !text.is_empty()),
        sort_order,
        count,
        ..ListParameters::default()
    };
    let (up, down) = (Direction::Ascending, Direction::Descending);
    let filter = "userName sw \"J\"";
    let users: &[&str] = &["User"];
    let first = || (users, query(filter, "title", up, Some(10)));
    let check = |second, expected: Result<(), ErrorKind>| assert_eq!(reuse(first(), second), expected);
    check(first(), Ok(()));
    // The example of RFC 9865 §2 writes the filter's attribute in another case on the second page.
    check((users, query("username sw \"J\"", "TITLE", up, Some(10))), Ok(()));
    check((users, query(filter, "title", up, None)), Ok(()));
    check((users, query(filter, "title", up, Some(11))), Err(ErrorKind::InvalidCount));
    let invalid = Err(ErrorKind::InvalidCursor);
    check((users, query("userName sw \"K\"", "title", up, Some(10))), invalid);
    check((users, query("userName ew \"J\"", "title", up, Some(10))), invalid);
    check((users, query("not (userName sw \"J\")", "title", up, Some(10))), invalid);
    check((users, query("", "title", up, Some(10))), invalid);
    check((users, query(filter, "", up, Some(10))), invalid);
    check((users, query(filter, "title", down, Some(10))), invalid);
    check((ROOT, query(filter, "title", up, Some(10))), invalid);
    let mut shown = query(filter, "title", up, Some(10));
    shown.attributes = vec!["userName".into()];
    check((users, shown), Ok(()));
}

#[test]
fn a_cursor_is_for_one_tenant() {
    let (mut tenant, types) = (tenant(), ["User"]);
    let plan = plan_of(&types, &by_cursor("", None)).expect("a first page");
    let Paging::Cursor { at, fingerprint } = plan.paging else { panic!("asked for a cursor") };
    let text = sealer().seal(&at, &fingerprint, [1; 24]).expect("short");
    let scopes = [Arc::clone(tenant.schema.resource_type("User").expect("User"))];
    let open = |tenant: &Tenant| {
        QueryPlan::new(&by_cursor(&text, None), &scopes, tenant, BASE_URL, &sealer(), moment()).map(drop)
    };
    assert_eq!(open(&tenant), Ok(()));
    tenant.id = crate::identifier::TenantId::new(uuid::Uuid::from_u128(78));
    assert_eq!(open(&tenant).expect_err("another tenant").kind, ErrorKind::InvalidCursor);
}

#[test]
fn only_what_is_shown_or_sorted_by_is_read() {
    let include = |attributes: &str, sort_by: &str| {
        let parameters = ListParameters {
            attributes: vec![attributes.into()],
            sort_by: Some(sort_by.into()),
            ..ListParameters::default()
        };
        plan_of(ROOT, &parameters).expect("a plan").query.include
    };
    assert_eq!(include("displayName", ""), Include::NOTHING);
    assert_eq!(include("groups", ""), Include { members: MemberInclude::None, groups: true });
    assert_eq!(include("members", ""), Include { members: MemberInclude::All, groups: false });
    assert_eq!(include("displayName", "members"), Include { members: MemberInclude::All, groups: false });
    assert_eq!(
        include("displayName", "groups.display"),
        Include { members: MemberInclude::None, groups: true }
    );
    let both = plan_of(ROOT, &ListParameters::default()).expect("a plan");
    assert_eq!(both.query.include, Include::EVERYTHING);
}
