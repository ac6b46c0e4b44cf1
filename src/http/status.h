/* Phrases of the status codes we send (RFC 9110 section 15). Pure. */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

/* "Not Found"; "Error" or "Success" for one that is not listed. Static. */
const char *status_phrase(int status);

#endif
