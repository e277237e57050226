/* Makes behaviours of words, and words of behaviours. */
#include "config.h"

#include "worded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/pools.h"
#include "base/clock.h"

/* The pools, which are made once, and stay. */
static const struct pools *
worded_pools(void)
{
	static struct pools *pools;
	struct complaint why;

	if (pools != NULL)
		return pools;
	pools = pools_new();
	assert_non_null(pools);
	assert_true(pools_add(pools, SPAN("db:slots=2"), NULL, &why));
	assert_true(pools_add(pools, SPAN("Web-2_:slots=1"), NULL, &why));
	return pools;
}

const struct words_limits *
worded_limits(void)
{
	static struct words_limits limits = { { 60 * CLOCK_S, NULL, NULL },
		1 << 20, NULL };

	limits.pools = worded_pools();
	return &limits;
}

bool
worded_try(struct behaviour *behaviour, const char *words, const char **start,
    struct complaint *why)
{
	while (*words != '\0') {
		size_t size = strcspn(words, "&");
		const char *equals = memchr(words, '=', size);
		struct span name, value;

		assert_non_null(equals);
		*start = words;
		name = (struct span){ words, (size_t)(equals - words) };
		value = (struct span){ equals + 1, size - name.size - 1 };
		if (!words_add(behaviour, name, value, worded_limits(), why))
			return false;
		words += size + (words[size] == '&');
	}
	return true;
}

void
worded_add(struct behaviour *behaviour, const char *words)
{
	struct complaint why;
	const char *start;

	if (!worded_try(behaviour, words, &start, &why))
		fail_msg("%s: %s: wants %s", words, start, why.wanted);
}

const char *
worded_print(const struct behaviour *behaviour, char text[WORDED_MAX])
{
	char *out = text;

	*out = '\0';
	for (enum word word = 0; word < WORDS; word++) {
		for (unsigned i = 0; i < words_count(behaviour, word); i++) {
			char value[WORDS_VALUE_MAX];
			size_t size = words_format(behaviour, word, i, value);

			out += sprintf(out, "%s%s=%.*s", out > text ? "&" : "",
			    words_name(word), (int)size, value);
		}
	}
	return text;
}
