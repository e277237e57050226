/* Tells of libevent; any thread. */
#include "config.h"

#include "loop/library.h"

#include <event2/event.h>
#include <stdio.h>

#include "base/log.h"

/*
 * Logs what libevent says, as an error where libevent exits then, which it does
 * by itself. Else it has told its caller, who says what comes of it, so that
 * debug level suffices. Any thread.
 */
static void
library_on_log(int severity, const char *text)
{
	if (severity >= EVENT_LOG_ERR)
		log_error("libevent: %s", text);
	else if (severity >= EVENT_LOG_WARN)
		log_debug("libevent: %s", text);
}

void
library_begin_log(void)
{
	event_set_log_callback(library_on_log);
}

void
library_describe(char *text, size_t room)
{
	struct event_base *base = event_base_new();

	snprintf(text, room, "%s (%s)", event_get_version(),
	    base != NULL ? event_base_get_method(base) : "no backend");
	if (base != NULL)
		event_base_free(base);
}
