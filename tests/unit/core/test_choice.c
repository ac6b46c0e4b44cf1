/* The end of a connect by OAuth: a site is chosen, another account is asked about, and what moved
 * meanwhile is compared again where it is saved (core/authorize.h, core/credentials.h). */
#include "core/grant_refresh.h"
#include "jira.h"

/* bob has come back for con1; *ret_confirm names the choice that waits. */
static void keep(struct jira *x, str *ret_confirm)
{
    struct authorize_claim claim;
    struct provider_exchange made = jira_exchange(x);
    struct work *w;

    contract_ok(x->o.c, jira_claim(x, "bob", jira_begin(x, "bob", "con1"), &claim));
    w = jira_callback(x, "bob");
    contract_ok(x->o.c, work_write(w));
    contract_ok(x->o.c, access_enter(w, claim.app));
    contract_ok(x->o.c, world_end(w, authorize_keep(w, &claim, &made, ret_confirm)));
    jira_exchange_wipe(&made);
    jira_done(&claim);
}

static enum err show(struct jira *x, const char *user, const char *connection, str confirm,
                     struct authorize_choice *ret)
{
    struct connection_row n = jira_connection(x, connection);

    return authorize_choice_show(jira_as(x, user, connection), &n, confirm, ret);
}

static enum err open_choice(struct jira *x, const char *user, const char *connection, str confirm,
                            struct authorize_choice *ret)
{
    struct connection_row n = jira_connection(x, connection);

    return authorize_choice_open(jira_as(x, user, connection), &n, confirm, ret);
}

static void choice_done(struct authorize_choice *choice)
{
    secret_wipe(&choice->access);
    secret_wipe(&choice->refresh);
}

/* The site is chosen: uses the choice up and saves. */
static enum err finish(struct jira *x, const struct authorize_choice *choice, const char *account)
{
    struct work *w = jira_as(x, "bob", "con1");
    const struct provider_site *site = &choice->sites[1];
    struct credential_found found = {
        .identity = {str_from(account), STR("Bob"), site->id, site->url, site->name},
        .username = STR(""),
        .entered_origin = site->url,
        .origin = STR(JIRA_GATEWAY),
        .base_path = STR("/ex/jira/cloud-2"),
        .client_id = choice->client_id,
        .scopes = choice->scopes,
        .access_expires = choice->access_expires,
    };
    struct credential_proof proof = {&choice->access, &choice->refresh};
    struct credential_row row, before;
    str confirm;
    enum err e = work_write(w);

    if (!e)
        e = authorize_choice_claim(w, choice);
    if (!e)
        e = credentials_save(w, &choice->moment, &found, &proof, &row, &confirm, &before);
    return world_end(w, e);
}

static void a_site_is_chosen_once(void **state)
{
    struct jira x;
    struct authorize_choice choice = {0}, again = {0};
    str confirm, secret;

    jira_open(&x, state);
    keep(&x, &confirm);
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_CONNECT);
    contract_ok(x.o.c, show(&x, "bob", "con1", confirm, &choice));
    assert_int_equal(choice.site_count, 2);
    assert_str(choice.sites[1].id, "cloud-2");
    assert_str(choice.sites[1].url, "https://two.test");
    assert_str(choice.sites[1].name, "Two");
    assert_str(choice.return_to, "/apps/back");
    assert_false(secret_is_set(&choice.access) || secret_is_set(&choice.refresh));
    contract_ok(x.o.c, open_choice(&x, "bob", "con1", confirm, &choice));
    contract_ok(x.o.c, open_choice(&x, "bob", "con1", confirm, &again));
    assert_str(choice.client_id, "env-client");
    assert_str(choice.scopes, "read:jira-work offline_access");
    assert_true(choice.access_expires == x.o.now_ms + 3600 * CLOCK_SECOND_MS);
    assert_str(secret_expose(&choice.access), "access-1");
    assert_str(secret_expose(&choice.refresh), "refresh-1");
    assert_err(finish(&x, &choice, "acc"), ERR_OK);
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    assert_str(secret, "access-1");
    assert_str(jira_row(&x, "con1", "bob")->site_id, "cloud-2");
    assert_err(finish(&x, &again, "acc"), ERR_CONFIRM_EXPIRED); /* a double click */
    choice_done(&choice);
    choice_done(&again);
    assert_err(show(&x, "bob", "con1", confirm, &choice), ERR_CONFIRM_EXPIRED);
    jira_close(&x);
}

static void a_choice_is_its_users_in_its_session(void **state)
{
    struct jira x;
    struct authorize_choice choice = {0};
    str confirm;

    jira_open(&x, state);
    keep(&x, &confirm);
    assert_err(open_choice(&x, "carl", "con1", confirm, &choice), ERR_CONFIRM_EXPIRED);
    assert_err(open_choice(&x, "anna", "con1", confirm, &choice), ERR_CONFIRM_EXPIRED);
    assert_err(open_choice(&x, "bob", "con2", confirm, &choice), ERR_CONFIRM_EXPIRED);
    assert_err(open_choice(&x, "bob", "con3", confirm, &choice), ERR_CONFIRM_EXPIRED);
    assert_err(open_choice(&x, "bob", "con1", STR("guess"), &choice), ERR_CONFIRM_EXPIRED);
    assert_err(open_choice(&x, "bob", "con1", STR(""), &choice), ERR_CONFIRM_EXPIRED);
    contract_ok(x.o.c, show(&x, "bob", "con1", confirm, &choice));
    jira_sign_in_again(&x, "bob");
    assert_err(open_choice(&x, "bob", "con1", confirm, &choice), ERR_CONFIRM_EXPIRED);
    assert_false(secret_is_set(&choice.access));
    jira_close(&x);
}

static void a_choice_waits_seven_minutes(void **state)
{
    struct jira x;
    struct authorize_choice choice = {0};
    str confirm;

    jira_open(&x, state);
    keep(&x, &confirm);
    x.o.now_ms += CONSENT_WAIT_MS - 1;
    contract_ok(x.o.c, show(&x, "bob", "con1", confirm, &choice));
    x.o.now_ms++;
    assert_err(show(&x, "bob", "con1", confirm, &choice), ERR_CONFIRM_EXPIRED);
    assert_err(open_choice(&x, "bob", "con1", confirm, &choice), ERR_CONFIRM_EXPIRED);
    jira_close(&x);
}

static void a_later_choice_replaces_the_earlier(void **state)
{
    struct jira x;
    struct authorize_choice choice = {0};
    str first, second;

    jira_open(&x, state);
    keep(&x, &first);
    keep(&x, &second);
    assert_err(show(&x, "bob", "con1", first, &choice), ERR_CONFIRM_EXPIRED);
    contract_ok(x.o.c, open_choice(&x, "bob", "con1", second, &choice));
    assert_str(secret_expose(&choice.access), "access-2");
    choice_done(&choice);
    jira_close(&x);
}

/* --- rule 11: compared again in the transaction that saves ------------------------------------ */

static void switches(struct jira *x)
{
    jira_switch(x, "con1", 1);
}

static void switches_there_and_back(struct jira *x)
{
    jira_switch(x, "con1", 1);
    jira_switch(x, "con1", 0);
}

static void disconnects(struct jira *x)
{
    assert_err(jira_disconnect(x, "bob", "con1"), ERR_OK);
}

static void other_tab(struct jira *x)
{
    jira_connect(x, "bob", "con1", "acc");
}

static void own_client(struct jira *x)
{
    (void)jira_client(x, "con1", "own-client");
}

static void environment(struct jira *x)
{
    x->o.settings.jira_client_id = STR("env-other");
}

static void other_session(struct jira *x)
{
    jira_sign_in_again(x, "bob");
}

static const struct {
    const char *what;
    int connected_before;
    const char *sql;
    void (*act)(struct jira *x);
    enum err saved;  /* of an exchange with one site */
    enum err chosen; /* of a choice already opened */
} MOVED[] = {
    {"nothing", 0, NULL, NULL, ERR_OK, ERR_OK},
    {"nothing, connected before", 1, NULL, NULL, ERR_OK, ERR_OK},
    {"switched on", 0, NULL, switches, ERR_NOT_APP_ADMIN, ERR_CONFIRM_EXPIRED},
    {"there and back", 0, NULL, switches_there_and_back, ERR_CONFLICT, ERR_CONFIRM_EXPIRED},
    {"there and back, connected before", 1, NULL, switches_there_and_back, ERR_CONFLICT,
     ERR_CONFIRM_EXPIRED},
    {"counter moved by SQL", 0, "UPDATE connections SET switch_counter = 2", NULL, ERR_CONFLICT,
     ERR_CONFLICT},
    {"disconnected", 1, NULL, disconnects, ERR_CONFLICT, ERR_CONFIRM_EXPIRED},
    {"connected in another tab", 0, NULL, other_tab, ERR_CONFLICT, ERR_CONFLICT},
    {"own client", 0, NULL, own_client, ERR_CONFLICT, ERR_CONFLICT},
    {"environment's client", 0, NULL, environment, ERR_CONFLICT, ERR_CONFLICT},
    {"right withdrawn", 0, "DELETE FROM permissions WHERE principal = 'bob'", NULL, ERR_NOT_FOUND,
     ERR_NOT_FOUND},
    {"Base URL fixed", 0,
     "UPDATE connections SET base_url = 'https://else.test', base_url_fixed = 1", NULL,
     ERR_CONFLICT, ERR_CONFLICT},
    {"connection deleted", 0, "DELETE FROM connections WHERE id = 'con1'", NULL, ERR_NOT_FOUND,
     ERR_CONFIRM_EXPIRED},
    {"another session", 0, NULL, other_session, ERR_OK, ERR_OK}, /* compared where it was read */
};

static void fresh(struct jira *x, void **state, size_t i)
{
    jira_open(x, state);
    if (MOVED[i].connected_before)
        jira_connect(x, "bob", "con1", "acc");
}

static void move(struct jira *x, size_t i)
{
    if (MOVED[i].act)
        MOVED[i].act(x);
    if (MOVED[i].sql)
        jira_sql(x, MOVED[i].sql);
}

/* No row, or the one that was there, as it was left. */
static void leave(struct jira *x, size_t i, enum err e, enum err expected, int64_t saved)
{
    if (e != expected)
        fail_msg("%s: %s", MOVED[i].what, e ? err_name(e) : "ERR_OK");
    int64_t now = jira_number(x, "SELECT COALESCE(max(generation), 0) FROM credentials");
    if (e && now != saved)
        fail_msg("%s: a row was changed", MOVED[i].what);
    if (!e && now != saved + 1)
        fail_msg("%s: nothing was saved", MOVED[i].what);
    jira_close_and_empty(x);
}

static void what_moved_is_not_saved(void **state)
{
    for (size_t i = 0; i < COUNT_OF(MOVED); i++) {
        struct jira x;
        struct authorize_claim claim;
        fresh(&x, state, i);
        contract_ok(x.o.c, jira_claim(&x, "bob", jira_begin(&x, "bob", "con1"), &claim));
        move(&x, i);
        int64_t before = jira_number(&x, "SELECT COALESCE(max(generation), 0) FROM credentials");
        enum err e = jira_save(&x, "bob", &claim, "acc", NULL);
        jira_done(&claim);
        leave(&x, i, e, MOVED[i].saved, before);
    }
}

static enum err finish_after(struct jira *x, struct authorize_choice *choice, size_t i,
                             int64_t *ret_before)
{
    struct work *w;

    /* a right that is gone refuses before anything is read */
    move(x, i);
    *ret_before = jira_number(x, "SELECT COALESCE(max(generation), 0) FROM credentials");
    if (MOVED[i].chosen != ERR_NOT_FOUND)
        return finish(x, choice, "acc");
    w = jira_callback(x, "bob");
    enum err e = work_write(w);
    if (!e)
        e = access_enter(w, STR("sun"));
    return world_end(w, e);
}

static void what_moved_is_not_chosen(void **state)
{
    for (size_t i = 0; i < COUNT_OF(MOVED); i++) {
        struct jira x;
        struct authorize_choice choice = {0};
        str confirm;
        int64_t before;
        fresh(&x, state, i);
        if (MOVED[i].connected_before) /* on the site that will be chosen */
            jira_sql(&x, "INSERT INTO sites (id, url, name, last_seen) VALUES ('cloud-2', 'u', 'n',"
                         " 1); UPDATE credentials SET site_id = 'cloud-2'");
        keep(&x, &confirm);
        contract_ok(x.o.c, open_choice(&x, "bob", "con1", confirm, &choice));
        enum err e = finish_after(&x, &choice, i, &before);
        choice_done(&choice);
        leave(&x, i, e, MOVED[i].chosen, before);
    }
}

/* --- the question about another account ------------------------------------------------------- */

static enum err confirm_as(struct jira *x, const char *user, const char *connection, str confirm)
{
    struct work *w = jira_as(x, user, connection);
    struct connection_row n = {0};
    struct credential_row row;
    enum err e = work_write(w);

    if (!e)
        e = connection_find(w, str_from(connection), &n);
    if (!e)
        e = credentials_confirm(w, &n, confirm, &row);
    return world_end(w, e);
}

/* bob is connected as `one` and came back as `two`. */
static void ask(struct jira *x, void **state, str *ret_confirm)
{
    struct authorize_claim claim;

    jira_open(x, state);
    jira_connect(x, "bob", "con1", "one");
    contract_ok(x->o.c, jira_claim(x, "bob", jira_begin(x, "bob", "con1"), &claim));
    assert_err(jira_save(x, "bob", &claim, "two", ret_confirm), ERR_IDENTITY_CHANGED);
    jira_done(&claim);
}

static void another_account_is_asked_about(void **state)
{
    struct jira x;
    str confirm, secret;

    ask(&x, state, &confirm);
    jira_connect(&x, "bob", "con2", "three");
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    assert_str(secret, "access-1"); /* the old one stays in force */
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM oauth_grants"), 2);
    assert_err(confirm_as(&x, "carl", "con1", confirm), ERR_CONFIRM_EXPIRED);
    assert_err(confirm_as(&x, "bob", "con2", confirm), ERR_CONFIRM_EXPIRED);
    assert_err(confirm_as(&x, "bob", "con1", confirm), ERR_OK);
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    assert_str(secret, "access-2");
    assert_str(jira_row(&x, "con1", "bob")->account_id, "two");
    assert_str(jira_grant(&x, "con1", "bob")->account_id, "two");
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM oauth_grants"), 2); /* one's is gone */
    assert_str(jira_grant(&x, "con2", "bob")->account_id, "three");
    assert_err(confirm_as(&x, "bob", "con1", confirm), ERR_CONFIRM_EXPIRED);
    jira_close(&x);
}

static void the_question_is_one_of_this_session_and_moment(void **state)
{
    static const struct {
        const char *what;
        const char *sql;
        void (*act)(struct jira *x);
        enum err expected;
    } table[] = {
        {"another session", NULL, other_session, ERR_CONFIRM_EXPIRED},
        {"disconnected", NULL, disconnects, ERR_CONFIRM_EXPIRED},
        {"there and back", NULL, switches_there_and_back, ERR_CONFIRM_EXPIRED},
        {"counter by SQL", "UPDATE connections SET switch_counter = 2", NULL, ERR_CONFIRM_EXPIRED},
        {"generation", "UPDATE credentials SET generation = 9", NULL, ERR_CONFIRM_EXPIRED},
        {"own client", NULL, own_client, ERR_CONFIRM_EXPIRED}, /* it wiped: the generation moved */
        {"environment", NULL, environment, ERR_CONFLICT},
        {"found", "UPDATE pending_connects SET found = replace(found, 'two', 'one')", NULL,
         ERR_CONFIRM_EXPIRED},
        {"refresh token taken away",
         "UPDATE pending_connects SET sealed_refresh = NULL WHERE kind = 'identity'", NULL,
         ERR_CONFIRM_EXPIRED},
        {"tokens exchanged",
         "UPDATE pending_connects SET sealed = sealed_refresh WHERE kind = 'identity'", NULL,
         ERR_CONFIRM_EXPIRED},
        {"from another connection",
         "UPDATE pending_connects SET connection_id = 'con2';"
         "UPDATE pending_connects SET connection_id = 'con1' WHERE kind = 'identity';"
         "UPDATE pending_connects SET generation = 1, app_id = 'moon' WHERE kind = 'identity'",
         NULL, ERR_CONFIRM_EXPIRED},
    };

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct jira x;
        str confirm, secret;
        ask(&x, state, &confirm);
        if (table[i].act)
            table[i].act(&x);
        if (table[i].sql)
            jira_sql(&x, table[i].sql);
        enum err e = confirm_as(&x, "bob", "con1", confirm);
        if (e != table[i].expected)
            fail_msg("%s: %s", table[i].what, e ? err_name(e) : "ERR_OK");
        struct credential_row *row = jira_row(&x, "con1", "bob");
        assert_str(row->account_id, "one");
        secret = STR("");
        if (row->sealed.p)
            (void)jira_open_row(&x, row, &secret);
        assert_false(str_eq(secret, STR("access-2")));
        jira_close_and_empty(&x);
    }
}

/* A question is no choice, and a choice no question, although both are answered by a confirm id. */
static void questions_and_choices_do_not_mix(void **state)
{
    struct jira x;
    struct authorize_choice choice = {0};
    str question, site;

    ask(&x, state, &question);
    jira_sql(&x, "DELETE FROM pending_connects WHERE kind <> 'identity'");
    assert_err(open_choice(&x, "bob", "con1", question, &choice), ERR_CONFIRM_EXPIRED);
    jira_sql(&x, "UPDATE pending_connects SET kind = 'site'");
    assert_err(open_choice(&x, "bob", "con1", question, &choice), ERR_CONFIRM_EXPIRED);
    assert_false(secret_is_set(&choice.access));
    keep(&x, &site);
    assert_err(confirm_as(&x, "bob", "con1", site), ERR_CONFIRM_EXPIRED);
    jira_sql(&x, "UPDATE pending_connects SET kind = 'identity'");
    assert_err(confirm_as(&x, "bob", "con1", site), ERR_CONFIRM_EXPIRED);
    assert_str(jira_row(&x, "con1", "bob")->account_id, "one");
    jira_close(&x);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(a_site_is_chosen_once),
        CONTRACT(a_choice_is_its_users_in_its_session),
        CONTRACT(a_choice_waits_seven_minutes),
        CONTRACT(a_later_choice_replaces_the_earlier),
        CONTRACT(what_moved_is_not_saved),
        CONTRACT(what_moved_is_not_chosen),
        CONTRACT(another_account_is_asked_about),
        CONTRACT(the_question_is_one_of_this_session_and_moment),
        CONTRACT(questions_and_choices_do_not_mix),
    };

    return contract_run(cases, COUNT_OF(cases));
}
