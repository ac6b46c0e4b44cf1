-- Consents whose code was, or was to be, exchanged, until all grants are marked that they may have used up;
-- the marks are grant_renewals, one a grant (core/grants.h).

CREATE TABLE consents (
    id TEXT PRIMARY KEY,            -- of the pending connect
    client_id TEXT NOT NULL,
    account_id TEXT NOT NULL,       -- '': not known (yet): all grants of the client
    grant_id TEXT NOT NULL DEFAULT '', -- what is on file there are its own tokens; '': nowhere
    due BIGINT NOT NULL,            -- its exchange is over by then; the database's clock
    marked TEXT NOT NULL DEFAULT '' -- grants up to this id are
);
CREATE INDEX consents_by_due ON consents (due);
CREATE INDEX consents_by_grant ON consents (grant_id);

CREATE TABLE grants_to_renew (
    grant_id TEXT PRIMARY KEY REFERENCES oauth_grants (id) ON DELETE CASCADE,
    due BIGINT NOT NULL,            -- a refresh begun from then on does; the database's clock, never ahead
    unknown BIGINT NOT NULL         -- 1: of a consent of which nobody knows whose it was
);
INSERT INTO grants_to_renew SELECT grant_id, max(due), 0 FROM grant_renewals GROUP BY grant_id;
DROP TABLE grant_renewals;
ALTER TABLE grants_to_renew RENAME TO grant_renewals;
CREATE INDEX grant_renewals_by_due ON grant_renewals (due);
CREATE INDEX grant_renewals_in_turn ON grant_renewals (unknown, due, grant_id);

-- What a consent with fewer scopes took from what stood on its grant by then: whose owners are told.
ALTER TABLE credentials ADD COLUMN lost_scopes TEXT; -- separated by spaces; null: none
CREATE INDEX credentials_by_lost ON credentials (id) WHERE lost_scopes IS NOT NULL;
