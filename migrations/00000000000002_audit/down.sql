ALTER TABLE scim_resource DROP COLUMN change_id;
DROP TABLE hidden_resource;
DROP TABLE audit_event;
