/* Makes decisions that no words have said; any thread. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/decision.h"

struct decision *
decision_new_framing(enum framing framing)
{
	struct decision *decision = malloc(sizeof(*decision));

	if (decision == NULL)
		return NULL;
	*decision = (struct decision){ .framing = (uint8_t)framing };
	if (framing != FRAMING_CHUNKED)
		return decision;
	decision->flow = calloc(1,
	    sizeof(*decision->flow)); /* for its chunks */
	if (decision->flow != NULL)
		return decision;
	free(decision);
	return NULL;
}

struct decision *
decision_new_field(const char *name, const char *value)
{
	size_t room = strlen(name) + strlen(value) + sizeof(": \r\n");
	struct decision *decision = malloc(sizeof(*decision) + room);

	if (decision == NULL)
		return NULL;
	*decision = (struct decision){ .framing = FRAMING_LENGTH };
	decision->fields_size = (uint16_t)sprintf(decision->text, "%s: %s\r\n",
	    name, value);
	return decision;
}
