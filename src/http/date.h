/* date: HTTP's dates (RFC 9110 5.6.7). */
#ifndef MTASYNC_HTTP_DATE_H
#define MTASYNC_HTTP_DATE_H

#include <stdint.h>
#include <time.h>

#include "base/span.h"

#define HTTP_DATE_SIZE 29 /* `Sun, 06 Nov 1994 08:49:37 GMT` */

/* No date: no text is read as this. */
#define HTTP_DATE_NONE ((time_t)INT64_MIN)

/* Writes exactly HTTP_DATE_SIZE bytes, no NUL: an IMF-fixdate. Any thread. */
void http_date_format(char text[HTTP_DATE_SIZE], time_t when);

/*
 * Reads any of the three formats: IMF-fixdate, RFC 850 (whose two-digit year
 * is taken as the last one that is not over 50 years ahead of `now`) and
 * asctime. Returns 0 and sets *when; or -1 for anything else, impossible days
 * and hours included (a leap second, :60, is allowed). Any thread.
 */
int http_date_parse(struct span text, time_t now, time_t *when);

#endif
