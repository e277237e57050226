/* Hears petitions; the main thread. */
#include "config.h"

#include "steering.h"

#include "rulebook.h"

/* Has the server serve by what a petition says. Returns what comes of it:
 * PETITION_DONE, once all workers do. */
static enum petition_state
steering_obey(struct steering *steering, struct petition *petition)
{
	struct files *files = steering->files;
	struct rules *rules;

	if (server_phase(steering->server) != SERVER_SERVING)
		return PETITION_REFUSED;
	if (petition->expects && petition->expected != rules_tag(files->rules))
		return PETITION_STALE;
	if (petition->text == NULL)
		return files_restore_rules(files, steering->server) == 0
			   ? PETITION_DONE
			   : PETITION_REFUSED;
	rules = rulebook_parse((struct span){ petition->text, petition->size },
	    files->limits, files->rules, &petition->fault);
	if (rules == NULL)
		return PETITION_FAULTY;
	return files_use_rules(files, steering->server, rules) == 0
		   ? PETITION_DONE
		   : PETITION_REFUSED;
}

void
steering_hear(struct steering *steering)
{
	struct petition *petition = server_take_petition(steering->server);
	enum petition_state state = steering_obey(steering, petition);

	if (state == PETITION_DONE) {
		petition->tag = rules_tag(steering->files->rules);
		steering->heard = petition;
		return;
	}
	petition_end(petition, state);
	petition_release(petition);
}

bool
steering_settle(struct steering *steering)
{
	bool alone = steering->heard != NULL && !steering->reloads;

	steering->reloads = false;
	if (steering->heard != NULL)
		petition_end(steering->heard, PETITION_DONE);
	petition_release(steering->heard);
	steering->heard = NULL;
	return alone;
}

void
steering_end(struct steering *steering)
{
	petition_release(steering->heard);
	steering->heard = NULL;
}
