/* A case's world: database with a grant and a credential of anna's on it, vault, loops, workers,
 * the fake provider, and uses that run at once. Test programs only.
 */
#ifndef TESTS_LIFE_SCENE_H
#define TESTS_LIFE_SCENE_H

#include "contract.h"

#include <semaphore.h>

#include "core/settings.h"
#include "fake.h"
#include "life/life.h"

struct scene {
    struct contract *c;
    struct settings settings;
    struct services services;
    struct fake fake;
    struct loops *loops;
    struct pool *pool;
    struct life *life;
    int database_away; /* for workers that begin */
    str grant;
};

/* The grant is on file with generation 1 and tokens "access-1", "refresh-1". */
void scene_open(struct scene *s, void **state, size_t workers);
void scene_close(struct scene *s);
/* A new consent, as by somebody who connects again: the fake's tokens become `number`. */
void scene_consent(struct scene *s, int number);
void scene_disconnect(struct scene *s);
/* On file. 0: there is no grant. */
int64_t scene_generation(struct scene *s);
/* "connected" or "needs_reconnect: why" */
const char *scene_status(struct scene *s);

/* One use; runs at scene_shoot(), on loop number `loop`. */
struct shot {
    struct scene *scene;
    struct arena *arena;
    struct loop *loop;
    struct provider_op op;
    struct life_use use;
    int done;
    int elsewhere; /* done() came on another thread */
    sem_t landed;
};
/* A GET with the token access-`number` of that generation, which lives on for lives_ms. */
void shot_open(struct shot *t, struct scene *s, size_t loop, int number, int64_t lives_ms);
void shot_close(struct shot *t);
/* Begins it on its loop; returns when it has begun. */
void shot_begin(struct shot *t);
/* Waits for done(); fails the case after ten seconds. */
void shot_wait(struct shot *t);
/* Both. */
void shot_run(struct shot *t);

#endif
