/*
 * fuzz_target: paths of targets. The result is a path below the root, comes
 * back from being encoded again, its slashes too, and fits where the contract
 * says.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "http/target.h"

/* A result in memory of exactly the room that was given. */
struct decoded {
	enum http_target outcome;
	char *text;
	size_t size;
};

static struct decoded
decode(struct span path, size_t room)
{
	struct decoded d = { .text = malloc(room), .size = SIZE_MAX };

	FUZZ_CHECK(d.text != NULL);
	d.outcome = http_target_decode(path, d.text, room, &d.size);
	return d;
}

/* Nothing in it leads out of the root, or ends it early. */
static void
check_below_root(const struct decoded *d)
{
	const char *segment = d->text;

	FUZZ_CHECK(strlen(d->text) == d->size);
	FUZZ_CHECK(d->text[0] != '/');
	while (*segment != '\0') {
		size_t size = strcspn(segment, "/");

		FUZZ_CHECK(size > 0);
		FUZZ_CHECK(size != 1 || segment[0] != '.');
		FUZZ_CHECK(size != 2 || memcmp(segment, "..", 2) != 0);
		segment += size + (segment[size] == '/');
	}
}

/* Whether the path comes to the same. */
static void
check_same(const struct decoded *d, struct span path)
{
	struct decoded same = decode(path, path.size + 1);

	FUZZ_CHECK(same.outcome == d->outcome);
	if (d->outcome == HTTP_TARGET_OK) {
		FUZZ_CHECK(same.size == d->size);
		FUZZ_CHECK(memcmp(same.text, d->text, d->size) == 0);
	}
	free(same.text);
}

/* The path of the decoded text: %XX for each byte, or for '%' alone. */
static void
check_encoded(const struct decoded *d, bool all)
{
	char *path = malloc(3 * d->size + 2), *p = path;

	FUZZ_CHECK(path != NULL);
	*p++ = '/';
	for (size_t i = 0; i < d->size; i++) {
		unsigned char c = (unsigned char)d->text[i];
		bool as_is = c != '%' && !all;

		p += sprintf(p, as_is ? "%c" : "%%%02x", c);
	}
	check_same(d, (struct span){ path, (size_t)(p - path) });
	free(path);
}

/* What we write ourselves comes back, and holds nothing but plain ASCII. */
static void
check_written(const struct decoded *d)
{
	char *path = malloc(3 * d->size + 1);
	size_t size;

	FUZZ_CHECK(path != NULL);
	path[0] = '/';
	size = 1 +
	       http_target_encode((struct span){ d->text, d->size }, path + 1);
	for (size_t i = 0; i < size; i++)
		FUZZ_CHECK(path[i] > ' ' && path[i] < 0x7f &&
			   strchr("\\\"#?:@<>", path[i]) == NULL);
	check_same(d, (struct span){ path, size });
	free(path);
}

/* More slashes, encoded ones too, and dots between them, change nothing. */
static void
check_slashes(const struct decoded *d, struct span input)
{
	char *path = malloc(9 * input.size), *p = path;

	FUZZ_CHECK(path != NULL);
	for (size_t i = 0; i < input.size; i++) {
		if (input.data[i] == '/')
			p = mempcpy(p, "//%2E%2f", 8);
		*p++ = input.data[i];
	}
	check_same(d, (struct span){ path, (size_t)(p - path) });
	free(path);
}

/* In a smaller room, it is the same or does not fit. */
static void
check_rooms(const struct decoded *d, struct span input)
{
	for (size_t room = 1; room <= input.size; room += room / 4 + 1) {
		struct decoded small = decode(input, room);

		if (small.outcome == HTTP_TARGET_TOO_LONG) {
			free(small.text);
			continue;
		}
		FUZZ_CHECK(small.outcome == d->outcome);
		if (d->outcome == HTTP_TARGET_OK) {
			FUZZ_CHECK(small.size == d->size);
			FUZZ_CHECK(strcmp(small.text, d->text) == 0);
		}
		free(small.text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input;
	struct decoded d;

	if (size == 0 || data[0] != '/')
		return 0;
	input = fuzz_copy(data, size);
	d = decode(input, size + 1);
	FUZZ_CHECK(d.outcome != HTTP_TARGET_TOO_LONG);
	check_slashes(&d, input);
	check_rooms(&d, input);
	if (d.outcome == HTTP_TARGET_OK) {
		FUZZ_CHECK(d.size < size);
		check_below_root(&d);
		check_encoded(&d, true);
		check_encoded(&d, false);
		check_written(&d);
	}
	free(d.text);
	fuzz_free(input);
	return 0;
}
