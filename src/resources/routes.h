/* The route table of tables/routes.def and the prototypes of its handlers: every handler is found
 * by the name that stands in the table. Include this in each file of resources that has handlers.
 *
 * A handler runs on a worker with x->work made and the route's permission checked (hooks.h).
 */
#ifndef RESOURCES_ROUTES_H
#define RESOURCES_ROUTES_H

#include "http/exchange.h"
#include "http/route.h"

/* First halves. */
#define ROUTE(method, path, permission, body, template, begin, finish, again) route_handler begin;
#include "routes.def"
#undef ROUTE
/* Second halves; in the table the others are 0. */
route_handler client_save_finish;
route_handler client_test_finish;
route_handler connect_finish;
route_handler oauth_callback_finish;
route_handler test_finish;
route_handler request_finish;
route_handler saved_try_finish;
route_handler action_form_finish;
route_handler action_run_finish;

/* Static storage. */
struct route_table routes_table(void);

#endif
