-- Tenants that are created, changed and deleted while the server runs, their credentials, and the keys
-- that sign tokens.
--
-- New columns have defaults and the tables are new: replicas of the version before go on serving. A
-- tenant that is deleted is not active either, which is what they look at.

-- The name of the preset that the tenant was made from.
ALTER TABLE tenant ADD COLUMN preset text NOT NULL DEFAULT 'rfc';
-- One when it is created, one more with every change.
ALTER TABLE tenant ADD COLUMN version bigint NOT NULL DEFAULT 1;
-- Set where the tenant is gone and its rows wait to be removed.
ALTER TABLE tenant ADD COLUMN deleted_at timestamptz;

CREATE INDEX tenant_deleted_ix ON tenant (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- The subject has no foreign key: a credential outlives the user that it speaks for, and opens nothing then.
CREATE TABLE tenant_credential (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    label text COLLATE "C" NOT NULL,
    -- As RFC 6749 §3.3 writes them: separated by spaces.
    scopes text COLLATE "C" NOT NULL,
    subject uuid,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    secret_hash text COLLATE "C" NOT NULL,
    -- The secret before the last rotation, and until when it is good: both or neither.
    previous_secret_hash text COLLATE "C",
    previous_expires_at timestamptz,
    CONSTRAINT tenant_credential_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT tenant_credential_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenant (id) ON DELETE CASCADE
);

-- Of the whole deployment, not of a tenant. The private keys are sealed by the server.
CREATE TABLE signing_key (
    id text COLLATE "C" NOT NULL,
    algorithm text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    public_jwk text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT signing_key_pk PRIMARY KEY (id)
);
