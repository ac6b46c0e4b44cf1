/* The relay's addresses: /jira/{app}/{connection}/rest/... Pure; any thread. */
#ifndef RELAY_ADDRESS_H
#define RELAY_ADDRESS_H

#include "base/arena.h"
#include "base/str.h"

#define ADDRESS_START "/jira/"

struct address {
    str app;        /* slug, percent-decoded */
    str connection; /* id or name, percent-decoded */
    str path;       /* what is Jira's, encoded, begins with '/' */
    str base;       /* what stands before it, encoded, for links: "/jira/desk/My%20Jira" */
};

/* 0: it lacks something, or app or connection decode to what no name is. Borrows, or in a. */
int address_parse(struct arena *a, str path, struct address *ret);

#endif
