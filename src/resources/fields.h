/* Parameters that several resources read, checked; what cannot be used is noted as a field error
 * (http/exchange.h), so that a handler can collect all of them.
 */
#ifndef RESOURCES_FIELDS_H
#define RESOURCES_FIELDS_H

#include "http/exchange.h"

/* 1 when the parameter was given; *ret is then its value, 0 or 1. JSON gives a boolean, a form
 * "true"/"on"/"1" or "false"/"off"/"0"/"". Anything else is a field error (and 0 is returned). */
int field_flag(struct exchange *x, const char *name, int *ret);
/* An e-mail address, trimmed. */
str field_email(struct exchange *x, const char *name);
/* A name or description given in a PATCH: &*room with the text in it, or NULL when the parameter
 * was not given. */
const str *field_name_if_given(struct exchange *x, const char *name, str *room);
const str *field_description_if_given(struct exchange *x, str *room);
/* A new password by the rule on lengths. */
const struct secret *field_password(struct exchange *x, const char *name);
/* The date "expires", as the milliseconds UTC it begins with; 0: none given. passed: what to say of
 * one that is over. */
int64_t field_expiry(struct exchange *x, const char *passed);
/* x->agent as text that can be stored and shown; empty when it is not. */
str field_agent(const struct exchange *x);

#endif
