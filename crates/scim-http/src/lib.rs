//! SCIM over HTTP with actix-web.
