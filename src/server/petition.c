/* Passes petitions from thread to thread. */
#include "config.h"

#include "server/petition.h"

#include <stdatomic.h>
#include <stdlib.h>

struct petition *
petition_new(char *text, size_t size)
{
	struct petition *petition = calloc(1, sizeof(*petition));

	if (petition == NULL) {
		free(text);
		return NULL;
	}
	atomic_init(&petition->owners, 1);
	atomic_init(&petition->state, PETITION_ASKED);
	petition->text = text;
	petition->size = size;
	return petition;
}

struct petition *
petition_hold(struct petition *petition)
{
	if (petition != NULL)
		atomic_fetch_add(&petition->owners, 1);
	return petition;
}

void
petition_release(struct petition *petition)
{
	if (petition == NULL || atomic_fetch_sub(&petition->owners, 1) > 1)
		return;
	free(petition->text);
	free(petition);
}

void
petition_end(struct petition *petition, enum petition_state state)
{
	atomic_store(&petition->state, state);
}

enum petition_state
petition_state(const struct petition *petition)
{
	return (enum petition_state)atomic_load(&petition->state);
}
