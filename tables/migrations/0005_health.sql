-- What an app needs of a connection, learnt from the calls that Jira answered: scopes, and permissions
-- in projects. By credential, so that in own scope nobody reads the keys of somebody else's projects.
CREATE TABLE credential_needs (
    credential_id TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,             -- scope, permission
    project TEXT NOT NULL,          -- a project's key; '' with a scope
    value TEXT NOT NULL,            -- as the provider calls it: read:jira-work, CREATE_ISSUES
    last_seen BIGINT NOT NULL,      -- written once a day at most
    refused BIGINT,                 -- a scope: since when calls are refused for the lack of it; null: they are not
    PRIMARY KEY (credential_id, kind, project, value)
);
