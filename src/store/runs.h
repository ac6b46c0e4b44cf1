/* Rows of `runs` and `run_calls`: what was run, and every call that it made. SQL only, no rules.
 * Rows borrow from the arena. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_RUNS_H
#define STORE_RUNS_H

#include "db/db.h"

struct run_row {
    str id;
    str app;
    str action; /* p == NULL: it was deleted */
    str action_name;
    int64_t applied_version;
    str user; /* p == NULL: a key of the app */
    str user_name;
    str source;     /* page, api, key */
    str status;     /* running, successful, partial, stopped, interrupted */
    str sentence;   /* p == NULL: it went to its end */
    int64_t writes; /* steps that can change something */
    int dry;        /* nothing was written */
    int own;        /* contents are the runner's alone */
    str inputs;
    str outputs;      /* p == NULL: it runs, or there are none to show */
    str input_errors; /* JSON; p == NULL: none */
    int64_t calls_done;
    int64_t calls_failed;
    int64_t calls_planned;
    int64_t started;
    int64_t ended; /* 0: it runs */
    int64_t beat;
    /* joined */
    str action_slug; /* p == NULL: it was deleted */
};

struct run_call_row {
    str run;
    int64_t number;
    str app;
    str step;
    int64_t item; /* 0: not of a list */
    str state;    /* sending, done, failed, skipped, dry */
    int is_write;
    str connection_name;
    str account;
    str site;
    int shared;
    str method;
    str template;
    str path;
    str request_body;
    int64_t status; /* 0: no answer */
    str response_body;
    str sentence;
    str changes; /* JSON; p == NULL: not known, or none */
    int64_t began;
    int64_t ms;
};

/* What a page of the history shows; empty texts: all. */
struct run_filter {
    str action; /* id */
    str user;   /* id */
    str status;
    str source;
    int64_t from;  /* started then or later */
    int64_t until; /* started before; 0: no end */
    str before;    /* older than this run */
};

MUST_USE enum err store_run_insert(struct db *d, struct arena *a, struct fault *f,
                                   const struct run_row *row);
/* ERR_NOT_FOUND. */
MUST_USE enum err store_run_find(struct db *d, struct arena *a, struct fault *f, str app, str id,
                                 struct run_row *ret);
/* How many steps could write in what a user ran last of an action, no dry run; *ret -1: they never
 * ran it. */
MUST_USE enum err store_run_last_writes(struct db *d, struct arena *a, struct fault *f, str action,
                                        str user, int64_t *ret);
/* The newest first, without inputs and outputs (p == NULL). */
MUST_USE enum err store_runs_list(struct db *d, struct arena *a, struct fault *f, str app,
                                  const struct run_filter *filter, int64_t limit,
                                  struct run_row **ret, size_t *ret_count);
/* How far it is; beats. Only while it runs: *ret_done 0 when it was ended by somebody else. */
MUST_USE enum err store_run_progress(struct db *d, struct arena *a, struct fault *f,
                                     const struct run_row *row, int *ret_done);
/* status, sentence, own (never taken back), outputs, input_errors, counts, ended. Only while it
 * runs. */
MUST_USE enum err store_run_end(struct db *d, struct arena *a, struct fault *f,
                                const struct run_row *row, int *ret_done);
/* It stays so: bodies are the runner's alone, also when it has ended. */
MUST_USE enum err store_run_is_own(struct db *d, struct arena *a, struct fault *f, str id);
/* Runs whose process has not beaten since: interrupted. */
MUST_USE enum err store_runs_interrupt(struct db *d, struct arena *a, struct fault *f,
                                       int64_t beat_before, str sentence, int64_t now_ms,
                                       int64_t *ret_count);
/* Of one that this process holds. */
MUST_USE enum err store_run_beat(struct db *d, struct arena *a, struct fault *f, str id,
                                 int64_t now_ms);
/* Runs that ended before are deleted, with their calls. */
MUST_USE enum err store_runs_expire(struct db *d, struct arena *a, struct fault *f, int64_t before);

/* Inserts, or replaces what is on file of the same number. */
MUST_USE enum err store_run_call_put(struct db *d, struct arena *a, struct fault *f,
                                     const struct run_call_row *row);
/* In their order, `limit` at most, those behind number `after`. */
MUST_USE enum err store_run_calls(struct db *d, struct arena *a, struct fault *f, str run,
                                  int64_t after, int64_t limit, struct run_call_row **ret,
                                  size_t *ret_count);

#endif
