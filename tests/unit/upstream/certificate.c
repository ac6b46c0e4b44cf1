/* See the header. */
#include "certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

static X509 *make(EVP_PKEY *key, const char *name, long from_s, long until_s)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);
    char text[128];
    X509_EXTENSION *san;

    must(X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1));
    must(X509_gmtime_adj(X509_getm_notBefore(x), from_s) != NULL);
    must(X509_gmtime_adj(X509_getm_notAfter(x), until_s) != NULL);
    must(X509_set_pubkey(x, key));
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                    -1, 0));
    must(X509_set_issuer_name(x, subject));
    (void)snprintf(text, sizeof(text), "DNS:%s", name);
    san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
    must(san != NULL && X509_add_ext(x, san, -1));
    X509_EXTENSION_free(san);
    must(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

char *certificate_write(const char *name, long from_s, long until_s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = make(key, name, from_s, until_s);
    char *path = strdup("/tmp/mortise-test-XXXXXX");
    int fd = mkstemp(path);
    FILE *out = fdopen(fd, "w");

    must(out != NULL);
    must(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL));
    must(PEM_write_X509(out, x));
    must(fclose(out) == 0);
    X509_free(x);
    EVP_PKEY_free(key);
    return path;
}
