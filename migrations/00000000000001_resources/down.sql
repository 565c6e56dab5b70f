DROP TABLE resource_member;
DROP TABLE resource_unique_value;
DROP TABLE scim_resource;
DROP TABLE tenant;
