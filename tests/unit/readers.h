/* readers: strict readers of what is told of answers, as far as we write it. */
#ifndef MTASYNC_TESTS_READERS_H
#define MTASYNC_TESTS_READERS_H

#include <stdbool.h>

/* Whether a text is a dictionary of structured fields (RFC 9651 4.2.2). */
bool is_dictionary(const char *text);

/* Whether a text is an object of JSON (RFC 8259). */
bool is_json_object(const char *text);

#endif
