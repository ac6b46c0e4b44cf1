/* Rows that the cases on connections, credentials and OAuth begin with. Test programs only. */
#ifndef TESTS_STORE_CONNECTED_H
#define TESTS_STORE_CONNECTED_H

#include "contract.h"
#include "store/connections.h"
#include "store/credentials.h"

static const str NONE = {NULL, 0};

/* Two people, two apps, a connection in each, a group with bob in it; anna is a runner of app 1. */
static inline void seed(struct contract *c)
{
    contract_script(
        c, "INSERT INTO users (id, email, email_key, name, sort_key, search, workspace_admin, "
           "state, created) VALUES"
           " ('anna', 'a@x', 'a@x', 'Anna', 'anna', '', 0, 'active', 1),"
           " ('bob', 'b@x', 'b@x', 'Bob', 'bob', '', 0, 'active', 1);"
           "INSERT INTO apps (id, slug, name, sort_key, search, description, created) VALUES"
           " ('app1', 'one', 'One', 'one', '', '', 1), ('app2', 'two', 'Two', 'two', '', '', 1);"
           "INSERT INTO groups (id, name, name_key, sort_key, description, created) VALUES"
           " ('g', 'G', 'g', 'g', '', 1);"
           "INSERT INTO group_members (group_id, user_id, created) VALUES ('g', 'bob', 1);"
           "INSERT INTO permissions (id, app_id, kind, principal, role, created) VALUES"
           " ('p1', 'app1', 'user', 'anna', 'runner', 1);"
           "INSERT INTO sites (id, url, name, last_seen) VALUES"
           " ('cloud-1', 'https://acme.atlassian.net', 'acme', 1)");
    struct connection_row one = {.id = STR("con1"),
                                 .app = STR("app1"),
                                 .type = STR("jira_api"),
                                 .name = STR("Jira"),
                                 .created = 1,
                                 .created_by = STR("anna")};
    struct connection_row two = {.id = STR("con2"),
                                 .app = STR("app2"),
                                 .type = STR("jira_api"),
                                 .name = STR("Jira"),
                                 .created = 1};
    contract_ok(c, store_connection_insert(c->db, c->arena, &c->fault, &one, STR("jira")));
    contract_ok(c, store_connection_insert(c->db, c->arena, &c->fault, &two, STR("jira")));
}

static inline struct credential_row credential(str id, str owner)
{
    return (struct credential_row){
        .id = id,
        .app = STR("app1"),
        .connection = STR("con1"),
        .owner = owner,
        .entered_by = STR("anna"),
        .generation = 1,
        .status = STR("connected"),
        .account_id = STR("5b10"),
        .account_name = STR("Anna"),
        .username = STR("anna@acme.example"),
        .site_id = STR("cloud-1"),
        .entered_origin = STR("https://acme.atlassian.net"),
        .origin = STR("https://acme.atlassian.net"),
        .base_path = STR(""),
        .sealed = STR("\1sealed\0bytes"),
        .since = 10,
    };
}

#endif
