/* Chooses what is answered, and yields its content; the site's thread. */
#include "config.h"

#include "app/message.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/document.h"
#include "app/parts.h"
#include "http/accept.h"
#include "http/fields.h"
#include "http/response.h"

void
message_init(struct message *message)
{
	*message = (struct message){ .status = 200 };
}

void
message_fini(struct message *message)
{
	if (message->file != NULL)
		file_release(message->file);
	message->file = NULL;
	/* few have them, and each call of free() would cost all others */
	if (!message->owns)
		return;
	free(message->parts); /* or the location, or the fields */
	if (message->listed)
		listing_release(message->listing);
	if (message->heap)
		free((char *)message->sentence);
	if (message->written)
		free(message->document);
	if (message->sourced)
		message->source->kind->free(message->source);
	decision_free(message->decision);
	message->parts = NULL;
	message->decision = NULL;
	message->listed = message->heap = false;
	message->written = message->sourced = false;
	message->fielded = false;
	message->owns = false;
}

void
message_set(struct message *message, unsigned status, const char *sentence)
{
	message_fini(message);
	*message = (struct message){ .status = (uint16_t)status,
		.sentence = sentence,
		.handler = message->handler,
		.came = message->came };
}

void
message_set_owned(struct message *message, unsigned status, char *sentence)
{
	message_set(message, status, sentence);
	message->heap = message->owns = sentence != NULL;
}

void
message_set_document(struct message *message, struct document *document)
{
	message_set(message, 200, NULL);
	message->document = document;
	message->written = message->owns = true;
}

void
message_fill(struct message *message, struct document *document)
{
	message->source->kind->free(message->source);
	message->sourced = false;
	message->document = document;
	message->written = true;
}

void
message_set_source(struct message *message, struct source *source)
{
	message_set(message, 200, NULL);
	message->source = source;
	message->sourced = message->owns = message->unsettled = true;
}

void
message_set_text(struct message *message, const char *text)
{
	message_set(message, 200, text);
	message->verbatim = true;
}

/* Makes the whole file the content, whatever part of it was. */
static void
message_use_whole(struct message *message)
{
	free(message->parts);
	message->parts = NULL;
	message->start = 0;
	message->size = file_size(message->file);
}

/* Whether the message, which is a success or a 304 of one, keeps its content with
 * another status. */
static bool
message_keeps_content(const struct message *message, unsigned status)
{
	if (message->status >= 300 && message->status != 304)
		return false;
	if (status == 304)
		return message->file != NULL;
	return status < 300 && status != 204 &&
	       (message->file != NULL || message->status < 300);
}

void
message_set_status(struct message *message, unsigned status)
{
	bool unstored = message->unstored;
	uint64_t size = message->file != NULL ? file_size(message->file) : 0;

	if (status == message->status)
		return;
	if (message_keeps_content(message, status)) {
		if (message->file != NULL)
			message_use_whole(message);
		message->status = (uint16_t)status;
		return;
	}
	message_set(message, status, "on purpose");
	message->allow = status == 405;
	message->unstored = unstored;
	if (status == 416)
		message->size = size;
}

/* Makes the whole file the content; takes the reference over. */
static void
message_use(struct message *message, struct file *file)
{
	message->file = file;
	message->start = 0;
	message->size = file_size(file);
}

/* Uses the page that browsers get instead of a 404, where the site has one and
 * the client names their type: who takes all may ask for an image. */
static bool
message_use_fallback(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment)
{
	struct http_acceptance html;
	struct site_query page = { .request = query->request };
	struct file *file;

	if (site->config->fallback == NULL || query->request == NULL)
		return false;
	html = http_accept_find(query->request, SPAN("text/html"));
	if (html.match != HTTP_ACCEPT_TYPE || html.quality == 0)
		return false;
	page.path = span_of(site->config->fallback);
	if (site_find(site, &page, moment, &file) != SITE_FOUND)
		return false;
	message_use(message, file);
	return true;
}

/* Makes the message the fallback; or a 404, with the site's page for it where
 * there is one. A sleep is no 404: that has been answered, page or not. */
static void
message_miss(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment)
{
	struct site_query page = { span_of(site->config->missing), NULL };
	struct file *file;

	if (message->front) { /* its decision stays */
		message->sentence = "slept as long as was asked for";
		return;
	}
	if (!message_use_fallback(message, site, query, moment)) {
		message_set(message, 404, NULL);
		if (site_find(site, &page, moment, &file) == SITE_FOUND)
			message_use(message, file);
	}
	message->varies = site->config->fallback != NULL;
}

/* Looks for the path with each of the site's extensions. */
static bool
message_find_extended(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment)
{
	struct span list, extension;
	char path[PATH_MAX];
	struct file *file;

	if (site->config->extensions == NULL)
		return false;
	list = span_of(site->config->extensions);
	while (http_list_next(&list, &extension)) {
		int size = snprintf(path, sizeof(path), "%.*s.%.*s",
		    (int)query->path.size, query->path.data,
		    (int)extension.size, extension.data);
		struct site_query whole = { { path, (size_t)size },
			query->request };

		if (size < PATH_MAX &&
		    site_find(site, &whole, moment, &file) == SITE_FOUND) {
			message_use(message, file);
			return true;
		}
	}
	return false;
}

/* Says whether the client wants JSON rather than HTML, which people read: more;
 * or as much, and names it more closely. */
static bool
message_prefers_json(const struct http_request *request)
{
	struct http_acceptance html, json;

	if (request == NULL)
		return false;
	html = http_accept_find(request, SPAN("text/html"));
	json = http_accept_find(request, SPAN("application/json"));
	return json.quality > html.quality ||
	       (json.quality == html.quality && json.match > html.match);
}

/* Lists the directory, where the site does. Returns SITE_FOUND; or what it is
 * instead. */
static enum site_result
message_list(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment)
{
	const struct listing_query listed = { site->generation, query->path,
		message_prefers_json(query->request) };

	if (!site->config->listing || site->generation == NULL)
		return SITE_MISSING;
	message->listing = listings_ask(&site->listings, &listed, moment);
	if (message->listing == NULL)
		return site_fault(errno, NULL);
	message->listed = message->owns = message->unsettled = true;
	message->varies = true;
	return SITE_FOUND;
}

/* Makes the message what is said where the site has nothing else. */
static void
message_fail(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment,
    enum site_result result)
{
	switch (result) {
	case SITE_FOUND:
		return;
	case SITE_NO_INDEX:
	case SITE_MISSING:
		message_miss(message, site, query, moment);
		return;
	case SITE_FORBIDDEN:
		message_set(message, 403, NULL);
		return;
	case SITE_DIRECTORY:
		message_set(message, 301, NULL);
		return;
	case SITE_BUSY:
		message_set(message, 503, "no room to open the file just now");
		return;
	}
}

/* Makes the message what takes the place of a file that there is not.
 * `noinline`: most requests find one, and need none of this on their way. */
static __attribute__((noinline)) void
message_do_without(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment,
    enum site_result result)
{
	if (result == SITE_MISSING &&
	    message_find_extended(message, site, query, moment))
		return;
	if (result == SITE_NO_INDEX)
		result = message_list(message, site, query, moment);
	message_fail(message, site, query, moment, result);
}

void
message_find(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment)
{
	struct file *file;
	enum site_result result = site_find(site, query, moment, &file);

	if (result == SITE_FOUND)
		message_use(message, file);
	else
		message_do_without(message, site, query, moment, result);
}

void
message_use_front(struct message *message)
{
	message->front = message->unsettled = message->unstored = true;
}

/* Goes on with the listing. Returns 0 where it is over; or when to ask again.
 * Where it has failed, since the directory is gone by now, or memory is short,
 * the message says so. */
static int64_t
message_go_on(struct message *message, struct site *site,
    const struct moment *moment)
{
	static const struct site_query nobody = { SPAN(""), NULL };
	int64_t until = listings_go_on(&site->listings, message->listing,
	    moment);
	enum site_result result;

	if (until != 0 || message->listing->state == LISTING_WHOLE)
		return until;
	result = site_fault(message->listing->error, NULL);
	message_fail(message, site, &nobody, moment, result);
	return 0;
}

/* Has the source ready the message. Whatever that becomes, nobody stores it who was
 * not to store the source's content. */
static int64_t
message_ask_source(struct message *message, const struct moment *moment)
{
	bool unstored = message->unstored;
	int64_t until = message->source->kind->settle(message->source, message,
	    moment->now);

	message->unstored = unstored;
	return until;
}

/* Does what there is to do; `noinline`: for most answers, there is nothing. */
static __attribute__((noinline)) int64_t
message_settle_rest(struct message *message, struct site *site,
    const struct moment *moment)
{
	static const struct site_query front = { SPAN(""), NULL };
	int64_t until = 0;

	if (message->front)
		message_find(message, site, &front, moment);
	message->front = false;
	if (message->listed)
		until = message_go_on(message, site, moment);
	if (message->sourced)
		until = message_ask_source(message, moment);
	message->unsettled = until != 0;
	return until;
}

int64_t
message_settle(struct message *message, struct site *site,
    const struct moment *moment)
{
	return message->unsettled ? message_settle_rest(message, site, moment)
				  : 0;
}

void
message_select(struct message *message, const struct http_ranges *ranges)
{
	if (ranges->count == 1) {
		message->status = 206;
		message->start = ranges->list[0].first;
		message->size = ranges->list[0].size;
		return;
	}
	if (message->file->facts.coding != HTTP_CODING_IDENTITY)
		return;
	message->parts = parts_new(ranges, message->file);
	if (message->parts == NULL)
		return;
	message->owns = true;
	message->status = 206;
	message->size = 0; /* a text comes before the first range */
}

void
message_refuse_ranges(struct message *message)
{
	uint64_t size = message->size;

	message_set(message, 416, NULL);
	message->size = size;
}
