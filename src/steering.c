/* Hears petitions; the main thread. */
#include "config.h"

#include "steering.h"

#include "rulebook.h"

/* Takes down why a petition is refused. */
static enum petition_state
steering_refuse(struct petition *petition, const char *why)
{
	petition->why = why;
	return PETITION_REFUSED;
}

/* Has the server serve by what a petition says. Returns what comes of it:
 * PETITION_DONE, once all workers do. */
static enum petition_state
steering_obey(struct steering *steering, struct petition *petition)
{
	struct files *files = steering->files;
	struct rules *rules;

	if (server_phase(steering->server) != SERVER_SERVING)
		return steering_refuse(petition,
		    "no rules are taken while the server starts or stops");
	if (petition->expects && petition->expected != rules_tag(files->rules))
		return PETITION_STALE;
	if (petition->text == NULL)
		return files_restore_rules(files, steering->server) == 0
			   ? PETITION_DONE
			   : steering_refuse(petition,
				 "those of the command line can't be had "
				 "again: standard error says why");
	rules = rulebook_parse((struct span){ petition->text, petition->size },
	    files->limits, files->rules, &petition->fault);
	if (rules == NULL)
		return PETITION_FAULTY;
	return files_use_rules(files, steering->server, rules) == 0
		   ? PETITION_DONE
		   : steering_refuse(petition,
			 "ROOT can't be opened: standard error says why");
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

	if (steering->heard != NULL)
		petition_end(steering->heard,
		    steering->reloads ? PETITION_OVERTAKEN : PETITION_DONE);
	steering->reloads = false;
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
