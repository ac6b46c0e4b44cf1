/* How much is under way in the whole process, and waiting until nothing is. Any thread. */
#ifndef RELAY_COUNT_H
#define RELAY_COUNT_H

#include <pthread.h>
#include <stddef.h>

struct count {
    pthread_mutex_t mutex;
    pthread_cond_t none;
    size_t n; /* behind the mutex */
};

void count_init(struct count *c);
/* Nothing may be under way. */
void count_done(struct count *c);
void count_begin(struct count *c);
void count_end(struct count *c);
/* At most timeout_ms; how many are left. */
size_t count_wait(struct count *c, int timeout_ms);

#endif
