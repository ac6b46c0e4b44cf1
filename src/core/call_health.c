/* See the header. */
#include "core/call_health.h"

#include <stdlib.h>

#include "core/health.h"
#include "store/credentials.h"

/* --- a kind ----------------------------------------------------------------------------------- */

/* What the calls of a kind taught; numbers are the last such call's place in the batch, + 1. */
struct seen {
    const struct call_kind *kind;
    size_t worked;
    size_t failed;
    size_t reached; /* and what it needed was there, or tells at least what that is */
    size_t lacked;  /* a scope */
    str projects[CALL_HEALTH_PROJECTS];
    size_t project_count;
};

static void see_project(struct seen *s, str project)
{
    for (size_t i = 0; i < s->project_count; i++) {
        if (str_eq(s->projects[i], project))
            return;
    }
    if (project.n && s->project_count < CALL_HEALTH_PROJECTS)
        s->projects[s->project_count++] = project;
}

static void see(struct seen *s, const struct call_note *n, size_t number)
{
    enum provider_meaning meaning = (enum provider_meaning)n->meaning;

    if (s->kind->failure.p)
        s->failed = number;
    if (!n->answered)
        return;
    if (meaning == MEANING_SCOPE_MISSING)
        s->lacked = number;
    else if (!s->kind->failure.p && health_of_meaning(meaning) == HEALTH_WORKED)
        s->worked = number;
    if (meaning != MEANING_OK && meaning != MEANING_FORBIDDEN)
        return;
    s->reached = number;
    see_project(s, n->project_n ? str_slice(n->issue, 0, n->project_n) : s->kind->project);
}

static int by_credential(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;

    return str_cmp(x->kind->credential, y->kind->credential);
}

/* Sorted by credential. */
static struct seen *see_all(struct arena *a, const struct call_batch *b)
{
    struct seen *all = arena_alloc_array(a, b->kind_count + 1, sizeof(*all));

    for (size_t i = 0; i < b->kind_count; i++)
        all[i].kind = &b->kinds[i];
    for (size_t i = 0; i < b->count; i++)
        see(&all[b->notes[i].kind], &b->notes[i], i + 1);
    qsort(all, b->kind_count, sizeof(*all), by_credential);
    return all;
}

/* --- a credential ----------------------------------------------------------------------------- */

struct need {
    str scope; /* or, if empty, permission and project */
    str permission;
    str project;
    size_t reached;
    size_t lacked;
};

struct learnt {
    struct arena *arena;
    const struct provider *provider;
    str credential;
    size_t worked;
    const struct seen *failed; /* NULL: none did */
    struct need *needs;        /* each once */
    size_t need_count;
};

static size_t later(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void add_need(struct learnt *l, const struct need *n)
{
    for (size_t i = 0; i < l->need_count; i++) {
        struct need *old = &l->needs[i];
        if (!str_eq(old->scope, n->scope) || !str_eq(old->permission, n->permission) ||
            !str_eq(old->project, n->project))
            continue;
        old->reached = later(old->reached, n->reached);
        old->lacked = later(old->lacked, n->lacked);
        return;
    }
    if (l->need_count < NEEDS_MAX)
        l->needs[l->need_count++] = *n;
}

static void learn_needs(struct learnt *l, const struct seen *s)
{
    const struct call_kind *k = s->kind;
    const struct provider *p = l->provider;

    for (size_t i = 0; i == 0 || i < s->project_count; i++) {
        struct provider_needs n =
            p->pass_needs(p->self, l->arena, k->method, k->template,
                          i < s->project_count ? s->projects[i] : STR(""), k->body);
        if (i == 0 && n.scope.n && k->has_scopes)
            add_need(l,
                     &(struct need){.scope = n.scope, .reached = s->reached, .lacked = s->lacked});
        if (n.permission.n && n.project.n)
            add_need(l, &(struct need){.permission = n.permission,
                                       .project = n.project,
                                       .reached = s->reached});
    }
}

static void learn(struct learnt *l, const struct seen *s)
{
    l->worked = later(l->worked, s->worked);
    if (s->failed && (!l->failed || s->failed > l->failed->failed))
        l->failed = s;
    if (s->reached || s->lacked)
        learn_needs(l, s);
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum err note(struct work *w, const struct learnt *l)
{
    const struct seen *bad = l->failed;
    enum err e = ERR_OK;

    if (l->worked)
        e = store_credential_used(w->db, w->arena, w->fault, l->credential, w->now_ms);
    if (!e && bad && bad->failed > l->worked)
        e = store_credential_failed(w->db, w->arena, w->fault, l->credential, bad->kind->generation,
                                    bad->kind->failure, w->now_ms);
    for (size_t i = 0; !e && i < l->need_count; i++) {
        const struct need *n = &l->needs[i];
        e = n->scope.n ? health_note_scope(w, l->credential, n->scope, n->lacked > n->reached)
                       : health_note_permission(w, l->credential, n->project, n->permission);
    }
    return e;
}

enum err call_health_note(struct work *w, const struct call_batch *batch)
{
    struct seen *all = see_all(w->arena, batch);
    struct need *needs = arena_alloc_array(w->arena, NEEDS_MAX, sizeof(*needs));
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < batch->kind_count;) {
        struct learnt l = {.arena = w->arena,
                           .provider = w->services->provider,
                           .credential = all[i].kind->credential,
                           .needs = needs};
        for (; i < batch->kind_count && str_eq(all[i].kind->credential, l.credential); i++)
            learn(&l, &all[i]);
        e = note(w, &l);
    }
    return e;
}
