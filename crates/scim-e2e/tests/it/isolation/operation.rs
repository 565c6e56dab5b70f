//! Operations that name things of another tenant, drawn from a seed.
//!
//! Names are written as `<their-user-1>` or `<own-group-0>`: what they mean is known to the [`Twin`](super::twin::Twin)
//! that carries an operation out.

use reqwest::Method;
use scim_ports::conformance::equivalence::Draw;
use serde_json::{Value, json};

use crate::bodies::{GROUP, PATCH_OP, SEARCH_REQUEST, USER};

/// The kinds of resources, and where they are.
pub(crate) const KINDS: [(&str, &str); 3] = [("user", "/Users"), ("group", "/Groups"), ("device", "/Devices")];
/// How many of each kind the other tenant has.
pub(crate) const THEIRS: usize = 4;

/// Who sends an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A credential that may do everything.
    Main,
    /// Another one, that may read.
    Reader,
    /// One whose subject is a user of the other tenant.
    Subject,
    /// A token of ours that says it is of the other tenant.
    OtherTenant,
    /// A token of our tenant and of the other's credential.
    OtherCredential,
    /// The other tenant's token, but for its secret.
    WrongSecret,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) sender: Sender,
    pub(crate) mount: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

impl Operation {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            sender: Sender::Main,
            mount: "/scim/v2".to_owned(),
            method,
            path: path.into(),
            parameters: Vec::new(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// Draws operations.
pub(crate) struct Operations {
    draw: Draw,
    /// How many there are of our own of each kind.
    own: [usize; 3],
    /// How many names were given.
    names: usize,
    /// A list that ended with a cursor.
    walk: Option<Operation>,
}

impl Operations {
    pub(crate) fn new(seed: u64) -> Self {
        Self { draw: Draw::new(seed), own: [0; 3], names: 0, walk: None }
    }

    /// What one begins with: some resources of each kind.
    pub(crate) fn beginning(&mut self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for kind in [0, 0, 0, 1, 1, 2] {
            let body = match kind {
                0 => self.user(false),
                1 => group("own", json!(["<own-user-0>", "<own-user-1>"])),
                _ => self.device(false),
            };
            operations.push(Operation::new(Method::POST, KINDS[kind].1).body(body));
        }
        operations
    }

    /// The name of a resource that has just been created.
    pub(crate) fn created(&mut self, resource_type: &str) -> String {
        let kind = KINDS.iter().position(|(name, _)| name.eq_ignore_ascii_case(resource_type));
        let kind = kind.expect("one of the kinds");
        self.own[kind] += 1;
        format!("<own-{}-{}>", KINDS[kind].0, self.own[kind] - 1)
    }

    /// What is gone on with from now on: the list of this operation, at its cursor.
    pub(crate) fn walked(&mut self, operation: &Operation) {
        self.walk = Some(operation.clone());
    }

    pub(crate) fn next(&mut self) -> Operation {
        let mut operation = match self.draw.below(16) {
            0 | 1 => self.on_theirs(),
            2..=4 => self.list(),
            5 => self.create_group(),
            6..=8 => self.change_group(),
            9 => self.change_user(),
            10 => self.create_with_their_values(),
            11 => self.bulk(),
            12 => self.me(),
            13 => self.with_cursor(),
            14 => self.discover(),
            _ => self.administer(),
        };
        if operation.mount == "/scim/v2" && self.draw.one_in(8) {
            operation.mount = self.mount();
        }
        if operation.sender == Sender::Main && self.draw.one_in(8) {
            let senders =
                [Sender::Reader, Sender::OtherTenant, Sender::OtherCredential, Sender::WrongSecret];
            operation.sender = *self.draw.choose(&senders);
        }
        operation
    }

    fn choose(&mut self, items: &[&str]) -> String {
        (*self.draw.choose(items)).to_owned()
    }

    fn mount(&mut self) -> String {
        self.choose(&["/tenants/<slug>", "/tenants/<tenant>", "/tenants/<slug>/scim/v2"])
    }

    /// One of the other tenant's resources, of this kind.
    fn their(&mut self, kind: usize) -> String {
        format!("<their-{}-{}>", KINDS[kind].0, self.draw.below(THEIRS))
    }

    /// One of the other tenant's resources.
    fn theirs(&mut self) -> String {
        let kind = self.draw.below(3);
        self.their(kind)
    }

    fn own(&mut self, kind: usize) -> String {
        format!("<own-{}-{}>", KINDS[kind].0, self.draw.below(self.own[kind]))
    }

    fn endpoint(&mut self) -> &'static str {
        KINDS[self.draw.below(3)].1
    }

    fn value_of_theirs(&mut self, name: &str) -> String {
        format!("<{name}-{}>", self.draw.below(THEIRS))
    }

    /// A user, with names of the other tenant's, or of its own.
    fn user(&mut self, is_theirs: bool) -> Value {
        self.names += 1;
        let number = self.names;
        if is_theirs {
            let (name, external) = (self.value_of_theirs("name"), self.value_of_theirs("external"));
            json!({"schemas": [USER], "userName": name, "externalId": external, "emails": [{"value": name}]})
        } else {
            json!({"schemas": [USER], "userName": format!("own-{number:04}"), "externalId": format!("ext-own-{number:04}")})
        }
    }

    fn device(&mut self, is_theirs: bool) -> Value {
        self.names += 1;
        let serial =
            if is_theirs { self.value_of_theirs("serial") } else { format!("ser-own-{:04}", self.names) };
        crate::admin_devices::device(&serial, &format!("tag {serial}"))
    }

    /// The ids of members: of theirs, and now and then of our own.
    fn members(&mut self) -> Value {
        let mut ids = Vec::new();
        for _ in 0..=self.draw.below(2) {
            ids.push(if self.draw.one_in(4) {
                self.theirs()
            } else {
                let kind = self.draw.below(2);
                self.their(kind)
            });
        }
        if self.draw.one_in(2) {
            let kind = self.draw.below(2);
            ids.insert(self.draw.below(2).min(ids.len()), self.own(kind));
        }
        json!(ids)
    }

    /// Conditions on versions: the very one that it has, another one, any.
    fn conditional(&mut self, operation: Operation) -> Operation {
        let name = if self.draw.one_in(2) { "If-Match" } else { "If-None-Match" };
        match self.draw.below(5) {
            0 => operation.header(name, "W/\"v2\""),
            1 => operation.header(name, "W/\"v1\""),
            2 => operation.header(name, "*"),
            _ => operation,
        }
    }

    fn on_theirs(&mut self) -> Operation {
        let (endpoint, id) = (self.endpoint(), self.theirs());
        let path = format!("{endpoint}/{id}");
        let operation = match self.draw.below(5) {
            0 | 1 => Operation::new(Method::GET, path),
            2 => Operation::new(Method::DELETE, path),
            3 => {
                let is_theirs = self.draw.one_in(2);
                let body = match endpoint {
                    "/Users" => self.user(is_theirs),
                    "/Groups" => group("own", self.members()),
                    _ => self.device(is_theirs),
                };
                Operation::new(Method::PUT, path).body(body)
            }
            _ => {
                let body = patch(json!([{"op": "replace", "path": "displayName", "value": "own"}]));
                Operation::new(Method::PATCH, path).body(body)
            }
        };
        let operation = self.conditional(operation);
        match self.draw.below(4) {
            0 => operation.with("attributes", "id,groups,members,userName"),
            1 => operation.with("excludedAttributes", "members"),
            _ => operation,
        }
    }

    fn filter(&mut self) -> String {
        let id = self.theirs();
        let (user, group) = (self.their(0), self.their(1));
        let (name, external) = (self.value_of_theirs("name"), self.value_of_theirs("external"));
        let serial = self.value_of_theirs("serial");
        let own = self.own(0);
        let comparison = match self.draw.below(19) {
            0 => format!("id eq \"{id}\""),
            1 => format!("id ge \"{id}\" and id le \"{id}\""),
            2 => format!("userName eq \"{name}\""),
            3 => format!("userName sw \"{name}\" or id eq \"{own}\""),
            4 => format!("externalId eq \"{external}\""),
            5 => format!("members.value eq \"{user}\""),
            6 => format!("members[value eq \"{group}\" and type eq \"Group\"]"),
            7 => format!("members.$ref eq \"<base>/Users/{user}\""),
            8 => format!("groups.value eq \"{group}\""),
            9 => format!("groups[value eq \"{group}\" and type eq \"indirect\"]"),
            10 => format!("groups.$ref eq \"<base>/Groups/{group}\""),
            11 => format!("emails.value eq \"{name}\""),
            12 => format!("emails[value co \"{name}\"]"),
            13 => format!("meta.location eq \"<base>/Users/{id}\""),
            14 => format!("serialNumber eq \"{serial}\""),
            15 => "groups.display co \"secret\" or members.display co \"secret\"".to_owned(),
            16 => "displayName co \"secret\" or title co \"secret\"".to_owned(),
            17 => format!("urn:example:params:scim:schemas:core:2.0:<gadget>:size eq \"{id}\""),
            _ => "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"<their-user-0>\""
                .to_owned(),
        };
        match self.draw.below(5) {
            0 => format!("not ({comparison})"),
            1 => format!("({comparison}) or id pr"),
            _ => comparison,
        }
    }

    fn list(&mut self) -> Operation {
        let mut members = vec![("filter", self.filter())];
        if self.draw.one_in(2) {
            let sorts = ["id", "userName", "externalId", "groups.value", "members.value", "groups.display"];
            members.push(("sortBy", self.choose(&sorts)));
            members.push(("sortOrder", self.choose(&["ascending", "descending"])));
        }
        if self.draw.one_in(3) {
            members.push(("attributes", self.choose(&["userName", "groups", "members", "id"])));
        }
        let is_root = self.draw.one_in(3);
        let endpoint = if is_root { "" } else { self.endpoint() };
        if self.draw.one_in(3) {
            let mut body = json!({"schemas": [SEARCH_REQUEST]});
            for (name, value) in members {
                body[name] = if name == "attributes" { json!([value]) } else { json!(value) };
            }
            return Operation::new(Method::POST, format!("{endpoint}/.search")).body(body);
        }
        if self.draw.one_in(3) {
            members.push(("count", "2".to_owned()));
            members.push(("cursor", String::new()));
        }
        let path = if is_root { "/" } else { endpoint };
        let operation = Operation::new(Method::GET, path);
        members.into_iter().fold(operation, |operation, (name, value)| operation.with(name, value))
    }

    fn create_group(&mut self) -> Operation {
        let members = self.members();
        Operation::new(Method::POST, "/Groups").body(group("own", members))
    }

    fn change_group(&mut self) -> Operation {
        let path = format!("/Groups/{}", self.own(1));
        let ids = self.members();
        let members = member_values(&ids);
        let (user, group_id) = (self.their(0), self.their(1));
        let operation = match self.draw.below(10) {
            0 => return Operation::new(Method::PUT, path).body(group("own", ids)),
            1 => json!({"op": "add", "path": "members", "value": members}),
            2 => json!({"op": "replace", "path": "members", "value": members}),
            3 => json!({"op": "remove", "path": "members", "value": members}),
            4 => json!({"op": "remove", "path": format!("members[value eq \"{user}\"]")}),
            5 => json!({"op": "add", "value": {"members": members}}),
            6 => json!({"op": "add", "path": "members", "value": [{"$ref": format!("<base>/Users/{user}")}]}),
            7 => json!({"op": "add", "path": "members", "value": [
                {"value": group_id, "$ref": format!("<base>/Groups/{group_id}"), "type": "Group"}]}),
            8 => {
                json!({"op": "replace", "path": format!("members[value eq \"{user}\"].value"), "value": group_id})
            }
            _ => json!({"op": "add", "path": "members", "value": [{"value": self.own(0)}]}),
        };
        let operation = Operation::new(Method::PATCH, path).body(patch(json!([operation])));
        let operation = self.conditional(operation);
        if self.draw.one_in(3) { operation.with("attributes", "members") } else { operation }
    }

    fn change_user(&mut self) -> Operation {
        let path = format!("/Users/{}", self.own(0));
        let (user, group_id) = (self.their(0), self.their(1));
        let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
        let operation = match self.draw.below(7) {
            0 => json!({"op": "add", "path": "groups", "value": [{"value": group_id}]}),
            1 => json!({"op": "add", "value": {"groups": [{"value": group_id}]}}),
            2 => json!({"op": "replace", "path": "externalId", "value": self.value_of_theirs("external")}),
            3 => json!({"op": "replace", "path": "userName", "value": self.value_of_theirs("name")}),
            4 => json!({"op": "replace", "path": manager, "value": {"value": user}}),
            5 => {
                json!({"op": "replace", "path": manager, "value": {"$ref": format!("<base>/Users/{user}"), "value": user}})
            }
            _ => {
                let body = self.user(true);
                return Operation::new(Method::PUT, path).body(body);
            }
        };
        Operation::new(Method::PATCH, path).body(patch(json!([operation])))
    }

    fn create_with_their_values(&mut self) -> Operation {
        let is_user = self.draw.one_in(2);
        let mut body = if is_user { self.user(true) } else { self.device(true) };
        body["id"] = json!(self.theirs());
        body["meta"] = json!({"location": format!("<base>/Users/{}", self.theirs()), "version": "W/\"v2\""});
        Operation::new(Method::POST, if is_user { "/Users" } else { "/Devices" }).body(body)
    }

    fn bulk(&mut self) -> Operation {
        let mut operations = Vec::new();
        for index in 0..=self.draw.below(3) {
            let (endpoint, id) = (self.endpoint(), self.theirs());
            let path = format!("{endpoint}/{id}");
            let mut operation = match self.draw.below(7) {
                0 => json!({"method": "DELETE", "path": path}),
                1 => json!({"method": "PUT", "path": path, "data": self.user(true)}),
                2 => {
                    let ids = self.members();
                    let add = json!({"op": "add", "path": "members", "value": member_values(&ids)});
                    json!({"method": "PATCH", "path": format!("/Groups/{}", self.own(1)), "data": patch(json!([add]))})
                }
                3 => {
                    let data = group("own", self.members());
                    json!({"method": "POST", "path": "/Groups", "bulkId": format!("g{index}"), "data": data})
                }
                4 => {
                    let data = self.user(true);
                    json!({"method": "POST", "path": "/Users", "bulkId": format!("u{index}"), "data": data})
                }
                5 => json!({"method": "DELETE", "path": format!("/Users/bulkId:{id}")}),
                _ => {
                    let title = json!({"op": "replace", "path": "displayName", "value": "own"});
                    json!({"method": "PATCH", "path": path, "data": patch(json!([title]))})
                }
            };
            if self.draw.one_in(2) {
                operation["version"] = json!(self.choose(&["W/\"v2\"", "W/\"v1\""]));
            }
            operations.push(operation);
        }
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
        Operation::new(Method::POST, "/Bulk").body(json!({"schemas": schemas, "Operations": operations}))
    }

    fn me(&mut self) -> Operation {
        let operation = match self.draw.below(4) {
            0 => Operation::new(Method::GET, "/Me"),
            1 => Operation::new(Method::DELETE, "/Me"),
            2 => Operation::new(Method::PUT, "/Me").body(self.user(true)),
            _ => Operation::new(Method::PATCH, "/Me")
                .body(patch(json!([{"op": "add", "path": "title", "value": "own"}]))),
        };
        let operation = self.conditional(operation);
        Operation { sender: Sender::Subject, ..operation }
    }

    fn with_cursor(&mut self) -> Operation {
        let walk = self.walk.clone().filter(|_| self.draw.one_in(2));
        let operation = match walk {
            Some(mut walk) => {
                walk.parameters.retain(|(name, _)| *name != "cursor");
                walk.with("cursor", "<own-cursor>")
            }
            None => {
                let kind = self.draw.below(4);
                let path = KINDS.get(kind).map_or("/", |(_, endpoint)| endpoint);
                let name = KINDS.get(kind).map_or("root", |(name, _)| name);
                if self.draw.one_in(3) {
                    let body = json!({"schemas": [SEARCH_REQUEST], "count": 2, "cursor": format!("<cursor-{name}>")});
                    let path = if path == "/" { "" } else { path };
                    Operation::new(Method::POST, format!("{path}/.search")).body(body)
                } else {
                    Operation::new(Method::GET, path).with("count", "2").with("cursor", format!("<cursor-{name}>"))
                }
            }
        };
        let sender = *self.draw.choose(&[Sender::Main, Sender::Reader]);
        Operation { sender, ..operation }
    }

    fn discover(&mut self) -> Operation {
        let path = self.choose(&[
            "/Schemas",
            "/Schemas/urn:example:params:scim:schemas:core:2.0:<gadget>",
            "/ResourceTypes",
            "/ResourceTypes/<gadget>",
            "/ServiceProviderConfig",
            "/<gadget>s",
            "/<gadget>s/<their-user-0>",
        ]);
        Operation::new(Method::GET, path)
    }

    /// The admin API is the operator's alone, and knows a tenant's things as that tenant's only.
    fn administer(&mut self) -> Operation {
        let path = self.choose(&[
            "/tenants/<tenant>",
            "/tenants/<slug>/credentials",
            "/tenants/<slug>/activity",
            "/tenants/<slug>/stats",
            "/tenants/<tenant>/schemas/urn:example:params:scim:schemas:core:2.0:<gadget>",
        ]);
        Operation { mount: "/admin".to_owned(), ..Operation::new(Method::GET, path) }
    }
}

fn patch(operations: Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

fn member_values(ids: &Value) -> Value {
    ids.as_array().into_iter().flatten().map(|id| json!({"value": id})).collect()
}

fn group(display_name: &str, ids: Value) -> Value {
    json!({"schemas": [GROUP], "displayName": display_name, "members": member_values(&ids)})
}
