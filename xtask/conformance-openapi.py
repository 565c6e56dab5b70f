"""The OpenAPI document of a server at SERVER_URL, whose operator's secret is SCIM_SHARED_SECRET: it is one by the
rules of OpenAPI 3.1 (openapi-spec-validator), and what is sent and answered goes with its schemas (jsonschema).
An answer may have no member that its schema does not describe.

Ends with 1 and a traceback at the first thing that is not as it should be.
"""

import os

import requests
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

SERVER = os.environ["SERVER_URL"]
OPERATOR = os.environ["SCIM_SHARED_SECRET"]
SLUG = "conformance-openapi"
CORE = "urn:ietf:params:scim:schemas:core:2.0"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0"

HTTP = requests.Session()
HTTP.trust_env = False  # No proxy, and no passwords from the home directory.


def check(condition, what):
    if not condition:
        raise AssertionError(what)


class Document:
    def __init__(self, document):
        self.document = document
        self.checked = 0

    def resolve(self, value):
        while "$ref" in value:
            found = self.document
            for name in value["$ref"].removeprefix("#/").split("/"):
                found = found[name.replace("~1", "/").replace("~0", "~")]
            value = found
        return value

    def validate(self, schema, instance, what):
        whole = {**schema, "components": self.document["components"]}
        validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]
        check(not errors, f"{what}: {errors} in {instance}")
        self.checked += 1

    def undescribed(self, schema, instance, path=""):
        """The members of an answer that its schema has no word for."""
        schema = self.resolve(schema)
        if "anyOf" in schema:
            found = [self.undescribed(one, instance, path) for one in schema["anyOf"]]
            return min(found, key=len)
        if isinstance(instance, list):
            return [name for item in instance for name in self.undescribed(schema.get("items", {}), item, path)]
        if not isinstance(instance, dict) or "properties" not in schema:
            return []
        names = []
        for name, value in instance.items():
            here = f"{path}.{name}"
            known = schema["properties"].get(name)
            names += [here] if known is None else self.undescribed(known, value, here)
        return names


def examples(document):
    components = document.document["components"]
    for name, response in components["responses"].items():
        for content in response["content"].values():
            for example in content["examples"].values():
                document.validate(content["schema"], example["value"], f"an example of {name}")
    for name, schema in components["schemas"].items():
        for example in schema.get("examples", ()):
            document.validate(schema, example, f"an example of {name}")
    for name, parameter in components["parameters"].items():
        if "example" in parameter:
            document.validate(parameter["schema"], parameter["example"], f"the example of {name}")


class Client:
    """Sends requests as one actor, and holds them and their answers against the document."""

    def __init__(self, document, token=None):
        self.document, self.token = document, token

    def send(self, method, path, status, body=None, variables=(), headers=(), parameters=None, open_members=False):
        operation = self.document.document["paths"][path][method.lower()]
        url = path
        for name, value in dict(variables).items():
            url = url.replace("{" + name + "}", value)
        sent = dict(headers)
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        arguments = {"params": parameters}
        if body is not None:
            media_type, content = next(iter(operation["requestBody"]["content"].items()))
            if status < 400:
                self.document.validate(content["schema"], body, f"the body of {method} {path}")
            sent["Content-Type"] = media_type
            arguments["data" if media_type.endswith("urlencoded") else "json"] = body
        response = HTTP.request(method, SERVER + url, headers=sent, **arguments)
        what = f"{method} {url}: {response.status_code} {response.text}"
        check(response.status_code == status, what)
        answer = self.document.resolve(operation["responses"][str(status)])
        for name in answer["headers"]:
            check(name in response.headers, f"{what} without {name}")
        if "content" not in answer:
            check(not response.content, what)
            return None
        if not response.content and status == 201:
            return None
        media_type = response.headers["Content-Type"].split(";")[0]
        check(media_type in answer["content"], f"{what} is {media_type}")
        if not media_type.endswith("json"):
            return response.text
        schema, instance = answer["content"][media_type]["schema"], response.json()
        self.document.validate(schema, instance, what)
        undescribed = [] if open_members else self.document.undescribed(schema, instance)
        check(not undescribed, f"{what} has {undescribed}")
        return instance


def service(anonymous):
    for path in ("/health", "/ready", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"):
        anonymous.send("GET", path, 200)
    for path in ("/", "/docs", "/docs/style.css"):
        anonymous.send("GET", path, 200)
    anonymous.send("POST", "/oauth/token", 400, {"grant_type": "password"})
    wrong = {"grant_type": "client_credentials", "client_id": "none", "client_secret": "none"}
    anonymous.send("POST", "/oauth/token", 401, wrong)
    anonymous.send("GET", "/admin/tenants", 401)
    anonymous.send("GET", "/scim/v2/Users", 401)


def tenants(operator):
    config = {"bulk": {"maxOperations": 50}, "customHeaders": {"X-Of": "us"}, "logLevel": "debug"}
    operator.send("POST", "/admin/tenants", 400, {})
    tenant = operator.send("POST", "/admin/tenants", 201, {"slug": SLUG, "preset": "rfc", "config": config})
    operator.send("POST", "/admin/tenants", 409, {"slug": SLUG})
    at = {"tenant": SLUG}
    operator.send("GET", "/admin/tenants", 200, parameters={"limit": 1})
    operator.send("GET", "/admin/tenants/{tenant}", 200, variables=at)
    operator.send("GET", "/admin/tenants/{tenant}", 404, variables={"tenant": "nobody"})
    issuer = {"issuer": "https://login.example", "jwksUri": "https://login.example/keys", "audiences": ["scim"]}
    patch = {**tenant, "displayName": "Ours", "config": {"trustedIssuers": [issuer], "rateLimit": {"perSecond": 1000}}}
    operator.send("PATCH", "/admin/tenants/{tenant}", 200, patch, variables=at)
    operator.send("PATCH", "/admin/tenants/{tenant}", 412, {}, variables=at, headers={"If-Match": 'W/"v99"'})
    return at


def credentials(operator, at):
    base = "/admin/tenants/{tenant}/credentials"
    bearer = operator.send("POST", base, 201, {"label": "HR", "expiresAt": "2999-01-01T00:00:00Z"}, variables=at)
    client = operator.send("POST", base, 201, {"type": "oauth_client", "scopes": ["read:User"]}, variables=at)
    one = {**at, "credential": client["id"]}
    client = operator.send("POST", base + "/{credential}/rotate", 200, {"graceSeconds": 60}, variables=one)
    operator.send("GET", base, 200, variables=at)
    form = {"grant_type": "client_credentials", "client_id": client["clientId"], "client_secret": client["clientSecret"]}
    Client(operator.document).send("POST", "/oauth/token", 200, form)
    operator.send("DELETE", base + "/{credential}", 204, variables=one)
    return bearer["token"]


def resources(client, mount, at):
    def send(method, path, status, *body, id=None, **others):
        return client.send(method, mount + path, status, *body, variables={**at, **({"id": id} if id else {})}, **others)

    boss = send("POST", "/Users", 201, {"schemas": [f"{CORE}:User"], "userName": "boss"})
    whole = {
        "schemas": [f"{CORE}:User", ENTERPRISE],
        "userName": "bjensen",
        "externalId": "7",
        "name": {"givenName": "Barbara", "familyName": "Jensen"},
        "emails": [{"value": "bjensen@example.com", "type": "work", "primary": True}],
        "addresses": [{"type": "work", "country": "GB", "locality": "London"}],
        "photos": [{"value": "https://example.com/p", "type": "photo"}],
        "active": True,
        "password": "a-password-of-hers",
        ENTERPRISE: {"employeeNumber": "701", "manager": {"value": boss["id"]}},
    }
    user = send("POST", "/Users", 201, whole)
    send("POST", "/Users", 409, whole)
    send("POST", "/Users", 400, {"schemas": [f"{CORE}:User"]})
    group = send("POST", "/Groups", 201, {"schemas": [f"{CORE}:Group"], "displayName": "All", "members": [{"value": user["id"]}]})
    check("groups" in send("GET", "/Users/{id}", 200, id=user["id"]), "the user is in no group")
    send("GET", "/Users/{id}", 304, id=user["id"], headers={"If-None-Match": '*'})
    send("GET", "/Users/{id}", 404, id="none")
    send("GET", "/Groups/{id}", 200, id=group["id"], parameters={"attributes": "members.display,displayName"})
    send("GET", "/Users", 200, parameters={"filter": 'emails[type eq "work"]', "sortBy": "userName", "attributes": "userName"})
    page = send("GET", "/Users", 200, parameters={"cursor": "", "count": 1})
    check("nextCursor" in page, page)
    send("GET", "/Users", 400, parameters={"filter": "userName is x"})
    send("GET", "/", 200, open_members=True)
    search = {"schemas": [f"{MESSAGES}:SearchRequest"], "filter": "userName pr", "count": 1, "attributes": ["userName"]}
    send("POST", "/Users/.search", 200, search)
    send("POST", "/.search", 200, search, open_members=True)
    send("PUT", "/Users/{id}", 200, {**whole, "nickName": "Babs"}, id=user["id"])
    send("PUT", "/Users/{id}", 412, whole, id=user["id"], headers={"If-Match": 'W/"v99"'})
    patch = {"schemas": [f"{MESSAGES}:PatchOp"], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    send("PATCH", "/Users/{id}", 200, patch, id=user["id"])
    send("PATCH", "/Users/{id}", 204, patch, id=user["id"], headers={"Prefer": "return=minimal"})
    bulk = {
        "schemas": [f"{MESSAGES}:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": [f"{CORE}:User"], "userName": "a"}},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"schemas": [f"{CORE}:User"]}},
            {"method": "DELETE", "path": f"/Users/{boss['id']}"},
        ],
    }
    results = send("POST", "/Bulk", 200, bulk)["Operations"]
    check([result["status"] for result in results] == ["201", "400", "204"], results)
    send("DELETE", "/Users/{id}", 204, id=results[0]["location"].rsplit("/", 1)[1])
    send("GET", "/Me", 501)
    for path in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes"):
        send("GET", path, 200)
    send("GET", "/Schemas", 403, parameters={"filter": "id pr"})
    client.send("GET", mount + "/Schemas/{urn}", 200, variables={**at, "urn": f"{CORE}:User"})
    client.send("GET", mount + "/ResourceTypes/{name}", 200, variables={**at, "name": "User"})
    send("DELETE", "/Users/{id}", 204, id=user["id"])
    send("DELETE", "/Groups/{id}", 204, id=group["id"])


def definitions(operator, client, at):
    schemas, types = "/admin/tenants/{tenant}/schemas", "/admin/tenants/{tenant}/resource-types"
    code = {"name": "code", "type": "string", "caseExact": True, "uniqueness": "server"}
    parts = {"name": "parts", "type": "complex", "multiValued": True, "subAttributes": [{"name": "value", "type": "decimal"}]}
    definition = {"id": "urn:example:Device", "name": "Device", "attributes": [code, parts]}
    urn = {**at, "urn": definition["id"]}
    operator.send("PUT", schemas + "/{urn}", 400, {}, variables=urn)
    operator.send("PUT", schemas + "/{urn}", 201, definition, variables=urn)
    operator.send("PUT", schemas + "/{urn}", 200, definition, variables=urn)
    operator.send("PUT", schemas + "/{urn}", 200, definition, variables=urn, parameters={"dryRun": "true"})
    operator.send("GET", schemas + "/{urn}", 200, variables=urn)
    operator.send("GET", schemas, 200, variables=at)
    device = {"name": "Device", "endpoint": "/Devices", "schema": definition["id"]}
    name = {**at, "name": "Device"}
    operator.send("PUT", types + "/{name}", 201, device, variables=name)
    operator.send("GET", types + "/{name}", 200, variables=name)
    operator.send("GET", types, 200, variables=at)
    made = {"schemas": [definition["id"]], "code": "x", "parts": [{"value": 1.5}]}
    devices = {**at, "endpoint": "Devices"}
    client.send("POST", "/tenants/{tenant}/{endpoint}", 201, made, variables=devices, open_members=True)
    client.send("GET", "/tenants/{tenant}/{endpoint}", 200, variables=devices, open_members=True)
    operator.send("DELETE", types + "/{name}", 200, variables=name, parameters={"dryRun": "true"})
    operator.send("DELETE", types + "/{name}", 409, variables=name)


def figures(operator, at):
    operator.send("GET", "/admin/tenants/{tenant}/stats", 200, variables=at)
    operator.send("GET", "/admin/stats", 200)
    operator.send("GET", "/admin/version", 200)
    activity = operator.send("GET", "/admin/tenants/{tenant}/activity", 200, variables=at, parameters={"limit": 200})
    check(len(activity["items"]) > 5, activity)
    operator.send("DELETE", "/admin/tenants/{tenant}", 204, variables=at)


def main():
    document = Document(HTTP.get(f"{SERVER}/openapi.json").json())
    OpenAPIV31SpecValidator(document.document).validate()
    print("SUCCESS openapi: the document by the rules of OpenAPI 3.1")
    examples(document)
    operator = Client(document, OPERATOR)
    service(Client(document))
    at = tenants(operator)
    client = Client(document, credentials(operator, at))
    resources(operator, "/scim/v2", {})
    resources(client, "/tenants/{tenant}", at)
    resources(client, "/tenants/{tenant}/scim/v2", at)
    definitions(operator, client, at)
    figures(operator, at)
    print(f"SUCCESS openapi: {document.checked} bodies by the schemas of the document")


main()
