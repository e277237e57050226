/* reader: strict reading of JSON by the grammar of RFC 8259, as far as we write it: in
 * plain ASCII, its controls as \uXXXX. */
#ifndef MTASYNC_TESTS_READER_H
#define MTASYNC_TESTS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left of a text that is read. */
struct reader {
	const char *next, *end;
};

/* Whether the text goes on with this, which is taken then. */
bool reader_take_text(struct reader *r, const char *text);

/* Takes a character of a string, which is well-formed UTF-16 where it is escaped. */
uint32_t reader_take_character(struct reader *r);

/* Writes the character in UTF-8; returns its size, from 1 to 4. */
size_t reader_encode(uint32_t c, char text[4]);

#endif
