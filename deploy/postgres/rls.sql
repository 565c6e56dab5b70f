-- Row-level security: a second fence between tenants, for those who want one.
--
-- Every statement of the server names its tenant already. With this, PostgreSQL itself shows a
-- connection the rows of one tenant only, whatever its statements say. Read docs/postgresql.md first:
-- the policies keep the JSON and trigram indexes from being used.
--
-- Run it after the migrations, as the role that owns the tables (which is not subject to it, so
-- migrations and back-ups go on as before). Then give the role scim_app a password and let the server
-- connect as it, with AUTO_MIGRATE=false. The server notices that the policies are in force and tells
-- PostgreSQL the tenant of each piece of work. It can be run again.

DO $$
BEGIN
    CREATE ROLE scim_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
EXCEPTION WHEN duplicate_object THEN
    NULL;
END
$$;

GRANT SELECT ON __diesel_schema_migrations TO scim_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant, signing_key TO scim_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'tenant_schema', 'tenant_resource_type', 'scim_resource', 'resource_unique_value', 'resource_member',
        'tenant_credential', 'hidden_resource', 'audit_event'
    ] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO scim_app', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('DROP POLICY IF EXISTS of_one_tenant ON %I', name);
        -- NULLIF: a setting that was set once is empty afterwards, not NULL.
        EXECUTE format(
            'CREATE POLICY of_one_tenant ON %I TO scim_app '
            'USING (tenant_id = NULLIF(current_setting(''scim.tenant_id'', TRUE), '''')::uuid)', name);
    END LOOP;
END
$$;

-- Which audit records are old enough to go is asked for all tenants at once, by a transaction that says so.
-- They are removed tenant by tenant.
DROP POLICY IF EXISTS outdated ON audit_event;
CREATE POLICY outdated ON audit_event FOR SELECT TO scim_app
    USING (current_setting('scim.purpose', TRUE) = 'prune');
