/* Yields the content of messages, piece by piece; the site's thread. */
#include "config.h"

#include "app/message.h"

#include <assert.h>
#include <stdio.h>

#include "app/document.h"
#include "app/listing.h"
#include "app/parts.h"
#include "http/response.h"

bool
message_allows_content(const struct message *message)
{
	return message->status != 204 && message->status != 304;
}

/* Returns the content that is made in place of the message's own; or NULL. */
static struct made *
message_made(const struct message *message)
{
	struct flow *flow = message_flow(message);

	return flow != NULL && flow->made.kind != MADE_NONE ? &flow->made
							    : NULL;
}

/* Says that several ranges of a file are the content. */
static bool
message_is_parted(const struct message *message)
{
	return message->file != NULL && message->parts != NULL;
}

bool
message_has_content(const struct message *message)
{
	const struct made *made = message_made(message);

	if (!message_may_have_content(message))
		return false;
	if (made != NULL)
		return made->count > 0;
	if (message->written)
		return message->document->size > 0;
	if (message->verbatim)
		return message->sentence[0] != '\0';
	if (message->sourced)
		return true;
	return message->file == NULL || message->parts != NULL ||
	       message->size > 0;
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
	const struct made *made = message_made(message);
	char text[MESSAGE_TEXT_MAX];

	if (made != NULL)
		return made_size(made, made->count);
	if (message_is_parted(message))
		return parts_size(message->parts);
	if (message->file != NULL)
		return message->size;
	if (message->listed)
		return message->listing->page.size;
	if (message->written)
		return message->document->size;
	if (message->verbatim)
		return strlen(message->sentence);
	return message_write_text(message, text);
}

const char *
message_type(const struct message *message)
{
	const struct made *made = message_made(message);

	if (made != NULL)
		return made_type(made);
	if (message->written)
		return message->document->type;
	if (message->sourced)
		return message->source->kind->type;
	return message->listed ? listing_page_type(&message->listing->page)
			       : "text/plain; charset=utf-8";
}

/* Yields a part of bytes that live as long as the message: what comes behind
 * `from` bytes of them, `most` at most. Returns whether more comes. */
static bool
message_lend(struct message *message, struct span bytes, uint64_t from,
    uint64_t most, struct piece *piece)
{
	uint64_t left = bytes.size - from;

	piece->kind = PIECE_LENT;
	piece->bytes = (struct span){ bytes.data + from,
		left < most ? left : most };
	message->yielded += piece->bytes.size;
	return left > most;
}

/* Yields the text before the next range, or behind the last one. Returns false
 * where nothing more comes behind it. */
static bool
message_next_frame(struct message *message, uint64_t most, struct piece *piece)
{
	struct parts *parts = message->parts;
	const struct http_range *range;

	(void)message_lend(message, parts_frame(parts), 0, most, piece);
	if (!parts_pass(parts, piece->bytes.size, &range))
		return true;
	if (range == NULL)
		return false;
	message->start = range->first;
	message->size = range->size;
	return true;
}

/* Yields bytes of the file, or of the range of it that is next. Returns whether
 * more comes behind them. */
static bool
message_next_range(struct message *message, uint64_t most, struct piece *piece)
{
	const struct file *file = message->file;
	const char *bytes = file_content(file);
	uint64_t size = message->size < most ? message->size : most;

	if (bytes != NULL) {
		piece->kind = PIECE_LENT;
		piece->bytes = (struct span){ bytes + message->start, size };
	} else {
		piece->kind = PIECE_FILE;
		piece->file.fd = file->fd;
		piece->file.offset = (off_t)message->start;
		piece->file.size = size;
	}
	message->yielded += size;
	message->start += size;
	message->size -= size;
	return message->size > 0 || message->parts != NULL;
}

/* Yields bytes of a content that is made. */
static bool
message_next_made(struct message *message, struct made *made, uint64_t most,
    char *room, struct piece *piece)
{
	uint64_t all = made_size(made, made->count);
	uint64_t left = all - message->yielded;

	piece->bytes = made_next(made, message->yielded,
	    left < most ? left : most, room);
	piece->kind = made_is_lent(made) ? PIECE_LENT : PIECE_BYTES;
	message->yielded += piece->bytes.size;
	return message->yielded < all;
}

/* Yields bytes of a line of text. */
static bool
message_next_line(struct message *message, uint64_t most, char *room,
    struct piece *piece)
{
	size_t size = message_write_text(message, room);
	size_t left = size - message->yielded;

	piece->kind = PIECE_BYTES;
	piece->bytes.data = room;
	piece->bytes.size = left < most ? left : most;
	if (message->yielded > 0)
		memmove(room, room + message->yielded, piece->bytes.size);
	message->yielded += piece->bytes.size;
	return message->yielded < size;
}

/* Yields as much of the listing as lies in one place. Returns whether more
 * comes. */
static bool
message_next_of_listing(struct message *message, uint64_t most,
    struct piece *piece)
{
	const struct listing_page *page = &message->listing->page;

	(void)message_lend(message, listing_page_at(page, message->yielded), 0,
	    most, piece);
	return message->yielded < page->size;
}

bool
message_next(struct message *message, uint64_t most, char *room,
    struct piece *piece)
{
	struct made *made = message_made(message);

	if (made != NULL)
		return message_next_made(message, made, most, room, piece);
	if (message->file != NULL && message->size > 0)
		return message_next_range(message, most, piece);
	if (message_is_parted(message))
		return message_next_frame(message, most, piece);
	if (message->listed)
		return message_next_of_listing(message, most, piece);
	if (message->written)
		return message_lend(message,
		    (struct span){ message->document->data,
			message->document->size },
		    message->yielded, most, piece);
	if (message->verbatim)
		return message_lend(message, span_of(message->sentence),
		    message->yielded, most, piece);
	return message_next_line(message, most, room, piece);
}

bool
message_file_is_unchanged(const struct message *message)
{
	return file_is_unwritten(message->file);
}
