/*
 * conditions: whether a conditional request is to be carried out (RFC 9110
 * 13).
 */
#ifndef MTASYNC_HTTP_CONDITIONS_H
#define MTASYNC_HTTP_CONDITIONS_H

#include <stdbool.h>
#include <time.h>

#include "http/request.h"

/* What tells one version of a representation from another. */
struct http_validators {
	struct span etag; /* strong, with its quotes */
	time_t modified;  /* Last-Modified, or HTTP_DATE_NONE */
};

enum http_condition {
	HTTP_CONDITION_HOLDS,        /* answer as if there were none */
	HTTP_CONDITION_NOT_MODIFIED, /* 304 */
	HTTP_CONDITION_FAILED,       /* 412 */
};

/*
 * Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since
 * of a GET or HEAD for a representation that exists, in the order of 13.2.2.
 * A list may come in several lines; one that is malformed names nothing. Dates
 * that are none, or come in several lines, are ignored. `now` is for two-digit
 * years. Where there is no Last-Modified, dates say nothing (13.1.3, 13.1.4).
 * Any thread.
 */
enum http_condition http_conditions_check(const struct http_request *request,
    const struct http_validators *validators, time_t now);

/*
 * Whether the Range of the request is to be used (13.1.5): there is no
 * If-Range, or it has this very validator: the entity tag by strong
 * comparison, or the date exactly, where that is strong in the sense of
 * 8.8.2.2: Last-Modified is at least a second before `now`. A Range or If-Range
 * in several lines is never used. Any thread.
 */
bool http_if_range_holds(const struct http_request *request,
    const struct http_validators *validators, time_t now);

#endif
