-- Tenants, resources, memberships and unique values.
--
-- Every key begins with tenant_id; times and ids come in as parameters; there are no triggers and
-- no SET NULL, so that the tables can be distributed by tenant as they stand. Text that is compared
-- is a key made by the server, of collation "C": its order is that of code points.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE tenant (
    id uuid NOT NULL,
    slug text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    active boolean NOT NULL,
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT tenant_pk PRIMARY KEY (id),
    CONSTRAINT tenant_slug_uq UNIQUE (slug)
);

-- The schemas of a tenant and its resource types, in RFC 7643 §7 and §6 form and in their order.
CREATE TABLE tenant_schema (
    tenant_id uuid NOT NULL,
    urn_key text COLLATE "C" NOT NULL,
    place integer NOT NULL,
    definition json NOT NULL,
    CONSTRAINT tenant_schema_pk PRIMARY KEY (tenant_id, urn_key),
    CONSTRAINT tenant_schema_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenant (id) ON DELETE CASCADE
);

CREATE TABLE tenant_resource_type (
    tenant_id uuid NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    place integer NOT NULL,
    definition json NOT NULL,
    CONSTRAINT tenant_resource_type_pk PRIMARY KEY (tenant_id, name_key),
    CONSTRAINT tenant_resource_type_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenant (id) ON DELETE CASCADE
);

CREATE TABLE scim_resource (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- How many members a group has, so that no write has to count them.
    member_count bigint NOT NULL,
    -- What a group shows of this member, as it is and as it compares.
    display text COLLATE "C",
    display_key text COLLATE "C",
    -- The key by which a userName is equal to another. Not unique: who is hidden keeps it.
    user_name_key text COLLATE "C",
    -- A digest of the rows that the resource has in resource_unique_value.
    unique_digest text COLLATE "C" NOT NULL,
    -- The values that trigram searches look into, each between two line feeds.
    search_text text COLLATE "C" NOT NULL,
    -- The document with every value replaced by its comparison key.
    keys jsonb NOT NULL,
    -- The document, byte for byte as the server wrote it.
    payload json NOT NULL,
    CONSTRAINT scim_resource_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT scim_resource_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenant (id) ON DELETE CASCADE
);

CREATE INDEX scim_resource_type_ix ON scim_resource (tenant_id, resource_type, id);
CREATE INDEX scim_resource_updated_ix ON scim_resource (tenant_id, resource_type, updated_at, id);
CREATE INDEX scim_resource_user_name_ix ON scim_resource (tenant_id, resource_type, user_name_key)
    WHERE user_name_key IS NOT NULL;
CREATE INDEX scim_resource_keys_ix ON scim_resource USING gin (keys jsonb_path_ops);
CREATE INDEX scim_resource_search_ix ON scim_resource USING gin (search_text gin_trgm_ops);

CREATE TABLE resource_unique_value (
    tenant_id uuid NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    attribute text COLLATE "C" NOT NULL,
    value_key text COLLATE "C" NOT NULL,
    resource_id uuid NOT NULL,
    CONSTRAINT resource_unique_value_pk PRIMARY KEY (tenant_id, resource_type, attribute, value_key),
    CONSTRAINT resource_unique_value_resource_fk FOREIGN KEY (tenant_id, resource_id)
        REFERENCES scim_resource (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX resource_unique_value_resource_ix ON resource_unique_value (tenant_id, resource_id);

CREATE TABLE resource_member (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    member_id uuid NOT NULL,
    CONSTRAINT resource_member_pk PRIMARY KEY (tenant_id, group_id, member_id),
    CONSTRAINT resource_member_group_fk FOREIGN KEY (tenant_id, group_id)
        REFERENCES scim_resource (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT resource_member_member_fk FOREIGN KEY (tenant_id, member_id)
        REFERENCES scim_resource (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX resource_member_member_ix ON resource_member (tenant_id, member_id, group_id);
