-- Distributes the tables by tenant over the nodes of a Citus cluster.
--
-- Run it once, on the coordinator, as a superuser, after the migrations and before anything is
-- stored (a database that holds rows has to stop writing meanwhile). Read docs/postgresql.md first.
-- A migration that adds a table needs a line here: a new table with a foreign key to a distributed one
-- is created without complaint and refuses every row afterwards.

-- Small, rarely written, referred to by everything: a copy on every node.
SELECT create_reference_table('tenant');

-- Referred to tables come first; all rows of a tenant are on one node.
SELECT create_distributed_table('scim_resource', 'tenant_id');
SELECT create_distributed_table('resource_unique_value', 'tenant_id', colocate_with => 'scim_resource');
SELECT create_distributed_table('resource_member', 'tenant_id', colocate_with => 'scim_resource');
SELECT create_distributed_table('tenant_schema', 'tenant_id', colocate_with => 'scim_resource');
SELECT create_distributed_table('tenant_resource_type', 'tenant_id', colocate_with => 'scim_resource');
SELECT create_distributed_table('hidden_resource', 'tenant_id', colocate_with => 'scim_resource');
SELECT create_distributed_table('audit_event', 'tenant_id', colocate_with => 'scim_resource');
SELECT create_distributed_table('tenant_credential', 'tenant_id', colocate_with => 'scim_resource');

-- signing_key is no tenant's: it stays where it is, on the coordinator.
