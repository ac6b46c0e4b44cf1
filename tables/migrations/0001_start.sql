-- People, apps, connections, credentials. Times are milliseconds since 1970 UTC. Ids are ours
-- (base/id.h). *_key columns are the case-folded form that is unique. No booleans: 0 or 1.
-- sort_key: ASCII letters and digits only, so that every collation sorts it alike; ends with the
-- id, so that it is unique and a page of a list can go on behind it (core/names.h). search: what a
-- filter looks into.

CREATE TABLE keyring (
    id TEXT PRIMARY KEY,            -- 'check' is the check value, 'hmac' the root of the HMAC keys,
                                    -- every other row a data key
    wrapped BLOB NOT NULL,          -- sealed under the master key, bound to the id
    active BIGINT NOT NULL,         -- 1: the data key that new values are sealed under
    created BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    sort_key TEXT NOT NULL UNIQUE,
    search TEXT NOT NULL,
    password TEXT,                  -- Argon2id, encoded; null until the first link was used
    workspace_admin BIGINT NOT NULL,
    state TEXT NOT NULL,            -- invited, active, disabled
    created BIGINT NOT NULL,
    last_seen BIGINT
);
CREATE INDEX users_by_state ON users (state);

-- One-time links: the first admin's set-up, invitations, lost passwords.
CREATE TABLE links (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,             -- setup, invite, reset
    token_hmac BLOB NOT NULL UNIQUE,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,  -- null for setup
    created_by TEXT,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT
);
CREATE INDEX links_by_user ON links (user_id);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    token_hmac BLOB NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent TEXT NOT NULL,            -- the browser's name for itself, cut to 200 bytes
    created BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expires ON sessions (expires);

CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    sort_key TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_by_user ON group_members (user_id);

CREATE TABLE apps (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    sort_key TEXT NOT NULL UNIQUE,
    search TEXT NOT NULL,
    description TEXT NOT NULL,
    created BIGINT NOT NULL,
    created_by TEXT
);

-- Who is admin or runner. principal: a user's or group's id, or '' for everyone.
CREATE TABLE permissions (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,             -- user, group, everyone
    principal TEXT NOT NULL,
    role TEXT NOT NULL,             -- admin, runner
    created BIGINT NOT NULL,
    UNIQUE (app_id, kind, principal)
);
CREATE INDEX permissions_by_principal ON permissions (kind, principal);

CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    type TEXT NOT NULL,             -- jira_oauth2, jira_api
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    base_url TEXT,                  -- prefilled, or fixed when base_url_fixed
    base_url_fixed BIGINT NOT NULL,
    shared BIGINT NOT NULL,
    switch_counter BIGINT NOT NULL, -- moves when the sharing scope is switched
    created BIGINT NOT NULL,
    created_by TEXT,
    UNIQUE (app_id, name_key)
);

-- Jira instances, keyed by cloud id, because a site's URL changes when it is renamed. A site
-- without one (Data Center) is keyed by 'host:' and its origin.
CREATE TABLE sites (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    name TEXT NOT NULL,
    last_seen BIGINT NOT NULL
);

-- What somebody entered for a connection. owner null: the shared one. The row outlives its secret
-- (account, site, history); `sealed` is null when there is none.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    owner TEXT REFERENCES users (id) ON DELETE CASCADE,
    entered_by TEXT NOT NULL,
    switch_counter BIGINT NOT NULL, -- the connection's when it was entered; another: out of use
    generation BIGINT NOT NULL,     -- moves with every new secret, disconnect and switch
    status TEXT NOT NULL,           -- connected, needs_reconnect, disconnected
    why TEXT,                       -- sentence behind needs_reconnect
    account_id TEXT NOT NULL,
    account_name TEXT NOT NULL,
    username TEXT NOT NULL,         -- the Atlassian account's e-mail that was entered
    site_id TEXT NOT NULL REFERENCES sites (id),
    entered_origin TEXT NOT NULL,   -- the Base URL that was entered, as an origin
    origin TEXT NOT NULL,           -- where calls go and the secret is bound to: scheme://host[:port]
    base_path TEXT NOT NULL,        -- '' on the site's host, '/ex/jira/<cloud id>' on the gateway
    sealed BLOB,                    -- the API token
    expires BIGINT,                 -- as the user told us
    since BIGINT NOT NULL,
    last_used BIGINT,
    last_checked BIGINT,
    suspended BIGINT                -- since when the owner has no access; erased after 30 days
);
CREATE UNIQUE INDEX credentials_shared ON credentials (connection_id) WHERE owner IS NULL;
CREATE UNIQUE INDEX credentials_own ON credentials (connection_id, owner) WHERE owner IS NOT NULL;
CREATE INDEX credentials_by_owner ON credentials (owner);

-- A connect that waits for an answer: an identity that differs from before.
CREATE TABLE pending_connects (
    id TEXT PRIMARY KEY,
    confirm_hmac BLOB NOT NULL UNIQUE,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    switch_counter BIGINT NOT NULL,
    generation BIGINT NOT NULL,     -- the old credential's, when the question was asked
    found TEXT NOT NULL,            -- JSON: account, site, origin, base path, expiry; no secret
    sealed BLOB NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX pending_connects_by_until ON pending_connects (until);

-- A request form kept while its author goes to connect.
CREATE TABLE drafts (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    until BIGINT NOT NULL,
    UNIQUE (app_id, user_id)
);

-- Attempts at passwords and API keys; name is an HMAC of what is limited.
CREATE TABLE throttles (
    name BLOB PRIMARY KEY,
    count BIGINT NOT NULL,
    until BIGINT NOT NULL           -- when the count starts again
);
CREATE INDEX throttles_by_until ON throttles (until);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
