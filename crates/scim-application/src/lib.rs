//! The use cases of a SCIM service provider, over ports only.
