-- The relay: whether a connection answers the search that Jira has removed, and a record of every call.

ALTER TABLE connections ADD COLUMN old_search BIGINT NOT NULL DEFAULT 1; -- 0: answered by Jira alone

-- Written in groups, some seconds later. Names are kept as they were: keys and connections go.
CREATE TABLE relay_calls (
    id TEXT PRIMARY KEY,          -- sorts by the time it came
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL,
    connection_name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    key_name TEXT NOT NULL,
    user_id TEXT,                 -- acts as; null: as the app
    credential_id TEXT NOT NULL,
    method TEXT NOT NULL,
    template TEXT NOT NULL,       -- the path with {placeholders}
    issue TEXT,                   -- key or id of the issue that the path names
    status BIGINT NOT NULL,       -- 0: the caller left before there was one
    code TEXT,                    -- of an answer of our own (tables/errors.def)
    came BIGINT NOT NULL,
    ms BIGINT NOT NULL,
    repeats BIGINT NOT NULL
);
CREATE INDEX relay_calls_by_app ON relay_calls (app_id, id);
