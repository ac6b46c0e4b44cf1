/* See the header. The text is written by hand: it is made of every call. */
#include "core/call_groups.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/doc.h"
#include "base/id.h"

#define TEXT_MAX ((size_t)64 << 20)

/* --- writing ---------------------------------------------------------------------------------- */

static void add_escaped(struct buf *b, str s)
{
    size_t from = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(b, str_slice(s, from, i));
        buf_addf(b, "\\u%04x", c);
        from = i + 1;
    }
    buf_add(b, str_slice(s, from, s.n));
}

/* p == NULL: null. */
static void add_text(struct buf *b, str s)
{
    if (s.p == NULL || !str_is_utf8(s)) {
        buf_add(b, STR("null"));
        return;
    }
    buf_add_char(b, '"');
    add_escaped(b, s);
    buf_add_char(b, '"');
}

static void add_kind(struct buf *b, const struct call_kind *k)
{
    const str texts[] = {k->connection, k->connection_name, k->key,      k->key_name, k->user,
                         k->credential, k->method,          k->template, k->code};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        buf_add_char(b, i ? ',' : '[');
        add_text(b, texts[i]);
    }
    buf_add_char(b, ']');
}

/* Of a batch, what becomes groups. */
struct packing {
    struct arena *a;
    const struct call_batch *batch;
    uint32_t *app_of; /* of each kind: the first kind of the same app */
    uint32_t *place;  /* of each kind in the open group, + 1; 0: not in it */
    struct call_group_row *rows;
    size_t count;
    /* the open group */
    const struct call_note **notes;
    size_t note_count;
    int64_t first_at;
    int64_t last_at;
};

static void add_kinds(struct packing *p, struct buf *b)
{
    const struct call_batch *batch = p->batch;
    uint32_t places = 0;

    memset(p->place, 0, batch->kind_count * sizeof(*p->place));
    buf_add(b, STR("{\"kinds\":["));
    for (size_t i = 0; i < p->note_count; i++) {
        uint32_t kind = p->notes[i]->kind;
        if (p->place[kind])
            continue;
        if (places)
            buf_add_char(b, ',');
        add_kind(b, &batch->kinds[kind]);
        p->place[kind] = ++places;
    }
    buf_add_char(b, ']');
}

static void add_calls(struct packing *p, struct buf *b)
{
    buf_add(b, STR(",\"calls\":["));
    for (size_t i = 0; i < p->note_count; i++) {
        const struct call_note *n = p->notes[i];
        const int64_t numbers[] = {n->at - p->first_at, n->ms, n->status, n->repeats,
                                   (int64_t)p->place[n->kind] - 1};
        buf_add(b, i ? STR(",[") : STR("["));
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
            buf_add_int(b, numbers[k]);
            buf_add_char(b, ',');
        }
        add_text(b, n->issue);
        buf_add_char(b, ']');
    }
    buf_add(b, STR("]}"));
}

static void close_group(struct packing *p)
{
    BUF_AUTO struct buf b = {0};

    if (p->note_count == 0)
        return;
    buf_init(&b, TEXT_MAX);
    add_kinds(p, &b);
    add_calls(p, &b);
    must(buf_ok(&b));
    p->rows[p->count++] = (struct call_group_row){
        .id = id_new(p->a),
        .app = p->batch->kinds[p->notes[0]->kind].app,
        .first_at = p->first_at,
        .last_at = p->last_at,
        .calls = arena_str(p->a, buf_str(&b)),
    };
    p->note_count = 0;
}

/* The clock may have been set back meanwhile. */
static void add_note(struct packing *p, const struct call_note *n)
{
    int64_t first = n->at < p->first_at ? n->at : p->first_at;
    int64_t last = n->at > p->last_at ? n->at : p->last_at;

    if (p->note_count == CALL_GROUP_MAX || last - first > CALL_GROUP_SPAN_MS)
        close_group(p);
    p->first_at = p->note_count ? first : n->at;
    p->last_at = p->note_count ? last : n->at;
    p->notes[p->note_count++] = n;
}

static void find_apps(struct packing *p)
{
    const struct call_batch *batch = p->batch;
    uint32_t *firsts = arena_alloc_array(p->a, batch->kind_count + 1, sizeof(*firsts));
    size_t apps = 0;

    for (uint32_t k = 0; k < batch->kind_count; k++) {
        size_t i = 0;
        while (i < apps && !str_eq(batch->kinds[firsts[i]].app, batch->kinds[k].app))
            i++;
        if (i == apps)
            firsts[apps++] = k;
        p->app_of[k] = firsts[i];
    }
}

void call_groups_of(struct arena *a, const struct call_batch *batch, struct call_group_row **ret,
                    size_t *ret_count)
{
    struct packing p = {
        .a = a,
        .batch = batch,
        .app_of = arena_alloc_array(a, batch->kind_count + 1, sizeof(*p.app_of)),
        .place = arena_alloc_array(a, batch->kind_count + 1, sizeof(*p.place)),
        .rows = arena_alloc_array(a, batch->count + 1, sizeof(*p.rows)),
        .notes = arena_alloc_array(a, CALL_GROUP_MAX, sizeof(*p.notes)),
    };

    find_apps(&p);
    for (uint32_t app = 0; app < batch->kind_count; app++) {
        if (p.app_of[app] != app)
            continue;
        for (size_t i = 0; i < batch->count; i++) {
            if (p.app_of[batch->notes[i].kind] == app)
                add_note(&p, &batch->notes[i]);
        }
        close_group(&p);
    }
    *ret = p.rows;
    *ret_count = p.count;
}

/* --- reading ---------------------------------------------------------------------------------- */

enum { KIND_PARTS = 9, CALL_PARTS = 6 };

static str text_at(const json_t *list, size_t i)
{
    const json_t *v = json_array_get(list, i);

    return (str){json_string_value(v), json_string_length(v)};
}

static int read_kind(const json_t *list, str app, struct call_kind *ret)
{
    *ret = (struct call_kind){
        .app = app,
        .connection = text_at(list, 0),
        .connection_name = text_at(list, 1),
        .key = text_at(list, 2),
        .key_name = text_at(list, 3),
        .user = text_at(list, 4),
        .credential = text_at(list, 5),
        .method = text_at(list, 6),
        .template = text_at(list, 7),
        .code = text_at(list, 8),
    };
    return json_array_size(list) == KIND_PARTS;
}

/* 1 when it is a whole number from 0 to max. */
static int number_at(const json_t *list, size_t i, int64_t max, int64_t *ret)
{
    const json_t *v = json_array_get(list, i);

    *ret = json_integer_value(v);
    return json_is_integer(v) && *ret >= 0 && *ret <= max;
}

static int read_call(const json_t *list, const struct call_group_row *row, size_t kinds,
                     struct call_note *ret)
{
    int64_t since, status, repeats, kind;

    if (json_array_size(list) != CALL_PARTS ||
        !number_at(list, 0, row->last_at - row->first_at, &since) ||
        !number_at(list, 1, INT64_MAX, &ret->ms) || !number_at(list, 2, INT32_MAX, &status) ||
        !number_at(list, 3, INT32_MAX, &repeats) || !number_at(list, 4, INT32_MAX, &kind) ||
        (size_t)kind >= kinds)
        return 0;
    ret->at = row->first_at + since;
    ret->status = (int)status;
    ret->repeats = (int)repeats;
    ret->kind = (uint32_t)kind;
    ret->issue = text_at(list, 5);
    return 1;
}

int call_group_read(struct arena *a, const struct call_group_row *row, struct call_group *ret)
{
    json_t *doc = NULL;

    if (row->id.n != ID_LENGTH || row->first_at < 0 || row->last_at < 0 ||
        doc_parse(a, NULL, row->calls, &doc))
        return 0;
    const json_t *kinds = doc_get(doc, "kinds"), *calls = doc_get(doc, "calls");
    size_t kind_count = json_array_size(kinds), count = json_array_size(calls);
    struct call_kind *k = arena_alloc_array(a, kind_count + 1, sizeof(*k));
    struct call_note *n = arena_alloc_array(a, count + 1, sizeof(*n));

    for (size_t i = 0; i < kind_count; i++) {
        if (!read_kind(json_array_get(kinds, i), row->app, &k[i]))
            return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_call(json_array_get(calls, i), row, kind_count, &n[i]))
            return 0;
    }
    *ret = (struct call_group){k, kind_count, n, count};
    return count > 0 && count <= ID_MEMBERS_MAX;
}
