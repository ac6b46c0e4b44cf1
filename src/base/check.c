/* Ends the process when an assumption is broken. Writes without stdio and without the heap, since
 * either may be what broke.
 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void check_failed(const char *file, int line, const char *expression)
{
    char text[512];
    int n = snprintf(text, sizeof(text), "mortise: bug at %s:%d: %s\n", file, line, expression);

    if (n > 0) {
        size_t length = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
        ssize_t written = write(STDERR_FILENO, text, length);
        (void)written;
    }
    abort();
}
