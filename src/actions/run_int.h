/* One run, shared by the files run*.c and by no other. See run.h. */
#ifndef ACTIONS_RUN_INT_H
#define ACTIONS_RUN_INT_H

#include "actions/chain.h"
#include "actions/run.h"
#include "base/clock.h"

struct run {
    struct runner *runner;
    struct arena *arena; /* as long as the run; nothing of a call is put here */
    struct chain chain;
    struct run_row row; /* as it will be on file */
    const json_t *applied;
    json_t *values; /* what templates name; own reference */
    const struct place_filter *filters;

    /* where it is */
    size_t checked; /* inputs whose options were looked up again */
    int is_check;   /* the call under way is such a look-up */
    size_t step;
    int entered;   /* this step's run_if and for_each were looked at */
    json_t *items; /* of this step; own reference, NULL: it makes one call */
    size_t item;   /* the next, or the one whose call is under way */
    size_t item_count;
    int is_planned; /* chain.call is to be made, or was */
    int tries;      /* of this call */
    int64_t step_done, step_failed;
    size_t kept;    /* of RUN_KEPT_MAX */
    int is_preview; /* the call under way only reads what a write would change */
    int was_dry;    /* some write was not sent: later steps may lack its answer */
    str write_body; /* of the preview's write; in chain.call's arena */
    int is_over;
    int hides; /* its outputs may not be shown: an emergency stop */
    str note;  /* what was cut, for the sentence; in the arena */

    /* the record */
    int64_t number;           /* of the last call or step that got one */
    struct run_call_row call; /* of the call under way; in chain.call's arena */
    struct arena *pending_arena;
    struct run_call_row *pending; /* RUN_PENDING_MAX and some; not on file yet */
    size_t pending_count;
    size_t bodies; /* of RUN_BODIES_MAX */
    int64_t saved_ms;
    int save_failures;

    /* who waits */
    void (*done)(void *token);
    void *token;
    struct event *timer;

    struct run *next, **link; /* the runner's list */
};

/* The process's part of a chain, and whose it is; the filters, in the arena. */
void runner_fill_chain(struct runner *r, struct arena *a, const struct access_query *who,
                       struct chain *c);
const struct place_filter *runner_filters(struct runner *r, struct arena *a);

#define PENDING_ROOM (RUN_PENDING_MAX + 150) /* steps that are skipped need room, too */

const json_t *run_step_of(const struct run *r);
/* A chain's turn(). */
enum chain_next run_turn(struct chain *c, struct work *w);
struct fill_scope run_scope(const struct run *r);
/* In a turn: the run is over, with a sentence that is copied. */
void run_end(struct run *r, str sentence);

/* Hearing (run_hear.c). In a turn, with the call that was made. */
void run_hear(struct run *r, struct work *w);
/* What later templates can name of this step; made when it is entered. Borrowed. */
void run_make_values(struct run *r);
json_t *run_step_values(struct run *r);
/* Of a list: what became of an item. body may be NULL. */
void run_add_result(struct run *r, int failed, int64_t status, str sentence, json_t *body);
void run_count_call(struct run *r, int failed);
/* To the next item or step, after a call or one that could not be made. */
void run_go_on(struct run *r, str sentence);
/* Nothing else with this credential would do better. */
int run_is_hopeless(const struct chain_call *call);
/* 1: the template is not empty. What names nothing (of an empty answer, say) is empty. */
int run_holds(struct run *r, struct work *w, str template);

/* Selects whose options come from a request (run_check.c): a value that is not among them ends the
 * run before its first step. Plans the look-up of the next one, or passes it. */
void run_check_plan(struct run *r, struct work *w);
void run_check_heard(struct run *r, struct work *w);

/* Dry runs (run_dry.c). The write that chain.call would be; what is not known before others ran;
 * the read that tells what an edit would change. */
void run_dry_plan(struct run *r, struct work *w, const json_t *document);
void run_dry_unknown(struct run *r, struct work *w, const json_t *document);
void run_dry_heard(struct run *r, struct work *w);

/* The record. */
void run_record_plan(struct run *r, struct work *w, const json_t *document);
void run_record_refused(struct run *r, struct work *w, const json_t *document, str sentence);
/* What would be sent, when it is a dry run; on file with run_record_dry_heard(). */
void run_record_dry(struct run *r, struct work *w, const json_t *document);
void run_record_dry_heard(struct run *r, str changes, str sentence);
void run_record_skipped(struct run *r, struct work *w, str sentence);
void run_record_heard(struct run *r, struct work *w, int failed, str sentence);
int run_save_is_due(const struct run *r);
/* Everything that is not on file yet, and how far it is. ERR_CONFLICT: it was ended there. */
MUST_USE enum err run_save(struct run *r, struct work *w);

#endif
