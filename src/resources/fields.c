/* Checked parameters. See the header. */
#include "resources/fields.h"

#include "base/clock.h"
#include "base/doc.h"
#include "core/names.h"
#include "core/sessions.h"
#include "core/work.h"

static int is_no(str text)
{
    return str_empty(text) || str_eq(text, STR("false")) || str_eq(text, STR("off")) ||
           str_eq(text, STR("0"));
}

int field_flag(struct exchange *x, const char *name, int *ret)
{
    const json_t *value = doc_get(x->input, name);

    if (value == NULL)
        return 0;
    if (exchange_flag(x, name)) {
        *ret = 1;
        return 1;
    }
    if (json_is_false(value) || (json_is_string(value) && is_no(exchange_text(x, name)))) {
        *ret = 0;
        return 1;
    }
    exchange_field_error(x, name, "This has to be true or false.");
    return 0;
}

str field_email(struct exchange *x, const char *name)
{
    str email = exchange_name_field(x, name, 254);

    if (!str_empty(email) && !name_email_valid(email))
        exchange_field_error(x, name, "Please enter one e-mail address, like anna@example.com.");
    return email;
}

const str *field_name_if_given(struct exchange *x, const char *name, str *room)
{
    if (!exchange_has(x, name))
        return NULL;
    *room = exchange_name_field(x, name, NAMES_LENGTH_MAX);
    return room;
}

const str *field_description_if_given(struct exchange *x, str *room)
{
    if (!exchange_has(x, "description"))
        return NULL;
    *room = exchange_text_field(x, "description", NAMES_DESCRIPTION_MAX);
    return room;
}

const struct secret *field_password(struct exchange *x, const char *name)
{
    const struct secret *password = exchange_secret(x, name);
    const char *problem = sessions_password_problem(password);

    if (problem)
        exchange_field_error(x, name, problem);
    return password;
}

int64_t field_expiry(struct exchange *x, const char *passed)
{
    int64_t ms = 0;
    str text = str_trim(exchange_text(x, "expires"));

    if (str_empty(text))
        return 0;
    if (!clock_parse_date(text, &ms))
        exchange_field_error(x, "expires", "Write the date as YYYY-MM-DD.");
    else if (ms < x->work->now_ms)
        exchange_field_error(x, "expires", passed);
    return ms;
}

str field_agent(const struct exchange *x)
{
    return str_is_utf8(x->agent) && !str_has_control(x->agent) ? x->agent : STR("");
}
