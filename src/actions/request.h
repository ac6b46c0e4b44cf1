/* A saved request's document: one call to Jira with templates in it (place.h).
 *
 *   {"method": "PUT", "path": "/rest/api/3/issue/{{input.key}}",
 *    "query": [["notifyUsers", "false"]], "headers": [["Accept-Language", "en"]],
 *    "body": {"fields": {"summary": "{{input.summary}}"}}}
 *
 * All five members are always there; body null: none. The body is a document of which strings are
 * filled, so that no value can break out of its place; a path's value is one segment or part of
 * one; a parameter of the query whose template is one place that is null is left out.
 * Pure; any thread. Results are in the arena.
 */
#ifndef ACTIONS_REQUEST_H
#define ACTIONS_REQUEST_H

#include "actions/fill.h"
#include "actions/names.h"
#include "actions/slips.h"
#include "core/provider.h"

#define REQUEST_PATH_MAX ((size_t)2000)
#define REQUEST_QUERY_MAX 50 /* parameters */
#define REQUEST_PAIR_MAX ((size_t)8000)
#define REQUEST_BODY_MAX ((size_t)100000) /* as text */
#define REQUEST_NAMES_MAX 60

/* Collects what is wrong with the document, the fields being "method", "path", "query", "headers"
 * and "body": its shape, its templates, unknown names, and what the provider does not send. */
void request_check(struct slips *s, const json_t *document, const struct names *names,
                   const struct place_filter *filters, const struct provider *provider);

/* Whether it can change something in Jira: any method but GET and HEAD. */
int request_writes(const json_t *document);

/* What its templates name, each once, as names_reference() writes it: a list of texts with
 * REQUEST_NAMES_MAX at most. Without what is known by itself (user, now, today). */
json_t *request_names(struct arena *a, const json_t *document, const struct place_filter *filters);

/* The id of the input that the body's member `field` is filled from, the first that is found of
 * either; p == NULL: of none. In the arena. */
str request_input_of(struct arena *a, const json_t *document, const char *field,
                     const struct place_filter *filters);

/* Method, path, query, headers and body of *ret, checked by the provider's rules. ERR_INVALID
 * that quotes the place, or the provider's refusal. */
MUST_USE enum err request_fill(struct arena *a, struct fault *f, const json_t *document,
                               const struct fill_scope *scope, const struct provider *provider,
                               struct provider_request *ret);

#endif
