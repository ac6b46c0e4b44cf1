/* The heap. Every allocation of the project that is not an arena's or a secret's ends here. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define SMALL 1024 /* glibc's cache has nothing larger */

void *mem_calloc(size_t count, size_t size)
{
    size_t total;
    void *p;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    if (total > SMALL)
        return calloc(count, size);
    p = malloc(total);
    if (p)
        explicit_bzero(p, total); /* of memset and malloc the compiler would make a calloc */
    return p;
}

void *mem_alloc(size_t size)
{
    return mem_alloc_array(1, size ? size : 1);
}

void *mem_alloc_array(size_t count, size_t size)
{
    void *p;

    if (count == 0 || size == 0)
        count = size = 1;
    p = mem_calloc(count, size);
    must(p != NULL);
    return p;
}

void *mem_realloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);

    must(q != NULL);
    return q;
}

void mem_free(void *p)
{
    free(p);
}
