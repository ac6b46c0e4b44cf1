/* The heap, for objects that live as long as the process or a connection. Requests use an arena
 * (base/arena.h), secrets their own memory (base/secret.h). Out of memory aborts: everything a
 * client can make us allocate has a limit, so it is not reachable by the size of a request.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/attr.h"

/* Zeroed memory, never NULL. */
MUST_USE void *mem_alloc(size_t size);
/* count * size, zeroed, overflow aborts. */
MUST_USE void *mem_alloc_array(size_t count, size_t size);
/* New bytes are not zeroed. */
MUST_USE void *mem_realloc(void *p, size_t size);
/* Accepts NULL. */
void mem_free(void *p);

/* calloc() for a library that may be given one: NULL when there is no memory or the product
 * overflows. glibc's passes its own cache of freed blocks by, which makes small ones dear. */
void *mem_calloc(size_t count, size_t size);

/* mem_new(struct thing) */
#define mem_new(type) ((type *)mem_alloc(sizeof(type)))

#endif
