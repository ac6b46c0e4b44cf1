-- Incidents, who was told of them, and what is sent on: webhooks and mail.

-- What is or was wrong. subject: a credential's id; of client_refused the OAuth client's, or
-- 'environment'. Names are kept as they were, to tell the end of what is gone by then.
CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,             -- tables/incidents.def
    subject TEXT NOT NULL,
    app_id TEXT REFERENCES apps (id) ON DELETE CASCADE, -- null: the workspace's
    connection_id TEXT,
    owner TEXT,                     -- whose credential; null: a shared one, or an OAuth client
    name TEXT NOT NULL,             -- of the connection; '' for the workspace's OAuth client
    site_name TEXT NOT NULL,
    site_url TEXT NOT NULL,
    why TEXT NOT NULL,
    expires BIGINT,                 -- key_expires: when the key does
    opened BIGINT NOT NULL,
    remind_at BIGINT,               -- when it is told again; null: never
    calm_since BIGINT,              -- over since then, but not yet for long enough
    calm_ms BIGINT NOT NULL,        -- how long is long enough
    closed BIGINT
);
CREATE UNIQUE INDEX incidents_open ON incidents (subject, kind) WHERE closed IS NULL;
CREATE INDEX incidents_open_by_kind ON incidents (kind, id) WHERE closed IS NULL;
CREATE INDEX incidents_to_remind ON incidents (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX incidents_by_subject ON incidents (subject, kind, opened);
CREATE INDEX incidents_by_app ON incidents (app_id, id) WHERE closed IS NULL;
CREATE INDEX incidents_by_closed ON incidents (closed) WHERE closed IS NOT NULL;

-- What one person was told, as it read then.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    event TEXT NOT NULL,            -- opened, still_open, closed
    sentence TEXT NOT NULL,
    link TEXT NOT NULL,             -- a path
    created BIGINT NOT NULL,
    read_at BIGINT
);
CREATE INDEX notices_by_user ON notices (user_id, id);
CREATE INDEX notices_unread ON notices (user_id) WHERE read_at IS NULL;
CREATE INDEX notices_by_incident ON notices (incident_id);

CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    app_id TEXT REFERENCES apps (id) ON DELETE CASCADE, -- null: the workspace's
    url TEXT NOT NULL,
    active BIGINT NOT NULL,
    off_why TEXT,                   -- a sentence, when Mortise switched it off
    sealed BLOB NOT NULL,           -- the signing secret
    generation BIGINT NOT NULL,     -- moves with every new secret
    created BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE INDEX webhooks_by_app ON webhooks (app_id, id);

-- What is to be sent, and what became of it. next_try, until: the database's clock.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    webhook_id TEXT REFERENCES webhooks (id) ON DELETE CASCADE,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE, -- mail, when there is no webhook
    event TEXT NOT NULL,            -- incident.opened, incident.still_open, incident.closed, test
    subject TEXT NOT NULL,          -- of a mail
    body TEXT NOT NULL,             -- JSON, or the mail's text
    state TEXT NOT NULL,            -- pending, delivered, given_up
    attempts BIGINT NOT NULL,
    created BIGINT NOT NULL,
    next_try BIGINT NOT NULL,       -- while one is under way: when it counts as lost
    until BIGINT NOT NULL,          -- the last try
    last_try BIGINT,
    last_status BIGINT,             -- what the receiver answered; null: nothing
    last_error TEXT
);
CREATE INDEX deliveries_due ON deliveries (next_try) WHERE state = 'pending' AND webhook_id IS NOT NULL;
CREATE INDEX deliveries_mails_due ON deliveries (next_try) WHERE state = 'pending' AND webhook_id IS NULL;
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_by_user ON deliveries (user_id, id);
CREATE INDEX deliveries_by_created ON deliveries (created);

-- What is looked at every half minute.
CREATE INDEX credentials_refused ON credentials (id) WHERE status IN ('needs_reconnect', 'grant_refused', 'locked');
CREATE INDEX credentials_by_expires ON credentials (expires, id) WHERE expires IS NOT NULL;
CREATE INDEX oauth_grants_failing ON oauth_grants (last_class, id) WHERE last_class IS NOT NULL;
