-- The life of a grant: what failed, when it is refreshed though nobody uses it, and the journal of
-- refreshes under way. A grant may reach one site only (resource-level OAuth apps). Since when a
-- credential is what it is, and what failed last.
--
-- Both tables are made anew, because the unique constraint changes.

CREATE TABLE grants_next (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,        -- the client that made it, the only one that refreshes it
    account_id TEXT NOT NULL,
    site_id TEXT NOT NULL,          -- '': reaches every site consented to; else the only one
    scopes TEXT NOT NULL,
    generation BIGINT NOT NULL,     -- moves with every new token
    sealed_access BLOB NOT NULL,
    sealed_refresh BLOB NOT NULL,
    access_expires BIGINT NOT NULL,
    granted BIGINT NOT NULL,        -- when somebody last consented
    refreshed BIGINT,
    keep_at BIGINT NOT NULL,        -- refreshed from then on, though nobody uses it
    failures BIGINT NOT NULL,       -- refreshes that failed in a row
    failing_since BIGINT,
    next_try BIGINT,                -- not before; the database's clock
    last_class TEXT,                -- transient, client (the operator's fault), dead
    last_error TEXT,                -- a sentence
    UNIQUE (client_id, account_id, site_id)
);
INSERT INTO grants_next (id, client_id, account_id, site_id, scopes, generation, sealed_access,
    sealed_refresh, access_expires, granted, refreshed, keep_at, failures)
SELECT id, client_id, account_id, '', scopes, generation, sealed_access, sealed_refresh,
    access_expires, granted, refreshed, COALESCE(refreshed, granted) + 3888000000, 0
FROM oauth_grants;

CREATE TABLE credentials_next (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    owner TEXT REFERENCES users (id) ON DELETE CASCADE,
    entered_by TEXT NOT NULL,
    switch_counter BIGINT NOT NULL, -- the connection's when it was entered; another: out of use
    generation BIGINT NOT NULL,     -- moves with every new secret, disconnect and switch
    status TEXT NOT NULL,           -- connected, needs_reconnect, grant_refused, locked, disconnected
    status_since BIGINT,            -- when it became that; null: `since`
    why TEXT,                       -- sentence behind needs_reconnect, grant_refused and locked
    account_id TEXT NOT NULL,
    account_name TEXT NOT NULL,
    username TEXT NOT NULL,         -- the Atlassian account's e-mail that was entered
    site_id TEXT NOT NULL REFERENCES sites (id),
    entered_origin TEXT NOT NULL,   -- the Base URL that was entered, as an origin
    origin TEXT NOT NULL,           -- where calls go and the secret is bound to: scheme://host[:port]
    base_path TEXT NOT NULL,        -- '' on the site's host, '/ex/jira/<cloud id>' on the gateway
    sealed BLOB,                    -- the API token, or the grant's id
    grant_id TEXT REFERENCES grants_next (id), -- for joins
    expires BIGINT,                 -- as the user told us
    since BIGINT NOT NULL,
    last_used BIGINT,
    last_checked BIGINT,
    last_error TEXT,                -- what failed last, as a sentence; null: nothing since
    last_error_at BIGINT,
    suspended BIGINT                -- since when the owner has no access; erased after 30 days
);
INSERT INTO credentials_next (id, app_id, connection_id, owner, entered_by, switch_counter,
    generation, status, why, account_id, account_name, username, site_id, entered_origin, origin,
    base_path, sealed, grant_id, expires, since, last_used, last_checked, suspended)
SELECT id, app_id, connection_id, owner, entered_by, switch_counter, generation, status, why,
    account_id, account_name, username, site_id, entered_origin, origin, base_path, sealed,
    grant_id, expires, since, last_used, last_checked, suspended
FROM credentials;

DROP TABLE credentials;
DROP TABLE oauth_grants;
ALTER TABLE grants_next RENAME TO oauth_grants;
ALTER TABLE credentials_next RENAME TO credentials;
CREATE UNIQUE INDEX credentials_shared ON credentials (connection_id) WHERE owner IS NULL;
CREATE UNIQUE INDEX credentials_own ON credentials (connection_id, owner) WHERE owner IS NOT NULL;
CREATE INDEX credentials_by_owner ON credentials (owner);
CREATE INDEX credentials_by_grant ON credentials (grant_id);
CREATE INDEX credentials_by_site ON credentials (site_id);
CREATE INDEX oauth_grants_by_keep_at ON oauth_grants (keep_at);

-- A refresh that has begun. The row stays when it is over, so that the fencing number only grows.
-- Its times are the database's clock.
CREATE TABLE refresh_journal (
    grant_id TEXT PRIMARY KEY REFERENCES oauth_grants (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,     -- of the refresh token that is asked with
    owner TEXT,                     -- the process that asks (io/process.h); null: nobody
    fence BIGINT NOT NULL,          -- moves with every taking
    until BIGINT NOT NULL,          -- when the lease ends
    began BIGINT                    -- the first try whose outcome is not known; null: none is open
);
CREATE INDEX refresh_journal_open ON refresh_journal (until) WHERE began IS NOT NULL;
