-- Every server forgets its tenants: those of the same name that come later are others.
SELECT pg_notify('scim_changes', 'tenant:' || id) FROM tenant;

DROP TABLE resource_member;
DROP TABLE resource_unique_value;
DROP TABLE scim_resource;
DROP TABLE tenant_resource_type;
DROP TABLE tenant_schema;
DROP TABLE tenant;
