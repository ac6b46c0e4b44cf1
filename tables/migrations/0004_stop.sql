-- Emergency stops: while one is open, nothing of an app, a user or a site is used. The secrets stay
-- sealed until they are erased, in a step of its own.

CREATE TABLE stops (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,             -- app, user, site
    subject TEXT NOT NULL,          -- the id of that; the row outlives an app
    label TEXT NOT NULL,            -- its name then
    detail TEXT NOT NULL,           -- its slug, e-mail or address then
    reason TEXT NOT NULL,
    by_workspace BIGINT NOT NULL,   -- 1: set by a workspace admin or on the server's machine, and
                                    -- lifted by such only
    stopped BIGINT NOT NULL,
    stopped_by TEXT,                -- a user's id; null: the command line
    listed BIGINT,                  -- when its items were written; null: to be done
    erased BIGINT,
    erased_by TEXT,
    erased_count BIGINT NOT NULL,   -- secrets
    lifted BIGINT,
    lifted_by TEXT
);
CREATE UNIQUE INDEX stops_open ON stops (kind, subject) WHERE lifted IS NULL;
CREATE INDEX stops_by_subject ON stops (kind, subject, stopped);
CREATE INDEX stops_by_time ON stops (stopped);

-- What had to be revoked at Atlassian when it was set, written right after the flag: one row a thing to revoke (the API tokens of
-- an account, an account's access for one OAuth client). No app and no connection is named.
CREATE TABLE stop_items (
    stop_id TEXT NOT NULL REFERENCES stops (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,       -- from 1, by person
    kind TEXT NOT NULL,             -- api_key, oauth
    client_id TEXT,                 -- of oauth
    account_id TEXT NOT NULL,
    account_name TEXT NOT NULL,
    account_email TEXT NOT NULL,
    person_name TEXT NOT NULL,      -- who entered it; the first of them
    person_email TEXT NOT NULL,
    people BIGINT NOT NULL,
    site_name TEXT NOT NULL,        -- the first of them
    site_url TEXT NOT NULL,
    sites BIGINT NOT NULL,
    credentials BIGINT NOT NULL,    -- that stood on it
    since BIGINT NOT NULL,
    last_used BIGINT,
    PRIMARY KEY (stop_id, position)
);

CREATE INDEX credentials_by_app ON credentials (app_id);
CREATE INDEX credentials_by_entered ON credentials (entered_by);
