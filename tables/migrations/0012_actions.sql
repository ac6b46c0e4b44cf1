-- Requests and actions that an app's admins save, and what became of running them. What a document holds is told by the file that
-- reads it: src/actions/request.h, src/actions/action.h.

CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name TEXT NOT NULL,             -- never changes: templates and steps name it
    name_key TEXT NOT NULL,
    connection_id TEXT REFERENCES connections (id) ON DELETE SET NULL, -- null: it was deleted
    document TEXT NOT NULL,         -- JSON: method, path, query, headers, body, with templates in them
    version BIGINT NOT NULL,        -- moves with every change
    created BIGINT NOT NULL,
    created_by TEXT,
    changed BIGINT NOT NULL,
    changed_by TEXT,
    UNIQUE (app_id, name_key)
);
CREATE INDEX requests_by_connection ON requests (connection_id);

CREATE TABLE actions (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    enabled BIGINT NOT NULL,        -- 0 or 1; what was never applied cannot be run whatever stands here
    draft TEXT NOT NULL,            -- JSON: inputs, steps, outputs; steps name requests of the app
    draft_version BIGINT NOT NULL,  -- moves with every change of the draft
    applied TEXT,                   -- JSON: the draft as it was applied, with its requests in it; null: never yet
    applied_version BIGINT,         -- moves with every Apply changes
    applied_from BIGINT,            -- the draft_version that it was
    applied_at BIGINT,
    applied_by TEXT,
    created BIGINT NOT NULL,
    created_by TEXT,
    changed BIGINT NOT NULL,
    UNIQUE (app_id, slug),
    UNIQUE (app_id, name_key)
);

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    action_id TEXT REFERENCES actions (id) ON DELETE SET NULL,
    action_name TEXT NOT NULL,
    applied_version BIGINT NOT NULL,
    user_id TEXT,                   -- who ran it; null: a key of the app
    user_name TEXT NOT NULL,
    source TEXT NOT NULL,           -- page, api, key
    status TEXT NOT NULL,           -- running, successful, partial, stopped, interrupted
    sentence TEXT,                  -- why it ended before its end
    writes BIGINT NOT NULL,         -- steps of what was run that can change something
    dry BIGINT NOT NULL,            -- 1: nothing was written, it shows what would be
    own BIGINT NOT NULL,            -- 1: some step used the runner's own account, so contents are the runner's alone
    inputs TEXT NOT NULL,           -- JSON object
    input_errors TEXT,              -- JSON object: what Jira said of single inputs; null: nothing
    outputs TEXT,                   -- JSON list; null while it runs
    calls_done BIGINT NOT NULL,
    calls_failed BIGINT NOT NULL,
    calls_planned BIGINT NOT NULL,  -- as far as is known yet
    started BIGINT NOT NULL,
    ended BIGINT,                   -- null while it runs
    beat BIGINT NOT NULL            -- by the database's clock: its process was alive then
);
CREATE INDEX runs_by_app ON runs (app_id, id);
CREATE INDEX runs_by_action ON runs (action_id, user_id, id);
CREATE INDEX runs_by_beat ON runs (status, beat);
CREATE INDEX runs_by_ended ON runs (ended);

-- One row a call, or a step that made none. A row that says "sending" and stays so was cut off: Jira may have carried it out.
CREATE TABLE run_calls (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,         -- in the order in which they began, from 1
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    step TEXT NOT NULL,             -- its name
    item BIGINT,                    -- of a step that goes over a list: which, from 1
    state TEXT NOT NULL,            -- sending, done, failed, skipped, dry (what would be sent)
    is_write BIGINT NOT NULL,
    connection_name TEXT NOT NULL,
    account TEXT NOT NULL,          -- whose, as the site calls them; empty: none was used
    site TEXT NOT NULL,
    shared BIGINT NOT NULL,
    method TEXT NOT NULL,
    template TEXT NOT NULL,         -- the path before it was filled
    path TEXT NOT NULL,             -- as it was sent, with its query
    request_body TEXT,              -- masked and cut; null: none
    status BIGINT,                  -- null: no answer came
    response_body TEXT,             -- masked and cut; null: none
    sentence TEXT,                  -- what the answer means, or why there is none
    changes TEXT,                   -- JSON, of a dry one: which fields would change from what to what
    began BIGINT NOT NULL,
    ms BIGINT,
    PRIMARY KEY (run_id, number)
);
