/* See the header. Kinds are remembered in sets of WAYS, chosen by a mark: a few bytes that tell
 * most kinds apart. The oldest of a set gives way. */
#include "core/call_batch.h"

#include "base/check.h"
#include "base/mem.h"

#define ARENA_MAX ((size_t)256 << 20)
#define FIRST_KINDS 16
#define FIRST_NOTES 64
#define SET_BITS 6
#define WAYS 4

struct recent_kind {
    uint32_t mark;
    uint32_t number; /* index + 1; 0: none */
};

struct recent_kinds {
    struct recent_kind sets[1 << SET_BITS][WAYS];
    unsigned char oldest[1 << SET_BITS];
};

struct call_batch *call_batch_new(void)
{
    struct call_batch *b = mem_new(struct call_batch);

    b->arena = arena_new(ARENA_MAX);
    b->recent = mem_new(struct recent_kinds);
    return b;
}

void call_batch_free(struct call_batch *b)
{
    if (b == NULL)
        return;
    arena_free(b->arena);
    mem_free(b->kinds);
    mem_free(b->notes);
    mem_free(b->recent);
    mem_free(b);
}

/* --- kinds ------------------------------------------------------------------------------------ */

/* The last bytes: of an id they are random. */
static uint32_t tail(str s)
{
    uint32_t v = 0;
    size_t n = s.n < sizeof(v) ? s.n : sizeof(v);

    if (n)
        memcpy(&v, s.p + s.n - n, n);
    return v;
}

static uint32_t mark_of(const struct call_kind *k)
{
    const uint32_t parts[] = {tail(k->key),      tail(k->connection),
                              tail(k->template), tail(k->code),
                              tail(k->project),  (uint32_t)(k->template.n << 8 | k->method.n)};
    uint32_t h = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        h = (h ^ parts[i]) * UINT32_C(0x9e3779b1);
    return h ^ h >> 15;
}

/* What differs most often is asked first. */
static int same(const struct call_kind *a, const struct call_kind *b)
{
    return str_eq(a->template, b->template) && str_eq(a->key, b->key) &&
           str_eq(a->method, b->method) && str_eq(a->connection, b->connection) &&
           str_eq(a->code, b->code) && str_eq(a->project, b->project) &&
           a->generation == b->generation && str_eq(a->failure, b->failure) &&
           str_eq(a->credential, b->credential) && str_eq(a->user, b->user) &&
           !a->user.p == !b->user.p && !a->code.p == !b->code.p && str_eq(a->app, b->app) &&
           str_eq(a->key_name, b->key_name) && str_eq(a->connection_name, b->connection_name);
}

/* The first that came: what it names stands for the others until the next batch. */
static void keep_body(struct call_batch *b, struct call_kind *k, str body)
{
    if (k->body.n || body.n == 0 || body.n > CALL_BODY_MAX ||
        b->body_bytes + body.n > CALL_BODIES_MAX)
        return;
    b->body_bytes += body.n;
    k->body = arena_str(b->arena, body);
}

static uint32_t add_kind(struct call_batch *b, const struct call_kind *kind)
{
    if (b->kind_count == b->kind_room) {
        b->kind_room = b->kind_room ? b->kind_room * 2 : FIRST_KINDS;
        b->kinds = mem_realloc(b->kinds, b->kind_room * sizeof(*b->kinds));
    }
    struct call_kind *k = &b->kinds[b->kind_count];
    str *const texts[] = {&k->app,      &k->connection, &k->connection_name, &k->key,
                          &k->key_name, &k->user,       &k->credential,      &k->method,
                          &k->template, &k->code,       &k->project,         &k->failure};
    *k = *kind;
    k->body = (str){NULL, 0};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = arena_str(b->arena, *texts[i]);
    return (uint32_t)b->kind_count++;
}

static uint32_t find_kind(struct call_batch *b, const struct call_kind *kind)
{
    uint32_t mark = mark_of(kind), at = mark >> (32 - SET_BITS);
    struct recent_kind *set = b->recent->sets[at];

    for (size_t i = 0; i < WAYS && set[i].number; i++) {
        if (set[i].mark == mark && same(&b->kinds[set[i].number - 1], kind))
            return set[i].number - 1;
    }
    uint32_t added = add_kind(b, kind);
    set[b->recent->oldest[at]++ % WAYS] = (struct recent_kind){mark, added + 1};
    return added;
}

/* --- calls ------------------------------------------------------------------------------------ */

void call_batch_add(struct call_batch *b, const struct call_kind *kind,
                    const struct call_note *note)
{
    str issue = note->issue.n <= CALL_ISSUE_MAX ? note->issue : (str){NULL, 0};

    if (b->count == b->note_room) {
        b->note_room = b->note_room ? b->note_room * 2 : FIRST_NOTES;
        b->notes = mem_realloc(b->notes, b->note_room * sizeof(*b->notes));
    }
    struct call_note *n = &b->notes[b->count++];
    *n = *note;
    n->kind = find_kind(b, kind);
    keep_body(b, &b->kinds[n->kind], kind->body);
    n->issue = arena_str(b->arena, issue);
    n->project_n = issue.p ? note->project_n : 0;
}
