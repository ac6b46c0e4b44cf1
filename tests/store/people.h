/* Rows that the cases on people and apps begin with. Test programs only. */
#ifndef TESTS_STORE_PEOPLE_H
#define TESTS_STORE_PEOPLE_H

#include "contract.h"
#include "store/apps.h"
#include "store/groups.h"
#include "store/permissions.h"
#include "store/users.h"

/* What every store function begins with. */
#define STORE(c) (c)->db, (c)->arena, &(c)->fault

/* id is e-mail, name and sort key at once. */
static inline struct user_row user_named(const char *id, enum user_state state)
{
    str s = str_from(id);

    return (struct user_row){.id = s,
                             .email = s,
                             .email_key = s,
                             .name = s,
                             .sort_key = s,
                             .search = s,
                             .state = state,
                             .created = 1000};
}

static inline void add_user(struct contract *c, const char *id, enum user_state state)
{
    struct user_row row = user_named(id, state);

    contract_ok(c, store_user_insert(STORE(c), &row));
}

static inline void add_group(struct contract *c, const char *id)
{
    str s = str_from(id);
    struct group_row row = {
        .id = s, .name = s, .name_key = s, .sort_key = s, .description = STR(""), .created = 1};

    contract_ok(c, store_group_insert(STORE(c), &row));
}

static inline void add_app(struct contract *c, const char *id)
{
    str s = str_from(id);
    struct app_row row = {
        .id = s, .slug = s, .name = s, .sort_key = s, .search = s, .description = STR("")};

    contract_ok(c, store_app_insert(STORE(c), &row));
}

static inline void add_permission(struct contract *c, const char *id, const char *app,
                                  enum permission_kind kind, const char *principal,
                                  enum permission_role role)
{
    struct permission_row row = {.id = str_from(id),
                                 .app = str_from(app),
                                 .kind = kind,
                                 .principal = str_from(principal),
                                 .role = role,
                                 .created = 1};

    contract_ok(c, store_permission_insert(STORE(c), &row));
}

#endif
