/* See the header. Which of the representations an exchange gets is decided in represent_success()
 * and represent_problem(), and nowhere else.
 */
#include "http/represent.h"

#include <stdio.h>

#include "base/check.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/url.h"
#include "crypto/random.h"
#include "http/cookie.h"
#include "http/exchange_int.h"
#include "http/notice.h"
#include "http/page.h"
#include "http/status.h"

#define JSON_BODY_MAX ((size_t)32 * 1024 * 1024)
#define NOTICE_KEY_BYTES 32
#define NOTICE_COOKIE_S 60
#define RETRY_LATER_S 2
#define RETRY_ATTEMPTS_S 60

struct represent {
    const struct ui *ui;
    struct template_set *templates;
    struct buf csp;
    struct secret notice_key;
    str notice_cookie;
};

void answer_done(struct answer *a)
{
    buf_done(&a->body);
    *a = (struct answer){0};
}

/* A static name. */
static void add_header(struct answer *a, const char *name, str value)
{
    must(a->header_count < ANSWER_HEADERS_MAX);
    a->headers[a->header_count++] = (struct http_header){str_from(name), value};
}

enum err represent_new(struct fault *f, const struct ui *ui, str public_url, str extra_form_action,
                       struct represent **ret)
{
    struct represent *r = mem_new(struct represent);

    r->ui = ui;
    enum err e = template_set_new(f, ui->templates, ui->template_count, &r->templates);
    if (e) {
        mem_free(r);
        return e;
    }
    buf_init(&r->csp, 4096);
    buf_add_cstring(&r->csp, "default-src 'none'; style-src 'self'; img-src 'self' data:; "
                             "script-src 'self'; connect-src 'self'; font-src 'self'; "
                             "frame-ancestors 'none'; base-uri 'none'; form-action 'self'");
    if (!str_empty(extra_form_action))
        buf_addf(&r->csp, " %.*s", STR_ARG(extra_form_action));
    must(buf_ok(&r->csp));
    secret_alloc(&r->notice_key, NOTICE_KEY_BYTES);
    random_bytes(r->notice_key.p, r->notice_key.n);
    r->notice_cookie = notice_cookie_name(public_url);
    *ret = r;
    return ERR_OK;
}

void represent_free(struct represent *r)
{
    if (r == NULL)
        return;
    template_set_free(r->templates);
    buf_done(&r->csp);
    secret_wipe(&r->notice_key);
    mem_free(r);
}

static struct answer *start(const struct represent *r, struct exchange *x, int status,
                            str cache_control)
{
    struct answer *a = &x->private->answer;

    answer_done(a);
    a->status = status;
    add_header(a, "Content-Security-Policy", buf_str(&r->csp));
    add_header(a, "X-Content-Type-Options", STR("nosniff"));
    /* not no-referrer: with it browsers send "Origin: null" when a form is posted */
    add_header(a, "Referrer-Policy", STR("same-origin"));
    add_header(a, "Cross-Origin-Opener-Policy", STR("same-origin"));
    add_header(a, "Cross-Origin-Resource-Policy", STR("same-origin"));
    add_header(a, "Cache-Control", cache_control);
    add_header(a, "X-Request-Id", x->private->request_id);
    return a;
}

/* Where the same path has two representations, shared caches have to know. */
static struct answer *start_dynamic(const struct represent *r, struct exchange *x, int status)
{
    struct answer *a = start(r, x, status, STR("no-store"));

    if (!x->private->prefixed)
        add_header(a, "Vary", STR("Accept, Cookie"));
    if (!str_empty(x->set_cookie))
        add_header(a, "Set-Cookie", x->set_cookie);
    return a;
}

/* A path of ours or a whole URL, safe for a header (RFC 3986 knows ASCII only). */
static str header_url(struct arena *a, str url)
{
    char *p = arena_alloc(a, 3 * url.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];

        if (c > 0x20 && c < 0x7f)
            p[n++] = url.p[i];
        else
            n += (size_t)snprintf(p + n, 4, "%%%02X", (unsigned)c);
    }
    return (str){p, n};
}

static void redirect(const struct represent *r, struct exchange *x, int status, str url)
{
    struct answer *a = start_dynamic(r, x, status);
    str notice = notice_seal(x->arena, &r->notice_key, x->notice);

    add_header(a, "Location", header_url(x->arena, url));
    if (!str_empty(notice))
        add_header(a, "Set-Cookie",
                   cookie_set(x->arena, r->notice_cookie, notice, NOTICE_COOKIE_S));
}

void represent_moved(const struct represent *r, struct exchange *x, str url)
{
    redirect(r, x, 302, url);
}

void represent_asset(const struct represent *r, struct exchange *x, const struct asset *asset)
{
    struct answer *a = start(r, x, 200, STR("public, max-age=31536000, immutable"));

    add_header(a, "Content-Type", str_from(asset->type));
    a->content = asset->content;
}

static int is_read(const struct exchange *x)
{
    return str_eq(x->method, STR("GET"));
}

/* -- JSON -- */

static void add_document(struct exchange *x, struct buf *b)
{
    json_t *doc = x->doc ? x->doc : doc_object(x->arena);

    buf_add(b, doc_print(x->arena, doc));
    if (x->raw_key == NULL)
        return;
    must(b->n >= 2 && b->p[b->n - 1] == '}');
    b->n--;
    buf_addf(b, "%s\"%s\":", b->n > 1 ? "," : "", x->raw_key);
    buf_add(b, x->raw_json);
    buf_add_char(b, '}');
}

static enum err json_success(const struct represent *r, struct exchange *x)
{
    int empty = x->doc == NULL && x->raw_key == NULL;
    struct answer *a = start_dynamic(r, x, x->status ? x->status : empty ? 204 : 200);

    if (x->status == 201 && !str_empty(x->location))
        add_header(
            a, "Location",
            header_url(x->arena, arena_printf(x->arena, "/api/v1%.*s", STR_ARG(x->location))));
    if (a->status == 204)
        return ERR_OK;
    add_header(a, "Content-Type", STR("application/json"));
    buf_init(&a->body, JSON_BODY_MAX);
    add_document(x, &a->body);
    if (!buf_ok(&a->body))
        return fail(&x->fault, ERR_INTERNAL, "The answer is larger than Mortise sends.");
    return ERR_OK;
}

static void add_retry_after(struct exchange *x, struct answer *a, int status, int retry_after_s)
{
    if (retry_after_s == 0 && status == 503)
        retry_after_s = RETRY_LATER_S;
    if (retry_after_s == 0 && status == 429)
        retry_after_s = RETRY_ATTEMPTS_S;
    if (retry_after_s > 0)
        add_header(a, "Retry-After", arena_printf(x->arena, "%d", retry_after_s));
}

/* What goes with the status, in both representations. */
static struct answer *start_problem(const struct represent *r, struct exchange *x, enum err e,
                                    int retry_after_s)
{
    struct answer *a = start_dynamic(r, x, err_status(e));

    add_retry_after(x, a, a->status, retry_after_s);
    if (!str_empty(x->private->allow) && e == ERR_METHOD_NOT_ALLOWED)
        add_header(a, "Allow", x->private->allow);
    if (a->status == 401) /* RFC 9110 section 15.5.2 wants one */
        add_header(a, "WWW-Authenticate",
                   STR("Cookie realm=\"Mortise\", Bearer realm=\"Mortise\""));
    return a;
}

/* RFC 9457 section 3: with about:blank the title is the status' phrase. */
static void json_problem(const struct represent *r, struct exchange *x)
{
    struct answer *a = start_problem(r, x, x->fault.code, x->retry_after_s);
    json_t *problem = doc_object(x->arena);

    if (x->doc)
        must(json_object_update(problem, x->doc) == 0);
    doc_set_cstring(problem, "type", "about:blank");
    doc_set_cstring(problem, "title", status_phrase(a->status));
    doc_set_int(problem, "status", a->status);
    doc_set_cstring(problem, "detail", fault_text(&x->fault));
    doc_set_cstring(problem, "code", err_code(x->fault.code));
    doc_set(problem, "errors", x->field_errors ? x->field_errors : doc_array(x->arena));
    doc_set_str(problem, "instance", x->private->request_id);
    add_header(a, "Content-Type", STR("application/problem+json"));
    buf_init(&a->body, JSON_BODY_MAX);
    buf_add(&a->body, doc_print(x->arena, problem));
}

/* -- pages -- */

/* What the page says once: the handler's own words, or those that came with the redirect. */
static str take_notice(const struct represent *r, struct exchange *x, struct answer *a)
{
    str value = cookie_get(x->cookie, r->notice_cookie);

    if (value.p)
        add_header(a, "Set-Cookie", cookie_set(x->arena, r->notice_cookie, STR(""), 0));
    if (!str_empty(x->notice) || !value.p)
        return x->notice;
    return notice_open(x->arena, &r->notice_key, value);
}

static enum err render(const struct represent *r, struct exchange *x, const char *template,
                       const struct page_problem *problem, struct answer *a)
{
    json_t *context = doc_object(x->arena);

    if (x->doc)
        must(json_object_update(context, x->doc) == 0);
    if (problem->extras)
        must(json_object_update(context, problem->extras) == 0);
    doc_set(context, "page", page_context(x, r->ui, take_notice(r, x, a), problem));
    add_header(a, "Content-Type", STR("text/html; charset=utf-8"));
    buf_init(&a->body, ANSWER_BODY_MAX);
    a->template = template;
    return template_render(r->templates, x->arena, &x->fault, template, context, &a->body,
                           &a->missing);
}

static enum err page_success(const struct represent *r, struct exchange *x, const char *template)
{
    struct page_problem none = {0};
    struct answer *a = start_dynamic(r, x, x->status ? x->status : 200);

    return render(r, x, template, &none, a);
}

/* The form once more, with what went wrong. */
static enum err page_again(const struct represent *r, struct exchange *x, const char *template)
{
    struct exchange_private *p = x->private;
    struct page_problem problem = {&p->problem, p->problem_retry_after_s, p->problem_errors,
                                   p->problem_extras};
    struct answer *a = start_problem(r, x, p->problem.code, p->problem_retry_after_s);

    return render(r, x, template, &problem, a);
}

static void page_problem(const struct represent *r, struct exchange *x)
{
    struct page_problem problem = {&x->fault, x->retry_after_s, x->field_errors, x->doc};
    struct answer *a = start_problem(r, x, x->fault.code, x->retry_after_s);
    struct fault shown = x->fault;

    if (render(r, x, "problem", &problem, a) == ERR_OK)
        return;
    x->fault = shown;
    a = start_problem(r, x, x->fault.code, x->retry_after_s);
    add_header(a, "Content-Type", STR("text/plain; charset=utf-8"));
    buf_init(&a->body, ANSWER_BODY_MAX);
    buf_addf(&a->body, "%s\n", fault_text(&x->fault));
}

static void sign_in_first(const struct represent *r, struct exchange *x)
{
    str path = url_encode(x->arena, x->private->page_path);

    redirect(r, x, 303, arena_printf(x->arena, "/session?return_to=%.*s", STR_ARG(path)));
}

/* -- a file -- */

static enum err file_success(const struct represent *r, struct exchange *x)
{
    const struct exchange_file *file = &x->file;
    struct answer *a = start_dynamic(r, x, x->status ? x->status : 200);

    add_header(a, "Content-Type", str_from(file->type));
    add_header(a, "Content-Disposition",
               arena_printf(x->arena, "attachment; filename=\"%.*s\"", STR_ARG(file->name)));
    buf_init(&a->body, JSON_BODY_MAX);
    buf_add(&a->body, file->content);
    if (!buf_ok(&a->body))
        return fail(&x->fault, ERR_INTERNAL, "The answer is larger than Mortise sends.");
    return ERR_OK;
}

/* -- which one -- */

static void represent_problem(const struct represent *r, struct exchange *x, enum err e)
{
    if (x->fault.code != e)
        (void)fail(&x->fault, e, "");
    if (x->representation == EXCHANGE_JSON)
        json_problem(r, x);
    else if (e == ERR_NOT_SIGNED_IN && is_read(x))
        sign_in_first(r, x);
    else
        page_problem(r, x);
}

static enum err represent_success(const struct represent *r, struct exchange *x)
{
    const char *template = x->page ? x->page : x->route->page;

    if (x->private->failed)
        return page_again(r, x, template);
    if (x->file.type)
        return file_success(r, x);
    if (x->representation == EXCHANGE_JSON)
        return json_success(r, x);
    if (!str_empty(x->location) && (is_read(x) || template[0] == '\0')) {
        redirect(r, x, 303, x->location);
        return ERR_OK;
    }
    if (template[0])
        return page_success(r, x, template);
    if (x->is_form) {
        redirect(r, x, 303, STR("/"));
        return ERR_OK;
    }
    return json_success(r, x);
}

void represent_exchange(const struct represent *r, struct exchange *x, enum err result)
{
    enum err e = result ? result : represent_success(r, x);

    if (e == ERR_OK)
        return;
    if (result == ERR_OK) { /* the document could not be shown: ours to mend, whatever it was */
        e = ERR_INTERNAL;
        x->fault.code = ERR_INTERNAL;
        x->doc = NULL;
    }
    x->private->failed = 0;
    represent_problem(r, x, e);
}
