-- The audit log, and the resources that were deleted but put aside.
--
-- Both are new tables and one new column that may be NULL: replicas of the version before go on serving.

-- One row for each change and each refused authentication. Rows are added and pruned, never changed.
-- There is no foreign key to tenant: the records of a tenant outlive it. The id is a UUIDv7, so that the
-- primary key is in the order of time within a tenant.
CREATE TABLE audit_event (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    operation text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    -- What kind of actor it was; the four columns after it are what is known of it.
    actor text COLLATE "C" NOT NULL,
    credential_id uuid,
    subject uuid,
    issuer text COLLATE "C",
    actor_name text COLLATE "C",
    request_id text COLLATE "C" NOT NULL,
    client_address text COLLATE "C",
    -- What it was done to: a resource, or a part of the tenant with a URN or a name as its id.
    resource_type text COLLATE "C",
    resource_id text COLLATE "C",
    version_before bigint,
    version_after bigint,
    -- The names of the attributes that changed.
    attributes text[] COLLATE "C" NOT NULL,
    occurrences bigint NOT NULL,
    CONSTRAINT audit_event_pk PRIMARY KEY (tenant_id, id)
);

-- For pruning, across all tenants. Not BRIN: once pruned pages are used again, its ranges are too wide to be of use.
CREATE INDEX audit_event_at_ix ON audit_event (at);
-- For the history of one resource.
CREATE INDEX audit_event_resource_ix ON audit_event (tenant_id, resource_id, id);

-- Deleted resources that their tenant keeps (softDelete). They are nobody's members, hold no unique
-- values, and no request shows them.
CREATE TABLE hidden_resource (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    hidden_at timestamptz NOT NULL,
    payload json NOT NULL,
    CONSTRAINT hidden_resource_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT hidden_resource_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenant (id) ON DELETE CASCADE
);

-- The audit record of the last change that was made in one round trip: its record is written only where
-- the change before it in the same transaction found the row.
ALTER TABLE scim_resource ADD COLUMN change_id uuid;
