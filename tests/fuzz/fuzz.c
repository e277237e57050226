/* fuzz: what the fuzz targets share. One thread. */
#include "config.h"

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include <sanitizer/asan_interface.h>

void
fuzz_fail(const char *claim, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}

/* The byte behind the copy makes it so that no copy is of size 0. */
struct span
fuzz_copy(const void *data, size_t size)
{
	char *copy = malloc(size + 1);

	FUZZ_CHECK(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	ASAN_POISON_MEMORY_REGION(copy + size, 1);
	return (struct span){ copy, size };
}

void
fuzz_free(struct span copy)
{
	ASAN_UNPOISON_MEMORY_REGION(copy.data, copy.size + 1);
	free((char *)copy.data);
}

void
fuzz_reveal(struct span copy, size_t size)
{
	ASAN_UNPOISON_MEMORY_REGION(copy.data, size);
	ASAN_POISON_MEMORY_REGION(copy.data + size, copy.size + 1 - size);
}

/* Half of the pieces have one byte: faults lie where a split is. */
size_t
fuzz_piece(uint64_t *state, size_t left)
{
	uint64_t number;

	*state = *state * 6364136223846793005 + 1442695040888963407;
	number = *state >> 33;
	return number % 2 == 0 ? 1 : (size_t)(number / 2 % left) + 1;
}
