/* Tells the last requests; the thread that answers. */
#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "admin/answers.h"
#include "admin/draft.h"
#include "admin/parameters.h"
#include "app/pattern.h"
#include "base/clock.h"
#include "http/target.h"
#include "server/journal.h"

/* Most lines that one answer has. */
#define JOURNAL_LIMIT_MAX 100000

/* The first second that is refused: in 2261, nanoseconds nearly fill an int64_t. */
#define JOURNAL_SECONDS_END 9200000000

/* Reads seconds since 1970, which may have a fraction. */
static bool
journal_read_seconds(const char *text, int64_t *wall)
{
	char *end;
	double seconds = strtod(text, &end);

	if (*end != '\0' || text[strspn(text, "0123456789.")] != '\0' ||
	    seconds >= JOURNAL_SECONDS_END)
		return false;
	*wall = (int64_t)(seconds * 1e9);
	return true;
}

/* Reads a time as lines have it (RFC 3339, in UTC), or seconds since 1970. Returns
 * false where it is neither. */
static bool
journal_read_time(struct span text, int64_t *wall)
{
	char copy[40], *rest;
	struct tm parts = { 0 };
	double fraction = 0;
	time_t seconds;
	int day;

	if (text.size == 0 || text.size >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (journal_read_seconds(copy, wall))
		return true;
	rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &parts);
	if (rest != NULL && *rest == '.')
		fraction = strtod(rest, &rest);
	if (rest == NULL || strcmp(rest, "Z") != 0)
		return false;
	day = parts.tm_mday;
	seconds = timegm(&parts); /* a February 30 becomes a day of March */
	if (parts.tm_mday != day || seconds < 0 ||
	    seconds >= JOURNAL_SECONDS_END)
		return false;
	*wall = (int64_t)seconds * CLOCK_S + (int64_t)(fraction * 1e9);
	return true;
}

/* Reads what is looked for; `room` has its pattern. Returns NULL, or what is
 * wrong. */
static const char *
journal_read(struct span query, struct journal_query *wanted,
    char room[PARAMETERS_MAX])
{
	char time[PARAMETERS_MAX];
	struct span since = parameters_find(query, "since", time);
	struct complaint why;

	*wanted = (struct journal_query){
		.path = parameters_find(query, "path", room),
		.limit = 1000,
	};
	if (wanted->path.data != NULL) {
		if (!pattern_check(wanted->path, &why))
			return "path has to be a pattern, such as /api/**";
		span_skip(&wanted->path, 1);
	}
	if (!parameters_number(query, "status", 100, 999, &wanted->status))
		return "status has to be a number such as 503";
	if (!parameters_number(query, "limit", 1, JOURNAL_LIMIT_MAX,
		&wanted->limit))
		return "limit has to be a number from 1 to 100000";
	if (since.data != NULL && !journal_read_time(since, &wanted->since))
		return "since has to be a time such as 2026-11-28T19:00:00Z";
	return NULL;
}

static void
journal_tell(void *arg, struct span line)
{
	struct draft *draft = arg;

	draft_add(draft, "%.*s", (int)line.size, line.data);
}

void
answers_requests(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	struct journal *journal = admin->clients->journal;
	struct journal_query wanted;
	char pattern[PARAMETERS_MAX];
	struct draft draft;
	const char *why;

	if (journal == NULL) {
		message_set(&answer->message, 404,
		    "no requests are kept: start with --journal=1000, say");
		return;
	}
	if (request->http->method == HTTP_DELETE) {
		journal_clear(journal);
		message_set(&answer->message, 204, NULL);
		return;
	}
	why = journal_read(request->http->query, &wanted, pattern);
	if (why != NULL) {
		message_set(&answer->message, 400, why);
		return;
	}
	draft_begin(&draft, "application/x-ndjson");
	journal_find(journal, &wanted, journal_tell, &draft);
	answers_use(answer, draft_end(&draft));
}
