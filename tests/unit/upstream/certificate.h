/* Self-signed certificates for tests.
 */
#ifndef UNIT_CERTIFICATE_H
#define UNIT_CERTIFICATE_H

/* Writes a new key and a certificate for this DNS name, valid from and until so many seconds from
 * now, as PEM into a new temporary file; returns its path (to be unlinked and freed with free). */
char *certificate_write(const char *name, long from_s, long until_s);

#endif
