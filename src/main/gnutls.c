/* Keeps GnuTLS asleep. Debian's libcurl brings it along for LDAP and RTMP, which are never used
 * here (TLS is OpenSSL's), and its constructor would self-test its ciphers at every start and keep
 * a megabyte for it. A program that says no is what the manual's GNUTLS_SKIP_GLOBAL_INIT is for; it
 * is written out here, as the header would be one more dependency.
 */
int _gnutls_global_init_skip(void); // NOLINT(bugprone-reserved-identifier): GnuTLS's name

int _gnutls_global_init_skip(void) // NOLINT(bugprone-reserved-identifier)
{
    return 1;
}
