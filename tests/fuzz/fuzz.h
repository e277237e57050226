/* fuzz: what the fuzz targets share. */
#ifndef MTASYNC_TESTS_FUZZ_H
#define MTASYNC_TESTS_FUZZ_H

#include <stdint.h>

#include "base/span.h"

/* A finding, unless the claim holds; NDEBUG does not take it away. */
#define FUZZ_CHECK(claim) fuzz_check(claim, #claim, __FILE__, __LINE__)

/* Says which claim does not hold, and aborts. */
_Noreturn void fuzz_fail(const char *claim, const char *file, int line);

/* No macro: it would count among the branches of each caller. */
static inline void
fuzz_check(bool holds, const char *claim, const char *file, int line)
{
	if (!holds)
		fuzz_fail(claim, file, line);
}

/*
 * Tries one input: what each target defines, and what libFuzzer calls, or the
 * replay of the corpus. Returns 0; a finding ends the process.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A copy on the heap, of which AddressSanitizer sees any byte read outside;
 * to be freed with fuzz_free().
 */
struct span fuzz_copy(const void *data, size_t size);
void fuzz_free(struct span copy);

/* Of a copy, lets the first `size` bytes be read: what has arrived so far. */
void fuzz_reveal(struct span copy, size_t size);

/*
 * The size of the next piece, when `left` bytes (not 0) are yet to come: from
 * 1 to `left`. *state is of the caller, and makes the sequence.
 */
size_t fuzz_piece(uint64_t *state, size_t left);

#endif
