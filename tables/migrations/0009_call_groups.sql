-- Records of relayed calls in groups: one row for the calls of one app of one flush of one loop.

-- Records of before are dropped: no release ever wrote any, and they looked back 30 days at most.
DROP TABLE relay_calls;

-- Groups of several loops and processes overlap in time; each spans a minute at most (core/call_groups.h).
CREATE TABLE relay_call_groups (
    id TEXT PRIMARY KEY,          -- a call's id is made of its time, this id's random part and its place in here
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    first_at BIGINT NOT NULL,     -- when the first of them ended, by the clock
    last_at BIGINT NOT NULL,      -- the last
    -- JSON. What is the same for many calls once; the calls in the order in which they ended. Names are kept as they
    -- were: keys and connections go.
    -- {"kinds": [[connection id, connection name, key id, key name, user id or null (as the app), credential id,
    --             method, the path with {placeholders}, code of an answer of our own (tables/errors.def) or null], ...],
    --  "calls": [[ended at - first_at, ms it took, status (0: the caller left before there was one), repeats,
    --             index of its kind, key or id of the issue that the path names or null], ...]}
    calls TEXT NOT NULL
);
CREATE INDEX relay_call_groups_by_app ON relay_call_groups (app_id, last_at, id);
