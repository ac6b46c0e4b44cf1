/* What a person or a program entered for a request, made into a provider request: the form's lines
 * and the API's objects alike.
 */
#ifndef RESOURCES_REQUEST_INPUT_H
#define RESOURCES_REQUEST_INPUT_H

#include "core/provider.h"
#include "http/exchange.h"
#include "store/connections.h"

/* Reads method, path, query, headers and body of the input; checks them by the provider's rules.
 *   query    "a=b&c=d", or an object of texts, numbers, booleans or lists of them
 *   headers  lines "Name: value", or an object of texts
 *   body     from a form its text; from JSON any value, where a text is sent as it stands
 * ERR_INVALID with field errors, or the provider's refusal. */
MUST_USE enum err request_input(struct exchange *x, struct provider_request *request);

/* The text of the form's field, fit for being shown again and kept: for "headers" without the lines
 * that hold credentials (Authorization, Proxy-Authorization, Cookie), which are never sent. */
str request_input_kept(struct exchange *x, const char *field);

#endif
