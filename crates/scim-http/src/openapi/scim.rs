//! What is served below each mount (RFC 7644 §3, §4).

use serde_json::{Value, json};

use super::failures::Form;
use super::operation::{Content, Operation, Place};

/// What bodies of requests are, the better one first.
const BODIES: [&str; 2] = ["application/scim+json", "application/json"];

/// How any request below a mount may fail.
const ANY: &[u16] = &[400, 401, 403, 406, 429, 500, 503];
/// How a request with a body may fail as well.
const BODY: &[u16] = &[408, 413, 415];
/// How a change of a resource may fail as well.
const CHANGE: &[u16] = &[404, 409, 412, 428];

const QUERY: &[&str] =
    &["filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"];

const READ_ONE: &[&str] = &["attributes", "excludedAttributes", "ifNoneMatch"];
const CREATE: &[&str] = &["attributes", "excludedAttributes", "prefer"];
const WRITE_ONE: &[&str] = &["attributes", "excludedAttributes", "ifMatch", "prefer"];

/// The resources at one endpoint, or at any other.
struct Kind {
    tag: &'static str,
    endpoint: Option<&'static str>,
    /// As sentences have one of them, with its article.
    one: &'static str,
    /// As operations are called.
    id: &'static str,
    ids: &'static str,
    /// The schemas of an answer, of a body, and of a list.
    schemas: [&'static str; 3],
}

const KINDS: [Kind; 3] = [
    Kind {
        tag: "Users",
        endpoint: Some("Users"),
        one: "a user",
        id: "User",
        ids: "Users",
        schemas: ["User", "UserInput", "UserList"],
    },
    Kind {
        tag: "Groups",
        endpoint: Some("Groups"),
        one: "a group",
        id: "Group",
        ids: "Groups",
        schemas: ["Group", "GroupInput", "GroupList"],
    },
    Kind {
        tag: "Resources",
        endpoint: None,
        one: "a resource",
        id: "Resource",
        ids: "Resources",
        schemas: ["Resource", "ResourceInput", "ResourceList"],
    },
];

/// The operations below a mount.
pub(super) fn operations() -> Vec<Operation> {
    let mut operations: Vec<Operation> = KINDS.iter().flat_map(of_resources).collect();
    operations.extend(queries());
    operations.extend(of_me());
    operations.extend(discovery());
    operations
}

fn at(method: &'static str, pattern: &'static str, tag: &'static str, id: &str, summary: &str) -> Operation {
    Operation::new(Place::Mounted, (method, pattern), tag, id, summary).fails(Form::Scim, ANY)
}

/// What a token of the tenant needs.
fn tokens(scopes: &[&str]) -> Value {
    json!([{"tenantToken": scopes}, {"oauth2": scopes}, {"operatorSecret": []}])
}

fn of_resources(kind: &Kind) -> Vec<Operation> {
    let Kind { tag, one, id, ids, schemas: [answer, input, list], .. } = *kind;
    let each = |method, pattern, verb: &str, what: &str, summary: &str| {
        let operation = at(method, pattern, tag, &format!("{verb}{what}"), summary);
        match kind.endpoint {
            Some(endpoint) => operation.at_endpoint(endpoint),
            None => operation,
        }
    };
    const ONE: &str = "/{endpoint}/{id}";
    let sentence = |verb: &str| format!("{verb} {one}");
    let operations = vec![
        each("GET", "/{endpoint}", "list", ids, &format!("List {}", tag.to_lowercase()))
            .describe("Without `sortBy` the order is that of creation. Pages go by `startIndex`, or by `cursor` from where it is given, empty at first.")
            .takes(QUERY)
            .answers(200, "A page of them.", Content::Scim(list), &[])
            .secured_by(tokens(&["read"])),
        each("POST", "/{endpoint}", "create", id, &sentence("Create"))
            .describe("The `id` is the server's. A value that has to be unique and is in use is 409.")
            .takes(CREATE)
            .with_body(&BODIES, input, true)
            .answers(201, "It is made. Without a body where the client prefers `return=minimal`.", Content::Scim(answer), &["Location", "ETag"])
            .fails(Form::Scim, BODY)
            .fails(Form::Scim, &[409])
            .secured_by(tokens(&["write"])),
        each("POST", "/{endpoint}/.search", "search", ids, &format!("Search {}", tag.to_lowercase()))
            .describe("A query whose parameters are in the body, and so in no URL and no log (RFC 7644 §3.4.3).")
            .with_body(&BODIES, "SearchRequest", true)
            .answers(200, "A page of them.", Content::Scim(list), &[])
            .fails(Form::Scim, BODY)
            .secured_by(tokens(&["read"])),
        each("GET", ONE, "get", id, &sentence("Get"))
            .takes(READ_ONE)
            .answers(200, "The resource.", Content::Scim(answer), &["ETag", "Content-Location"])
            .answers(304, "The client has this version.", Content::None, &["ETag"])
            .fails(Form::Scim, &[404])
            .secured_by(tokens(&["read"])),
        each("PUT", ONE, "replace", id, &sentence("Replace"))
            .describe("What the body leaves out is gone, but for what only the server writes (RFC 7644 §3.5.1).")
            .with_body(&BODIES, input, true)
            .secured_by(tokens(&["write"])),
        each("PATCH", ONE, "patch", id, &sentence("Change"))
            .describe("All of the operations, or none (RFC 7644 §3.5.2). 204 also for a group with more members than the tenant's `patchResponseMemberLimit`, unless `attributes` is asked for.")
            .with_body(&BODIES, "PatchOp", true)
            .secured_by(tokens(&["write"])),
        each("DELETE", ONE, "delete", id, &sentence("Delete"))
            .takes(&["ifMatch"])
            .answers(204, "It is gone.", Content::None, &[])
            .fails(Form::Scim, &[404, 412, 428])
            .secured_by(tokens(&["write"])),
    ];
    let changed = |operation: Operation| match operation.method {
        "PUT" | "PATCH" => changes(operation, answer),
        _ => operation,
    };
    let operations = operations.into_iter().map(changed);
    match kind.endpoint {
        Some(_) => operations.collect(),
        // Only of those that name no type of the tenant's.
        None => operations.map(|operation| operation.fails(Form::Scim, &[404])).collect(),
    }
}

/// What PUT and PATCH have in common.
fn changes(operation: Operation, answer: &'static str) -> Operation {
    operation
        .takes(WRITE_ONE)
        .answers(200, "The resource as it is now.", Content::Scim(answer), &["ETag", "Content-Location"])
        .answers(
            204,
            "It is done, and the client prefers `return=minimal`.",
            Content::None,
            &["ETag", "Content-Location"],
        )
        .fails(Form::Scim, BODY)
        .fails(Form::Scim, CHANGE)
}

fn queries() -> [Operation; 3] {
    const TAG: &str = "Queries and bulk";
    [
        at("GET", "/", TAG, "listAll", "List the resources of all types")
            .describe("The slash may be left out.")
            .takes(QUERY)
            .answers(200, "A page of them.", Content::Scim("ResourceList"), &[])
            .secured_by(tokens(&["read"])),
        at("POST", "/.search", TAG, "searchAll", "Search the resources of all types")
            .with_body(&BODIES, "SearchRequest", true)
            .answers(200, "A page of them.", Content::Scim("ResourceList"), &[])
            .fails(Form::Scim, BODY)
            .secured_by(tokens(&["read"])),
        at("POST", "/Bulk", TAG, "bulk", "Run many operations")
            .describe("Operations may refer to one another by `bulkId`, in any order. Each succeeds or fails by itself; the size of the body and the number of operations are the tenant's to limit.")
            .with_body(&BODIES, "BulkRequest", true)
            .answers(200, "What became of each operation.", Content::Scim("BulkResponse"), &[])
            .fails(Form::Scim, BODY)
            .secured_by(tokens(&["bulk"])),
    ]
}

fn of_me() -> Vec<Operation> {
    let me = |method, id, summary: &str| at(method, "/Me", "Me", id, summary).fails(Form::Scim, &[501]);
    vec![
        me("GET", "getMe", "Get the user of the credential")
            .takes(READ_ONE)
            .answers(200, "The user.", Content::Scim("User"), &["ETag", "Content-Location"])
            .answers(304, "The client has this version.", Content::None, &["ETag"])
            .fails(Form::Scim, &[404])
            .secured_by(tokens(&[])),
        changes(me("PUT", "replaceMe", "Replace the user of the credential"), "User")
            .with_body(&BODIES, "UserInput", true)
            .secured_by(tokens(&["write"])),
        changes(me("PATCH", "patchMe", "Change the user of the credential"), "User")
            .with_body(&BODIES, "PatchOp", true)
            .secured_by(tokens(&["write"])),
        me("DELETE", "deleteMe", "Delete the user of the credential")
            .takes(&["ifMatch"])
            .answers(204, "It is gone.", Content::None, &[])
            .fails(Form::Scim, &[404, 412, 428])
            .secured_by(tokens(&["write"])),
        me("POST", "createMe", "Not supported: nobody creates what they are")
            .describe("Always 501.")
            .secured_by(tokens(&[])),
    ]
}

fn discovery() -> Vec<Operation> {
    let show = |pattern, id, summary: &str, answer| {
        let operation = at("GET", pattern, "Discovery", id, summary)
            .describe("There is nothing to filter here: a `filter` is 403.")
            .answers(200, "What the tenant has.", Content::Scim(answer), &[])
            .secured_by(json!([{"tenantToken": []}, {"oauth2": []}, {"operatorSecret": []}, {}]));
        if pattern.contains('{') { operation.fails(Form::Scim, &[404]) } else { operation }
    };
    vec![
        show(
            "/ServiceProviderConfig",
            "getServiceProviderConfig",
            "Tell what is supported",
            "ServiceProviderConfig",
        ),
        show("/Schemas", "listSchemas", "List the schemas", "SchemaList"),
        show("/Schemas/{urn}", "getSchema", "Get a schema", "Schema"),
        show("/ResourceTypes", "listResourceTypes", "List the resource types", "ResourceTypeList"),
        show("/ResourceTypes/{name}", "getResourceType", "Get a resource type", "ResourceType"),
    ]
}
