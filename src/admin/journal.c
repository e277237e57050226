/* Tells the last requests, by and by; the thread that answers. */
#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "admin/answers.h"
#include "admin/parameters.h"
#include "app/pattern.h"
#include "base/clock.h"
#include "base/units.h"
#include "http/chars.h"
#include "server/journal.h"

/* Most lines that one answer has. */
#define JOURNAL_LIMIT_MAX 100000

/* The first second that is refused: in 2261, nanoseconds nearly fill an int64_t. */
#define JOURNAL_SECONDS_END INT64_C(9200000000)

/* How long one looks for lines before others have their turn. */
#define JOURNAL_LOOK (250 * CLOCK_US)

/* ---- what is looked for ---- */

/* Takes a number of so many digits from the front of a text. */
static bool
journal_take_digits(struct span *text, size_t digits, int *number)
{
	if (text->size < digits)
		return false;
	*number = 0;
	for (size_t i = 0; i < digits; i++) {
		if (!http_char_is(text->data[i], HTTP_CHAR_DIGIT))
			return false;
		*number = 10 * *number + (text->data[i] - '0');
	}
	span_skip(text, digits);
	return true;
}

/* Takes the fraction of a second, 9 digits at most, where there is one. */
static bool
journal_take_fraction(struct span *text, int64_t *ns)
{
	int64_t unit = CLOCK_S;
	int digit;

	*ns = 0;
	if (text->size == 0 || text->data[0] != '.')
		return true;
	span_skip(text, 1);
	while (unit > 1 && journal_take_digits(text, 1, &digit)) {
		unit /= 10;
		*ns += digit * unit;
	}
	return unit < CLOCK_S;
}

/* Takes date and time, as in RFC 3339 5.6, in UTC, up to the second. */
static bool
journal_take_date(struct span *text, int64_t *seconds)
{
	static const char ends[] = "--T::";
	struct tm parts = { 0 };
	int second = 0, *const numbers[] = { &parts.tm_year, &parts.tm_mon,
		&parts.tm_mday, &parts.tm_hour, &parts.tm_min, &second };
	struct tm date;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!journal_take_digits(text, i == 0 ? 4 : 2, numbers[i]))
			return false;
		if (ends[i] == '\0')
			break;
		if (text->size == 0 || text->data[0] != ends[i])
			return false;
		span_skip(text, 1);
	}
	parts.tm_year -= 1900;
	parts.tm_mon--;
	date = parts;
	*seconds = timegm(&date) + second;
	/* timegm() makes a February 30 a day of March, and so on */
	return second <= 60 && date.tm_mon == parts.tm_mon &&
	       date.tm_mday == parts.tm_mday && date.tm_hour == parts.tm_hour &&
	       date.tm_min == parts.tm_min;
}

/* Reads a time as lines have it (RFC 3339, in UTC), or seconds since 1970. Returns
 * false where it is neither. */
static bool
journal_read_time(struct span text, int64_t *wall)
{
	struct span rest = text, whole = span_take(&rest, SPAN("."));
	int64_t seconds, fraction;

	if (units_parse_count(whole, &seconds) == UNITS_OK) {
		if (!journal_take_fraction(&rest, &fraction) || rest.size > 0)
			return false;
	} else {
		rest = text;
		if (!journal_take_date(&rest, &seconds) ||
		    !journal_take_fraction(&rest, &fraction) ||
		    !span_equal(rest, SPAN("Z")))
			return false;
	}
	if (seconds < 0 || seconds >= JOURNAL_SECONDS_END)
		return false;
	*wall = seconds * CLOCK_S + fraction;
	return true;
}

/* Reads what is looked for; `room` has its pattern. Returns NULL, or what is
 * wrong. */
static const char *
journal_read_query(struct span query, struct journal_reader *wanted,
    char room[PARAMETERS_MAX])
{
	char time[PARAMETERS_MAX];
	struct span since = parameters_find(query, "since", time);
	struct complaint why;

	*wanted = (struct journal_reader){
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

/* ---- telling it ---- */

/* A page is made when the client has taken the one before. */
struct journal_source {
	struct source source;
	struct journal *journal;
	struct journal_reader reader;
	bool more;   /* there may be a next page */
	bool looked; /* for one, in this turn */
	struct journal_page page;
	char pattern[PARAMETERS_MAX]; /* reader.path is in it */
};

static int64_t
journal_settle(struct source *source, struct message *message, int64_t now)
{
	(void)source;
	(void)message;
	(void)now;
	return 0;
}

static void
journal_next(struct source *source, int64_t now, struct piece *piece)
{
	struct journal_source *told = (struct journal_source *)source;
	struct journal_page *page = &told->page;

	(void)now;
	if (!told->more) {
		piece->kind = PIECE_END;
		return;
	}
	if (told->looked) {
		told->looked = false;
		piece->kind = PIECE_TURN;
		return;
	}
	told->looked = true;
	told->more = journal_read(told->journal, &told->reader,
	    clock_now() + JOURNAL_LOOK, page);
	if (page->size == 0) {
		journal_next(source, now, piece);
		return;
	}
	piece->kind = PIECE_LENT;
	piece->bytes = (struct span){ page->text, page->size };
}

static void
journal_source_free(struct source *source)
{
	free(source);
}

static const struct source_kind journal_kind = { .type = "application/x-ndjson",
	.settle = journal_settle,
	.next = journal_next,
	.free = journal_source_free };

/* Begins to tell what a query looks for, or says what is wrong with it. */
static void
journal_tell(struct journal *journal, const struct http_request *request,
    struct answer *answer)
{
	struct journal_source *told = malloc(sizeof(*told));
	struct decision *decision = decision_new_framing(
	    request->minor == 0 ? FRAMING_CLOSE : FRAMING_CHUNKED);
	const char *why = "no memory for it just now";
	unsigned status = 503;

	if (told != NULL && decision != NULL) {
		why = journal_read_query(request->query, &told->reader,
		    told->pattern);
		status = 400;
	}
	if (why != NULL) {
		free(told);
		decision_free(decision);
		message_set(&answer->message, status, why);
		return;
	}
	told->source.kind = &journal_kind;
	told->journal = journal;
	told->more = true;
	told->looked = false;
	journal_begin(journal, &told->reader);
	message_set_source(&answer->message, &told->source);
	message_set_decision(&answer->message, decision);
}

/* Forgets them, unless somebody means to choose which. */
static void
journal_forget(struct journal *journal, const struct http_request *request,
    struct answer *answer)
{
	if (request->query.size > 0) {
		message_set(&answer->message, 400,
		    "DELETE forgets all: it takes no parameters");
		return;
	}
	journal_clear(journal);
	message_set(&answer->message, 204, NULL);
}

void
answers_requests(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	static const char *const names[] = { "path", "status", "since", "limit",
		NULL };
	struct journal *journal = admin->clients->journal;
	char *fault;

	if (journal == NULL)
		message_set(&answer->message, 404,
		    "no requests are kept: start with --journal=1000, say");
	else if (request->http->method == HTTP_DELETE)
		journal_forget(journal, request->http, answer);
	else if (!parameters_check(request->http->query, names, &fault))
		route_refuse_words(answer, fault);
	else
		journal_tell(journal, request->http, answer);
}
