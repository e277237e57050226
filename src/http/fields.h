/* fields: what the values of several fields have in common (RFC 9110 5.6). */
#ifndef MTASYNC_HTTP_FIELDS_H
#define MTASYNC_HTTP_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Without the SP and HTAB at both ends (OWS of 5.6.3). */
struct span http_trim(struct span text);

/*
 * Takes the next element off the comma-separated *list (5.6.1): empty ones are
 * skipped, commas within quoted strings do not count. Returns false at the
 * end. Any thread.
 */
bool http_list_next(struct span *list, struct span *element);

/*
 * Reads a qvalue (12.4.2), at most 1 with at most three decimals, to
 * thousandths. Returns false where it is none.
 */
bool http_read_quality(struct span text, uint16_t *quality);

/*
 * Whether the value of an If-Match (strong) or If-None-Match (weak comparison,
 * 8.8.3.2) field names `etag`, a strong entity tag with its quotes, or is `*`.
 * A value that is not a list of entity tags matches nothing.
 */
bool http_etag_listed(struct span list, struct span etag, bool weak);

#endif
