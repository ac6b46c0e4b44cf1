/* Sending mail by SMTP (RFC 5321): one server, named by the operator. The only place where libcurl
 * may speak anything but HTTP. What a mail says is the caller's (src/notify/message.h); this knows
 * envelopes.
 *
 * Rules: smtps:// is TLS from the start; smtp:// goes on only after STARTTLS (RFC 3207), unless the
 * host is a loopback address or localhost and the socket really leads to this machine. Metadata
 * addresses never (guard.h); private ones may be, as the operator named them. No proxy.
 *
 * Threads: mails are sent one after another on a thread of its own, so that neither a loop nor a
 * worker waits for a mail server. A call's done() comes on its loop.
 */
#ifndef UPSTREAM_MAIL_H
#define UPSTREAM_MAIL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

struct mailer;

struct mailer_config {
    str url;      /* smtps://host:port or smtp://host:port */
    str user;     /* empty: without signing in */
    str password; /* libcurl keeps a copy while it sends */
    str ca_file;  /* as in client.h */
    str from;     /* address of the envelope */
};

/* ERR_CONFIG with a sentence for a URL or address that cannot be used. */
MUST_USE enum err mailer_new(struct fault *f, const struct mailer_config *config,
                             struct mailer **ret);
/* Breaks off what is being sent; that and all that waits ends with tried 0. Does not wait. */
void mailer_stop(struct mailer *m);
/* The same, and waits: every done() has been posted to its loop. Accepts NULL. */
void mailer_free(struct mailer *m);

/* One mail after the other, each at most MAIL_SENDING_MS. */
#define MAIL_SENDING_MS 30000L

/* One mail. The caller owns it, and what it points to, until done(). */
struct mail_call {
    struct loop *loop;
    str to;      /* an address that mail_address_valid() */
    str message; /* headers and body, lines end with CR LF */
    void (*done)(struct mail_call *call, void *token);
    void *token;

    /* set before done() */
    int tried;       /* 0: Mortise is being stopped */
    int sent;        /* the server has taken it */
    int status;      /* what the server answered last, 0: nothing */
    char error[160]; /* a sentence when it was not sent */

    struct mail_call *next; /* the mailer's own */
};

/* Any thread. done() comes later, exactly once. */
void mailer_send(struct mailer *m, struct mail_call *call);

/* One plain address local@domain of ASCII letters, digits and RFC 5322's atext characters: nothing
 * that could end an envelope's line or a header. Pure. */
int mail_address_valid(str address);

#endif
