/* Cells of CSV files (RFC 4180) that people open in spreadsheets: what would be a formula there
 * begins with an apostrophe (OWASP "CSV Injection"). Pure; any thread.
 */
#ifndef RESOURCES_CSV_H
#define RESOURCES_CSV_H

#include "base/buf.h"

/* Quoted, and a comma behind it. */
void csv_add(struct buf *b, str text);
/* Ends a line: the last comma goes. */
void csv_end(struct buf *b);

#endif
