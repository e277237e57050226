/*
 * chars: the table of octets. Constant; any thread.
 *
 * A target may hold all octets but controls, space and '#', which begins a
 * fragment that no client may send. RFC 3986 allows less, but browsers send
 * `|`, `^`, `{`, `"` and others as they are within queries, and other clients
 * UTF-8; none of them can be taken for a delimiter of the request line.
 */
#include "config.h"

#include "http/chars.h"

enum {
	TOKEN = HTTP_CHAR_TOKEN,
	/* What is neither control nor space, nor one of the two below. */
	PRINT = HTTP_CHAR_VALUE | HTTP_CHAR_TARGET | HTTP_CHAR_ETAG,
	QUOTE = HTTP_CHAR_VALUE | HTTP_CHAR_TARGET,
	HASH = HTTP_CHAR_VALUE | HTTP_CHAR_ETAG | HTTP_CHAR_TOKEN,
	/* What tokens and names of hosts have in common. */
	PLAIN = PRINT | HTTP_CHAR_TOKEN | HTTP_CHAR_NAME,
	NAME = PRINT | HTTP_CHAR_NAME,
};

const unsigned char http_chars[256] = {
	['\t'] = HTTP_CHAR_VALUE,
	[' '] = HTTP_CHAR_VALUE,
	['!'] = PLAIN,
	['"'] = QUOTE,
	['#'] = HASH,
	['$'] = PLAIN,
	['%'] = PRINT | TOKEN,
	['&'] = PLAIN,
	['\''] = PLAIN,
	['('] = NAME,
	[')'] = NAME,
	['*'] = PLAIN,
	['+'] = PLAIN,
	[','] = NAME,
	['-'] = PLAIN,
	['.'] = PLAIN,
	['/'] = PRINT,
	['0' ... '9'] = PLAIN | HTTP_CHAR_DIGIT,
	[':'] = PRINT,
	[';'] = NAME,
	['<'] = PRINT,
	['='] = NAME,
	['>' ... '@'] = PRINT,
	['A' ... 'Z'] = PLAIN,
	['[' ... ']'] = PRINT,
	['^'] = PRINT | TOKEN,
	['_'] = PLAIN,
	['`'] = PRINT | TOKEN,
	['a' ... 'z'] = PLAIN,
	['{'] = PRINT,
	['|'] = PRINT | TOKEN,
	['}'] = PRINT,
	['~'] = PLAIN,
	[0x80 ... 0xff] = PRINT,
};
