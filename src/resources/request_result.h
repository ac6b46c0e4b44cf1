/* Jira's answer to a request, as the API gives it (untouched JSON) and as the page shows it. */
#ifndef RESOURCES_REQUEST_RESULT_H
#define RESOURCES_REQUEST_RESULT_H

#include <jansson.h>

#include "core/provider.h"
#include "http/exchange.h"

struct request_result {
    const struct provider_request *reply;
    str account;
    str site;
    int shared;
    int64_t total_ms;
};

/* Fills the exchange's document, with Jira's body spliced in as it came. */
void request_result_json(struct exchange *x, const struct request_result *r);
/* The member "result" of the page's document. */
json_t *request_result_page(struct exchange *x, const struct request_result *r);

#endif
