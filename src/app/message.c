/* Chooses what is answered, and yields its content; the site's thread. */
#include "config.h"

#include "app/message.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/parts.h"
#include "http/response.h"

_Static_assert(PARTS_TEXT_MAX <= MESSAGE_TEXT_MAX,
    "what stands between two ranges fits the room of a text");

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
	if (message->location == NULL && message->parts == NULL)
		return;
	free(message->location);
	free(message->parts);
	message->location = NULL;
	message->parts = NULL;
}

void
message_set(struct message *message, unsigned status, const char *sentence)
{
	message_fini(message);
	*message = (struct message){ .status = (uint16_t)status,
		.sentence = sentence };
}

/* Makes the whole file the content; takes the reference over. */
static void
message_use(struct message *message, struct file *file)
{
	message->file = file;
	message->start = 0;
	message->size = file_size(file);
}

/* Makes the message a 404, with the site's page for it where there is one. */
static void
message_miss(struct message *message, struct site *site,
    const struct moment *moment)
{
	struct site_query query = { span_of(site->config->missing), NULL };
	struct file *page;

	message_set(message, 404, NULL);
	if (site_find(site, &query, moment, &page) == SITE_FOUND)
		message_use(message, page);
}

void
message_find(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment)
{
	struct file *file;

	switch (site_find(site, query, moment, &file)) {
	case SITE_FOUND:
		message_use(message, file);
		return;
	case SITE_MISSING:
		message_miss(message, site, moment);
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

void
message_use_front(struct message *message)
{
	message->front = true;
}

void
message_settle(struct message *message, struct site *site,
    const struct moment *moment)
{
	static const struct site_query front = { SPAN(""), NULL };

	if (!message->front)
		return;
	message->front = false;
	message_find(message, site, &front, moment);
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

/* Says whether the status allows content (RFC 9110 6.4.1). */
static bool
message_allows_content(const struct message *message)
{
	return message->status != 204 && message->status != 304;
}

bool
message_has_content(const struct message *message)
{
	if (message->file == NULL || message->parts != NULL)
		return message_allows_content(message);
	return message->size > 0 && message_allows_content(message);
}

/* Writes the line of text that is the content where there is no file, into
 * MESSAGE_TEXT_MAX bytes; returns its size. */
static size_t
message_write_text(const struct message *message, char *room)
{
	const char *sentence = message->sentence;
	int size = snprintf(room, MESSAGE_TEXT_MAX, "%u %s%s%s\n",
	    message->status, http_reason(message->status),
	    sentence != NULL ? ": " : "", sentence != NULL ? sentence : "");

	assert(size > 0 && size < MESSAGE_TEXT_MAX);
	return (size_t)size;
}

uint64_t
message_length(const struct message *message)
{
	char text[MESSAGE_TEXT_MAX];

	if (message->parts != NULL)
		return parts_size(message->parts);
	if (message->file != NULL)
		return message->size;
	return message_write_text(message, text);
}

/* Yields the text before the next range; or behind the last one, and returns
 * false. */
static bool
message_next_frame(struct message *message, char *room, struct piece *piece)
{
	const struct http_range *range;

	piece->kind = PIECE_BYTES;
	piece->bytes.data = room;
	piece->bytes.size = parts_next(message->parts, room, &range);
	message->yielded += piece->bytes.size;
	if (range == NULL)
		return false;
	message->start = range->first;
	message->size = range->size;
	return true;
}

/* Yields the bytes of the file, or of the range of it that is next. Returns
 * whether more comes behind them: it does where there are several ranges. */
static bool
message_next_range(struct message *message, struct piece *piece)
{
	const struct file *file = message->file;
	const char *bytes = file_content(file);

	if (bytes != NULL) {
		piece->kind = PIECE_LENT;
		piece->bytes = (struct span){ bytes + message->start,
			message->size };
	} else {
		piece->kind = PIECE_FILE;
		piece->file.fd = file->fd;
		piece->file.offset = (off_t)message->start;
		piece->file.size = message->size;
	}
	message->yielded += message->size;
	message->size = 0;
	return message->parts != NULL;
}

bool
message_next(struct message *message, char *room, struct piece *piece)
{
	if (message->size > 0 && message->file != NULL)
		return message_next_range(message, piece);
	if (message->parts != NULL)
		return message_next_frame(message, room, piece);
	piece->kind = PIECE_BYTES;
	piece->bytes.data = room;
	piece->bytes.size = message_write_text(message, room);
	message->yielded += piece->bytes.size;
	return false;
}

bool
message_file_is_unchanged(const struct message *message)
{
	return file_is_unwritten(message->file);
}
