/* Finds keys, and counts their attempts; any thread. */
#include "config.h"

#include "app/key.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/roll.h"

_Static_assert(sizeof(uint64_t) + BEHAVIOUR_KEY_MAX <= TALLY_KEY_MAX,
    "any key and its scope fit");

/* Hexadecimal digits of a hash. */
#define KEY_DIGITS 16

/* Returns the value of the first field of a name; empty where there is none. */
static struct span
key_field(const struct http_request *http, struct span name)
{
	for (unsigned i = 0; i < http->field_count; i++)
		if (span_equal_nocase(http->fields[i].name, name))
			return http->fields[i].value;
	return SPAN("");
}

static void
key_take(struct key *key, struct span text)
{
	key->size = text.size;
	if (text.size > BEHAVIOUR_KEY_MAX) {
		char digits[KEY_DIGITS + 1];

		key->size = BEHAVIOUR_KEY_MAX;
		snprintf(digits, sizeof(digits), "%016" PRIx64, roll_key(text));
		memcpy(key->text + BEHAVIOUR_KEY_MAX - KEY_DIGITS, digits,
		    KEY_DIGITS);
		text.size = BEHAVIOUR_KEY_MAX - KEY_DIGITS;
	}
	memcpy(key->text, text.data, text.size);
}

void
key_find(struct key *key, const struct behaviour *behaviour,
    const struct http_request *http, const struct moment *moment)
{
	struct asker asker;

	key->size = 0;
	switch (behaviour->key.from) {
	case KEY_TEXT:
		key_take(key, behaviour->key.text);
		return;
	case KEY_HEADER:
		if (http != NULL)
			key_take(key, key_field(http, behaviour->key.text));
		return;
	case KEY_PEER:
		if (http == NULL)
			return;
		moment_asker(moment, &asker);
		key_take(key, span_of(asker.peer));
		return;
	}
}

uint64_t
key_attempt(const struct key *key, uint64_t scope, struct tally *tally)
{
	char scoped[TALLY_KEY_MAX];

	memcpy(scoped, &scope, sizeof(scope));
	memcpy(scoped + sizeof(scope), key->text, key->size);
	return tally_count(tally,
	    (struct span){ scoped, sizeof(scope) + key->size });
}
