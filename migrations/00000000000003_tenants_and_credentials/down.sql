DROP TABLE signing_key;
DROP TABLE tenant_credential;
-- Without the column they would be there again.
DELETE FROM tenant WHERE deleted_at IS NOT NULL;
ALTER TABLE tenant DROP COLUMN deleted_at;
ALTER TABLE tenant DROP COLUMN version;
ALTER TABLE tenant DROP COLUMN preset;
