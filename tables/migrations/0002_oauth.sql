-- OAuth 2.0: clients, grants, credentials that stand on them, connects that go by way of Atlassian.
-- And what a connection with shared credentials allows its runners.

-- Who Mortise is at Atlassian: the workspace's client, or a connection's own.
CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY,
    connection_id TEXT REFERENCES connections (id) ON DELETE CASCADE, -- null: the workspace's
    client_id TEXT NOT NULL,        -- as Atlassian gave it
    scopes TEXT NOT NULL,           -- separated by spaces
    sealed BLOB NOT NULL,           -- the client secret
    generation BIGINT NOT NULL,     -- moves with every new secret
    saved BIGINT NOT NULL,
    saved_by TEXT NOT NULL
);
CREATE UNIQUE INDEX oauth_clients_one ON oauth_clients (COALESCE(connection_id, ''));

-- One a client and Atlassian account: the tokens. Credentials stand on it; without any it goes.
CREATE TABLE oauth_grants (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,        -- the client that made it, the only one that refreshes it
    account_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    generation BIGINT NOT NULL,     -- moves with every new token
    sealed_access BLOB NOT NULL,
    sealed_refresh BLOB NOT NULL,
    access_expires BIGINT NOT NULL,
    granted BIGINT NOT NULL,        -- when somebody last consented
    refreshed BIGINT,
    UNIQUE (client_id, account_id)
);

-- A credential that stands on a grant: `sealed` then holds the grant's id, so that a link changed
-- by SQL does not open; this column is for joins.
ALTER TABLE credentials ADD COLUMN grant_id TEXT REFERENCES oauth_grants (id);
CREATE INDEX credentials_by_grant ON credentials (grant_id);

ALTER TABLE connections ADD COLUMN runners_may_request BIGINT NOT NULL DEFAULT 0;

-- Connects under way. kind: authorize (the browser is at Atlassian; the token is `state`), site (a
-- site is to be chosen), identity (account or site differs from before). Ten minutes each; the row
-- of an authorize stays a day, without its secret, to explain what became of it.
DROP TABLE pending_connects;
CREATE TABLE pending_connects (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    token_hmac BLOB NOT NULL UNIQUE,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    switch_counter BIGINT NOT NULL,
    credential_id TEXT,             -- the one on file when it began, null: none
    generation BIGINT NOT NULL,     -- its generation, 0: none
    client_id TEXT,                 -- OAuth: the client that asks
    found TEXT NOT NULL,            -- JSON: what is known so far; no secret
    sealed BLOB,                    -- PKCE verifier, access token or API key
    sealed_refresh BLOB,
    return_to TEXT,
    created BIGINT NOT NULL,
    until BIGINT NOT NULL,
    used BIGINT,
    outcome TEXT                    -- of an authorize that came back: an error's code, or 'ok'
);
CREATE INDEX pending_connects_by_user ON pending_connects (connection_id, user_id);
CREATE INDEX pending_connects_by_session ON pending_connects (session_id);
CREATE INDEX pending_connects_by_until ON pending_connects (until);
