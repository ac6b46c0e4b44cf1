// How often refresh tokens were exchanged, for tests that must know exactly: for each family of
// tokens (one consent, as a rule) and for each generation of its refresh token. The first refresh
// token of a consent is generation 1, its successors 2, and so on: two accepted calls for one
// generation mean that two clients, or one that forgot, used the same token. Not kept on disk.

export class Refreshes {
    #families = new Map();
    #unknown = 0; // refused, and nobody knows the token

    /** `note` is that of a call of the token endpoint (oauth/endpoints.mjs). */
    add({ grant_type: type, outcome, client_id: clientId, account, family, generation }) {
        if (type !== 'refresh_token') return;
        if (family === undefined) {
            this.#unknown += 1;
            return;
        }
        const counts = this.#families.get(family) ??
            { client_id: clientId, email: account, accepted: 0, refused: 0, by_generation: {} };
        this.#families.set(family, counts);
        if (outcome !== 'ok') {
            counts.refused += 1;
            return;
        }
        counts.accepted += 1;
        counts.by_generation[generation] = (counts.by_generation[generation] ?? 0) + 1;
    }

    summary() {
        const all = [...this.#families.values()];
        const sum = (key) => all.reduce((total, each) => total + each[key], 0);
        return { accepted: sum('accepted'), refused: sum('refused') + this.#unknown,
            by_grant: Object.fromEntries(this.#families) };
    }

    clear() {
        this.#families.clear();
        this.#unknown = 0;
    }
}
