/* The heap. Every allocation of the project that is not an arena's or a secret's ends here. */
#include "base/mem.h"

#include <stdlib.h>

#include "base/check.h"

void *mem_alloc(size_t size)
{
    return mem_alloc_array(1, size ? size : 1);
}

void *mem_alloc_array(size_t count, size_t size)
{
    void *p;

    if (count == 0 || size == 0)
        count = size = 1;
    p = calloc(count, size); /* checks the product for overflow */
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
