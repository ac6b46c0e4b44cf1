/* Which process something belongs to, so that others can tell when it is gone. Linux: the boot, the
 * namespace of process numbers, the number and the moment of its start, from /proc.
 */
#ifndef IO_PROCESS_H
#define IO_PROCESS_H

#include "base/arena.h"
#include "base/str.h"

/* This process; never empty. Any thread; reads files. */
str process_name(struct arena *a);
/* 1 when the process with that name surely runs no more: it was of this machine, namespace and
 * boot, and its number is free or taken by another. 0 when it runs, or cannot be known. */
int process_is_gone(str name);

#endif
