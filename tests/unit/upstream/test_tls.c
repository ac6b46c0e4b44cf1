/* upstream/client.h over TLS: what is refused, and which reason is given. */
#include "support.h"

#include <stdio.h>

#include "caller.h"
#include "certificate.h"
#include "server.h"

#define DAY 86400L

static int answer(struct server_request *r)
{
    server_reply(r, 200, "application/json", "", "{}");
    return 1;
}

/* One call to https://localhost at a server with this certificate (NULL: it does not speak TLS),
 * trusting ca. */
static void check(const char *pem, const char *ca, enum upstream_outcome outcome,
                  const char *reason)
{
    struct server *server = server_start(answer, pem);
    char url[64];
    struct caller *caller;
    struct caller_call *c;
    struct upstream_call *call;

    (void)snprintf(url, sizeof(url), "https://localhost:%d", server_port(server));
    caller = caller_new(url, ca, "", 3000);
    c = caller_begin(caller, "POST", "{}", 5000, url);
    call = caller_wait(c);
    if (call->outcome != outcome)
        fail_msg("outcome %d: %s", call->outcome, call->detail.p);
    if (reason) {
        assert_int_equal(call->sent, 0);
        assert_string_equal(call->reason, reason);
    } else {
        assert_int_equal(call->status, 200);
    }
    assert_int_equal(server_count(server, "/"), reason ? 0 : 1);
    caller_call_free(c);
    caller_free(caller);
    server_stop(server);
}

static void check_certificate(const char *name, long from_s, long until_s, int trusted,
                              enum upstream_outcome outcome, const char *reason)
{
    char *pem = certificate_write(name, from_s, until_s);

    check(pem, trusted ? pem : "", outcome, reason);
    (void)unlink(pem);
    free(pem);
}

static void test_certificates(void **state)
{
    (void)state;
    check_certificate("localhost", -DAY, DAY, 1, UPSTREAM_ANSWERED, NULL);
    check_certificate("localhost", -DAY, DAY, 0, UPSTREAM_TLS, "its certificate is self-signed");
    check_certificate("localhost", -2 * DAY, -DAY, 1, UPSTREAM_TLS, "its certificate has expired");
    check_certificate("localhost", DAY, 2 * DAY, 1, UPSTREAM_TLS,
                      "its certificate is not valid yet (is this machine's clock right?)");
    check_certificate("elsewhere.example", -DAY, DAY, 1, UPSTREAM_TLS,
                      "its certificate is for another host name");
}

static void test_no_tls_at_all(void **state)
{
    (void)state;
    check(NULL, "", UPSTREAM_TLS, "it does not speak https on this port");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_no_tls_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
