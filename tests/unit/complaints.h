/* complaints: rows of texts that are refused, each with what is said of it. */
#ifndef MTASYNC_TESTS_COMPLAINTS_H
#define MTASYNC_TESTS_COMPLAINTS_H

#include <stddef.h>

#include "app/complaint.h"

struct complaints_row {
	const char *text;
	size_t column;      /* of the byte at fault, from 0 on */
	const char *wanted; /* a part of what is said to be right */
};

/* `parse` is told what to do with a text; what it comes to is of no interest.
 * Checks that each text is refused as its row says, without a byte read outside
 * of it; and that each example is accepted. */
void complaints_check(bool (*parse)(struct span text, struct complaint *why),
    const struct complaints_row *rows, size_t count);

#define CHECK_COMPLAINTS(parse, rows) \
 complaints_check(parse, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
