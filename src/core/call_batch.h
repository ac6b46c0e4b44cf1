/* Relayed calls noted in memory until they are written: what is the same for many of them (a kind)
 * once, and a small row a call. Noting is on the way of every call: it allocates from an arena, and
 * looks for the kind among those that came lately. A kind that was forgotten meanwhile stands there
 * twice, which is allowed.
 *
 * Owned by one thread at a time.
 */
#ifndef CORE_CALL_BATCH_H
#define CORE_CALL_BATCH_H

#include "base/arena.h"

struct call_kind {
    str app;
    str connection;
    str connection_name;
    str key;
    str key_name;
    str user; /* p == NULL: as the app */
    str credential;
    str method;
    str template;
    str code; /* p == NULL: an answer of the provider's */
    /* for core/call_health.h, in no group */
    int64_t generation; /* the credential's */
    int has_scopes;     /* of the credential's place */
    str project;        /* that the path names; p == NULL: none, or an issue's */
    str body;           /* a sample, of a call that names its project there; never compared */
    str failure;        /* by the credential's or the provider's fault; p == NULL: none */
};

struct call_note {
    str issue;  /* p == NULL: the path names none */
    int64_t at; /* when it ended */
    int64_t ms; /* it took */
    uint32_t kind;
    int status; /* 0: the caller left before there was one */
    int repeats;
    /* for core/call_health.h, in no group */
    unsigned char answered;  /* by the provider, as this account */
    unsigned char meaning;   /* enum provider_meaning, of an answer */
    unsigned char project_n; /* how much of the issue's key is its project's */
};

struct call_batch {
    struct arena *arena; /* of the texts */
    struct call_kind *kinds;
    size_t kind_count;
    struct call_note *notes; /* in the order in which they came */
    size_t count;
    struct recent_kinds *recent; /* inner */
    size_t body_bytes;
    size_t kind_room;
    size_t note_room;
};

/* An issue's key is shorter at every Jira; what is longer is no issue. */
#define CALL_ISSUE_MAX 255
/* Of a body that is kept with a kind; of all of a batch. */
#define CALL_BODY_MAX ((size_t)64 * 1024)
#define CALL_BODIES_MAX ((size_t)1024 * 1024)

MUST_USE struct call_batch *call_batch_new(void);
/* Accepts NULL. */
void call_batch_free(struct call_batch *b);
/* Copies; note->kind is set here. */
void call_batch_add(struct call_batch *b, const struct call_kind *kind,
                    const struct call_note *note);

#endif
