/*
 * turn: a worker's buffers of records, which all of its connections share: empty
 * between their turns.
 */
#ifndef MTASYNC_TLS_TURN_H
#define MTASYNC_TLS_TURN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* Room for several records each way. */
#define TLS_TURN_MAX ((size_t)64 * 1024)

struct tls_turn {
	char *in; /* received, not yet opened: [in_start, in_end) */
	size_t in_start;
	size_t in_end;
	char *out; /* to be sent: [0, out_size) */
	size_t out_size;
	unsigned
	    records; /* that were opened or sealed since the caller set it to
			   * 0: each is work, however few bytes it has */
};

/* Makes the buffers of a zeroed turn. Returns 0, or -1 with ENOMEM. */
int tls_turn_open(struct tls_turn *turn);

/* Frees them; of a zeroed turn, too. */
void tls_turn_close(struct tls_turn *turn);

/* Returns what is received and not yet opened. Whole records are not among it
 * after a TLS_MORE: at most the beginning of one, for the caller to save. */
static inline struct span
tls_turn_input(const struct tls_turn *turn)
{
	return (struct span){ turn->in + turn->in_start,
		turn->in_end - turn->in_start };
}

/* Returns what is to be sent. */
static inline struct span
tls_turn_output(const struct tls_turn *turn)
{
	return (struct span){ turn->out, turn->out_size };
}

#endif
