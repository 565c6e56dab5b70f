"""An OAuth client of the public library Authlib against a server at SERVER_URL, whose operator's secret is
SCIM_SHARED_SECRET: discovery (RFC 8414), the client credentials grant (RFC 6749 §4.4) with both ways of
authentication, SCIM with the token (RFC 6750), and the token's signature by the published keys (RFC 7517).

Ends with 1 and a traceback at the first thing that is not as it should be.
"""

import base64
import json
import os
import warnings

# HTTP without TLS, on the loopback interface.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

warnings.simplefilter("ignore", AuthlibDeprecationWarning)
from authlib.jose import JsonWebKey, JsonWebToken  # noqa: E402

SERVER = os.environ["SERVER_URL"]
USERS = f"{SERVER}/scim/v2/Users"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
SLUG = "conformance-oauth"

# What has to be https, which the loopback interface does without; and the response types, of which a server
# without an authorization endpoint has none: RFC 8414 §2 requires the member, Authlib wants one in it.
NOT_VALIDATED = ("issuer", "token_endpoint", "jwks_uri", "response_types_supported")


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def answer(response, status):
    check(response.status_code == status, f"expected {status}, got {response.status_code}: {response.text}")
    return response.json() if response.content else None


def session(**arguments):
    made = OAuth2Session(**arguments) if arguments else requests.Session()
    made.trust_env = False  # No proxy, and no passwords from the home directory.
    made.verify = os.environ.get("REQUESTS_CA_BUNDLE", True)  # Which it would have been told by the environment.
    return made


def users_status(token):
    response = session().get(USERS, headers={"Authorization": f"Bearer {token}"})
    return response.status_code


def with_other_claims(token):
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims["exp"] += 1
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return ".".join((header, payload, signature))


def with_other_signature(token):
    signed, signature = token.rsplit(".", 1)
    middle = len(signature) // 2
    other = "A" if signature[middle] != "A" else "B"
    return f"{signed}.{signature[:middle]}{other}{signature[middle + 1:]}"


def main():
    operator = session()
    operator.headers["Authorization"] = f"Bearer {os.environ['SCIM_SHARED_SECRET']}"
    tenants = f"{SERVER}/admin/tenants"
    answer(operator.post(tenants, json={"slug": SLUG}), 201)
    client = answer(operator.post(f"{tenants}/{SLUG}/credentials", json={"type": "oauth_client"}), 201)
    print("SUCCESS oauth: a tenant and a client by the admin API")

    metadata = AuthorizationServerMetadata(answer(session().get(get_well_known_url(SERVER, external=True)), 200))
    for key in metadata.REGISTRY_KEYS:
        if key not in NOT_VALIDATED:
            getattr(metadata, f"validate_{key}")()
    check(metadata["issuer"] == SERVER, metadata["issuer"])
    check("client_credentials" in metadata["grant_types_supported"], metadata["grant_types_supported"])
    print("SUCCESS oauth: the metadata of the authorization server")

    keys = JsonWebKey.import_key_set(answer(session().get(metadata["jwks_uri"]), 200))
    for method in ("client_secret_basic", "client_secret_post"):
        check(method in metadata["token_endpoint_auth_methods_supported"], method)
        oauth = session(
            client_id=client["clientId"],
            client_secret=client["clientSecret"],
            token_endpoint_auth_method=method,
        )
        token = oauth.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        check(token["token_type"].lower() == "bearer", token["token_type"])
        check(not token.is_expired(), "expired at once")
        created = answer(oauth.post(USERS, json={"schemas": [USER], "userName": method}), 201)
        check(answer(oauth.get(f"{USERS}/{created['id']}"), 200)["userName"] == method, created)
        check(answer(oauth.get(USERS), 200)["totalResults"] > 0, "no user")
        print(f"SUCCESS oauth: SCIM with a token by {method}")

        access_token = token["access_token"]
        claims = JsonWebToken(["EdDSA"]).decode(
            access_token,
            keys,
            claims_options={
                "iss": {"essential": True, "value": metadata["issuer"]},
                "exp": {"essential": True},
                "iat": {"essential": True},
            },
        )
        claims.validate()
        check(claims.header["alg"] == "EdDSA", claims.header)
        print(f"SUCCESS oauth: the signature of a token by {method}")

        check(users_status(access_token) == 200, "the token is good")
        for tampered in (with_other_claims(access_token), with_other_signature(access_token)):
            check(tampered != access_token, "nothing was changed")
            check(users_status(tampered) == 401, "a token that was tampered with is taken")
        print(f"SUCCESS oauth: a token by {method} that was tampered with is refused")

    answer(operator.delete(f"{tenants}/{SLUG}"), 204)
    check(users_status(access_token) == 401, "the token of a deleted tenant is taken")
    print("SUCCESS oauth: no token outlives its tenant")


main()
