/* The stages of the listening sockets; main thread. */
#include "config.h"

#include "server/stages.h"

/* What each stage asks of the workers, and how often one looks at it. An order
 * below the last one is none: orders only ever go up. */
static const struct stages_row {
	enum worker_order order;
	int64_t look;
} stages_table[] = {
	[STAGE_TAKING] = { WORKER_SERVE, 50 * CLOCK_MS },
	[STAGE_RETIRING] = { WORKER_SERVE, 5 * CLOCK_MS },
	[STAGE_TRIMMING] = { WORKER_TRIM, 0 },
	[STAGE_SERVING] = { WORKER_SERVE, 0 },
	[STAGE_SHUTTING] = { WORKER_DRAIN, 5 * CLOCK_MS },
	[STAGE_CLOSING] = { WORKER_CLOSE, 0 },
	[STAGE_CLOSED] = { WORKER_CLOSE, 0 },
};

void
stages_begin(struct stages *stages, struct listeners *listeners)
{
	*stages = (struct stages){ .listeners = listeners,
		.stage = listeners_take_over(listeners) ? STAGE_TAKING
							: STAGE_SERVING };
}

/* The kernel is not asked again once patience is over: it may not know. */
static bool
stages_wait_for_handshakes(const struct stages *stages, int64_t now)
{
	return now < stages->patience &&
	       listeners_are_shaking_hands(stages->listeners);
}

bool
stages_advance(struct stages *stages, int64_t now, bool obeyed)
{
	struct listeners *listeners = stages->listeners;

	switch (stages->stage) {
	case STAGE_TAKING:
		if (!listeners_are_alone(listeners) ||
		    listeners_retire_surplus(listeners) == -1)
			return false;
		stages->patience = now + STAGES_HANDSHAKE_LIMIT;
		break;
	case STAGE_RETIRING:
	case STAGE_SHUTTING:
		if (stages_wait_for_handshakes(stages, now))
			return false;
		break;
	case STAGE_TRIMMING:
		if (!obeyed)
			return false;
		listeners_close_surplus(listeners);
		break;
	case STAGE_CLOSING:
		if (!obeyed)
			return false;
		listeners_close(listeners);
		break;
	case STAGE_SERVING:
	case STAGE_CLOSED:
		return false;
	}
	stages->stage++;
	return true;
}

bool
stages_drain(struct stages *stages, int64_t now)
{
	if (stages->stage >= STAGE_SHUTTING)
		return false;
	listeners_shut(stages->listeners);
	stages->stage = STAGE_SHUTTING;
	stages->patience = now + STAGES_HANDSHAKE_LIMIT;
	return true;
}

enum worker_order
stages_order(const struct stages *stages)
{
	return stages_table[stages->stage].order;
}

int64_t
stages_look(const struct stages *stages)
{
	return stages_table[stages->stage].look;
}
