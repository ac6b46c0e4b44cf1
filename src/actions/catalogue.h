/* The catalogue: actions that are ready to be added to any app. Every entry is a file of
 * tables/catalogue, embedded in the binary; its name is the file's:
 *
 *   {"name": "Add comment", "description": "...", "category": "Issues",
 *    "requests": {"AddComment": {"method", "path", "query", "headers", "body"}},
 *    "action": {...}}
 *
 * requests are documents of saved requests (request.h) of which query, headers and body may be left
 * out; action is one of an action (action.h), whose steps name those requests. Adding (resources)
 * saves both in the app, on a connection; from then on they are like any others.
 *
 * Names of requests are unique in an app. One that is there already with the same document on the
 * same connection is used; if another one has the name, the entry's gets a number: "AddComment2".
 * That works because templates in requests name steps, and only options_from names a request:
 * there it is written {{request.NAME.response...}}.
 * Pure; any thread. Results are in the arena.
 */
#ifndef ACTIONS_CATALOGUE_H
#define ACTIONS_CATALOGUE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/str.h"

struct catalogue_source {
    const char *entry;
    str text;
};

/* By entry. Made by tools/embed_catalogue.py. */
const struct catalogue_source *catalogue_embedded(size_t *ret_count);

/* The entry with whole requests; NULL: there is none of that name. */
json_t *catalogue_entry(struct arena *a, str entry);
/* 1 when one of its requests can change something. */
int catalogue_writes(const json_t *entry);

/* Under which names its requests stand in an app that has `requests` ({NAME: {"connection",
 * "document"}}): {NAME: {"name", "exists"}}; those that do not exist are to be saved. */
json_t *catalogue_names(struct arena *a, const json_t *entry, const json_t *requests,
                        str connection);
/* Its action with those names. */
json_t *catalogue_action(struct arena *a, const json_t *entry, const json_t *names);

#endif
