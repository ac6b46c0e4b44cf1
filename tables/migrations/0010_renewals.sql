-- Grants to be refreshed because a consent of the same account may have used up what is on file for them
-- (core/grants.h).

CREATE TABLE grant_renewals (
    grant_id TEXT NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    consent TEXT NOT NULL,          -- id of the pending connect whose code was, or was to be, exchanged
    due BIGINT NOT NULL,            -- a refresh begun from then on does; the database's clock
    PRIMARY KEY (grant_id, consent)
);
CREATE INDEX grant_renewals_by_due ON grant_renewals (due);
CREATE INDEX grant_renewals_by_consent ON grant_renewals (consent);
