/* What the rules ask of the side that sends notices on (src/notify): which addresses it would call,
 * and whether it can send mail. Made once by main, read-only, any thread.
 */
#ifndef CORE_NOTIFIER_H
#define CORE_NOTIFIER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct notifier {
    void *self;
    int mail;        /* an SMTP server is configured */
    str mail_server; /* "smtps://mail.example.com:465"; empty without */
    str mail_from;
    /* entered -> the URL to call; ERR_INVALID with a sentence. Names are not resolved here (the
     * guard does that at connect time). */
    enum err (*check_url)(void *self, struct arena *a, struct fault *f, str entered, str *ret);
};

#endif
