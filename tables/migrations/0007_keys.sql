-- Mortise keys: for scripts and bots, which have no browser session. The key itself is stored as an
-- HMAC and shown once. One without a user acts as its app, on Shared credentials only.

CREATE TABLE mortise_keys (
    id TEXT PRIMARY KEY,
    token_hmac BLOB NOT NULL UNIQUE,
    hint TEXT NOT NULL,             -- how it begins, so that people can tell keys apart
    name TEXT NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,             -- acts as; null: as the app
    app_id TEXT REFERENCES apps (id) ON DELETE CASCADE,               -- opens only this; null: all
    connection_id TEXT REFERENCES connections (id) ON DELETE CASCADE, -- opens only this; null: all
    methods TEXT NOT NULL,          -- separated by spaces; empty: all
    paths TEXT NOT NULL,            -- prefixes of whole segments, separated by spaces; empty: all
    created BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires BIGINT,                 -- null: never
    last_used BIGINT
);
CREATE INDEX mortise_keys_by_user ON mortise_keys (user_id);
CREATE INDEX mortise_keys_by_app ON mortise_keys (app_id);
CREATE INDEX mortise_keys_by_connection ON mortise_keys (connection_id);
