/* Makes a worker's buffers of records; the main thread. */
#include "config.h"

#include "tls/turn.h"

#include <stdlib.h>

int
tls_turn_open(struct tls_turn *turn)
{
	turn->in = malloc(TLS_TURN_MAX);
	turn->out = malloc(TLS_TURN_MAX);
	if (turn->in != NULL && turn->out != NULL)
		return 0;
	tls_turn_close(turn);
	return -1;
}

void
tls_turn_close(struct tls_turn *turn)
{
	free(turn->in);
	free(turn->out);
	*turn = (struct tls_turn){ 0 };
}
