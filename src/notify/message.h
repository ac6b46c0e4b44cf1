/* A mail as text: RFC 5322 headers, and the text in base64 (RFC 2045), so that no line of it can
 * be taken for anything else. Pure.
 *
 * Header injection: the addresses are mail_address_valid() (upstream/mail.h), the subject goes in
 * as RFC 2047 encoded words whatever is in it, the rest is ours.
 */
#ifndef NOTIFY_MESSAGE_H
#define NOTIFY_MESSAGE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct message {
    str id; /* letters and digits: the same in every try, for Message-ID */
    str from;
    str to;
    str subject; /* UTF-8 */
    str text;    /* UTF-8, lines end with LF */
    int64_t date_ms;
};

/* Lines end with CR LF. */
str message_print(struct arena *a, const struct message *m);

#endif
