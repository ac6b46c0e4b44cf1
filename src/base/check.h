/* Bugs, as opposed to failures: a broken assumption ends the process, always, in release too.
 * Prints file, line and expression, never a value. Any thread.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include "base/attr.h"

#define must(expression) ((expression) ? (void)0 : check_failed(__FILE__, __LINE__, #expression))
#define unreachable(why) check_failed(__FILE__, __LINE__, "unreachable: " why)

NORETURN void check_failed(const char *file, int line, const char *expression);

#endif
