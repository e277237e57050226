/* Writes heads of HTTP/1.1; whichever thread asks. */
#include "config.h"

#include "app/head.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "app/parts.h"
#include "base/clock.h"
#include "http/date.h"

/* A Location has the path of a directory that is there, each octet of it as %XX
 * at most, and a query: together they were a target. */
_Static_assert(HEAD_OWN_MAX + (size_t)2 * PATH_MAX + HTTP_TARGET_MAX +
		       HTTP_ADDED_MAX + BEHAVIOUR_FIELDS_MAX + DRAWN_TEXT_MAX <=
		   HEAD_ROOM,
    "the longest head that is composed fits its room");
_Static_assert(MESSAGE_FIELDS_MAX <= (size_t)2 * PATH_MAX + HTTP_TARGET_MAX,
    "the fields of a message take no more than a Location");
_Static_assert(FILE_HEAD_MAX + HTTP_ADDED_MAX + HEAD_CONTENT_MAX +
		       sizeof("Connection: keep-alive\r\n") <=
		   HEAD_ROOM,
    "the longest ready-made head fits its room, with a content behind it");

/* Writes a time in milliseconds without needless zeros: `250`, `0.25`,
 * `0.000001`. */
static void
head_format_ms(char text[32], int64_t nanoseconds)
{
	int size = snprintf(text, 32, "%lld.%06lld",
	    (long long)(nanoseconds / CLOCK_MS),
	    (long long)(nanoseconds % CLOCK_MS));

	while (text[size - 1] == '0')
		size--;
	if (text[size - 1] == '.')
		size--;
	text[size] = '\0';
}

/* Writes the receipt: how long the answer queued for the slot of a pool, how long
 * the sleep was to be, and how much later it ended; as far as there is any. */
static void
head_write_receipt(struct http_head *head, const struct answer *answer,
    const struct moment *moment)
{
	const struct decision *decision = answer->message.decision;
	const struct plan *plan = &answer->plan;
	bool queued = decision != NULL && decision->ticket != NULL;
	char waited[32], asked[32], late[32];

	if (queued)
		head_format_ms(waited, decision->ticket->waited);
	if (plan->due == 0) {
		if (queued)
			http_head_printf(head, "Server-Timing", "queue;dur=%s",
			    waited);
		return;
	}
	head_format_ms(asked, plan_waited(plan));
	head_format_ms(late, moment->now - plan->due);
	http_head_printf(head, "Server-Timing",
	    "%s%s%ssleep;dur=%s, late;dur=%s", queued ? "queue;dur=" : "",
	    queued ? waited : "", queued ? ", " : "", asked, late);
}

/* Writes Connection, where it has to be said (see enum head_connection). */
static void
head_write_connection(struct http_head *head, enum head_connection connection)
{
	switch (connection) {
	case HEAD_KEEP:
		return;
	case HEAD_KEEP_OLD:
		http_head_field(head, "Connection", SPAN("keep-alive"));
		return;
	case HEAD_CLOSE:
		http_head_field(head, "Connection", SPAN("close"));
		return;
	}
}

/*
 * Writes the fields of a 206 that tell of its ranges (RFC 9110 14.4, 14.6). To
 * an If-Range, 15.3.7 would have us leave out Content-Type and Last-Modified,
 * which the client has; a client that has lost them, or a cache on the way, can
 * still use the part with them, and no peer leaves them out.
 */
static void
head_write_ranges(struct http_head *head, const struct message *message)
{
	if (message->parts != NULL) {
		http_head_printf(head, "Content-Type",
		    "multipart/byteranges; boundary=%s",
		    message->parts->boundary);
		http_head_field(head, "X-Content-Type-Options",
		    SPAN("nosniff"));
		return;
	}
	file_write_content(message->file, head);
	if (message->size == 0) /* of an empty file: a 206 that words want */
		return;
	http_head_printf(head, "Content-Range",
	    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, message->start,
	    message->start + message->size - 1, file_size(message->file));
}

/*
 * Writes how the body's end is told (RFC 9112 6.1, 6.2): by Content-Length, unless
 * it comes in chunks, or ends with the connection. One that is wrong on purpose is
 * one too many.
 */
static void
head_write_framing(struct http_head *head, const struct message *message)
{
	const struct decision *decision = message->decision;
	uint64_t length = message_has_content(message) ? message_length(message)
						       : 0;

	if (decision == NULL || decision->framing == FRAMING_LENGTH)
		http_head_number(head, "Content-Length",
		    length + (decision != NULL &&
				 decision_fault(decision) == FAULT_LENGTH));
	else if (decision->framing == FRAMING_CHUNKED)
		http_head_field(head, "Transfer-Encoding", SPAN("chunked"));
}

/* Writes the fields that describe the message's file, as far as they suit the
 * status. Those that tell its version are of use where the answer may be
 * stored. */
static void
head_write_file(struct http_head *head, const struct message *message,
    const struct moment *moment)
{
	bool whole = message->status == 200 && !message->unstored;

	if (message->status == 304) { /* RFC 9110 15.4.5: no other metadata */
		file_write_identity(message->file, head);
		return;
	}
	if (message->status == 206)
		head_write_ranges(head, message);
	else
		file_write_content(message->file, head);
	head_write_framing(head, message);
	if (whole || message->status == 206) {
		file_write_identity(message->file, head);
		file_write_validity(message->file, moment, head);
	}
}

/* Writes the fields of a content that is no file. */
static void
head_write_text(struct http_head *head, const struct message *message)
{
	if (!message_allows_content(message))
		return;
	http_head_field(head, "Content-Type", span_of(message_type(message)));
	head_write_framing(head, message);
	http_head_field(head, "X-Content-Type-Options", SPAN("nosniff"));
}

/* Returns the Location of a message, or NULL. */
static const char *
head_location(const struct message *message)
{
	return message->file == NULL && !message->fielded ? message->location
							  : NULL;
}

/* Whether the content is the message's file. */
static bool
head_has_file(const struct message *message)
{
	const struct flow *flow = message_flow(message);

	return message->file != NULL &&
	       (flow == NULL || flow->made.kind == MADE_NONE);
}

/* Writes what a status has to carry, where nothing else has given it the answer
 * (RFC 9110 15). */
static void
head_write_duties(struct http_head *head, const struct message *message)
{
	uint64_t length = message_has_content(message) ? message_length(message)
						       : 0;

	switch (message->status) {
	case 206:
		if (!head_has_file(message) && length > 0)
			http_head_printf(head, "Content-Range",
			    "bytes 0-%" PRIu64 "/%" PRIu64, length - 1, length);
		return;
	case 301:
	case 302:
	case 303:
	case 305:
	case 307:
	case 308:
		if (head_location(message) == NULL)
			http_head_field(head, "Location", SPAN("/"));
		return;
	case 401:
		http_head_field(head, "WWW-Authenticate",
		    SPAN("Basic realm=\"mtasync\""));
		return;
	case 407:
		http_head_field(head, "Proxy-Authenticate",
		    SPAN("Basic realm=\"mtasync\""));
		return;
	}
}

/* Writes what words want the head to say, and what tells of them. A field that
 * they give takes the place of ours. */
static void
head_write_decision(struct http_head *head, const struct message *message)
{
	const struct decision *decision = message->decision;
	struct span fields = decision_fields(decision);
	struct span type = decision_type(decision);
	const struct drawn_names names = decision_names(decision);
	char told[DRAWN_TEXT_MAX];
	size_t size = drawn_write(&decision->drawn, &names, told);

	if (drawn_has(&decision->drawn, WORD_STATUS))
		head_write_duties(head, message);
	if (message->fielded)
		http_head_replace(head, span_of(message->fields));
	if (type.size > 0 && message_has_content(message)) {
		http_head_remove(head, SPAN("Content-Type"));
		http_head_field(head, "Content-Type", type);
	}
	http_head_replace(head, fields);
	if (size > 0)
		http_head_field(head, "Mtasync", (struct span){ told, size });
}

/* Writes the fields that tell of the content, and of what becomes of it. */
static void
head_write_message(struct http_head *head, const struct message *message,
    const struct moment *moment)
{
	if (head_has_file(message))
		head_write_file(head, message, moment);
	else
		head_write_text(head, message);
	if (message->allow)
		http_head_field(head, "Allow",
		    message->unstored
			? SPAN("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS")
			: SPAN("GET, HEAD, OPTIONS"));
	if (head_location(message) != NULL)
		http_head_field(head, "Location",
		    span_of(head_location(message)));
	if (message->varies)
		http_head_field(head, "Vary", SPAN("Accept"));
	if (message->unstored)
		http_head_field(head, "Cache-Control", SPAN("no-store"));
	else if (message->listed)
		http_head_field(head, "Cache-Control", SPAN("no-cache"));
	if (message->status == 416)
		http_head_printf(head, "Content-Range", "bytes */%" PRIu64,
		    message->size);
	if (message->status == 503 && message->decision == NULL)
		http_head_field(head, "Retry-After", SPAN("1"));
}

/* Writes a head field by field, as any message needs it. Returns its size.
 * `noinline`: most heads are ready made. */
static __attribute__((noinline)) size_t
head_compose(const struct answer *answer, const struct site_config *site,
    const struct moment *moment, enum head_connection connection, char *room)
{
	const struct message *message = &answer->message;
	struct http_head head;

	http_head_begin(&head, room, HEAD_ROOM, message->status);
	http_head_field(&head, "Date",
	    (struct span){ moment->date, HTTP_DATE_SIZE });
	head_write_message(&head, message, moment);
	head_write_receipt(&head, answer, moment);
	head_write_connection(&head, connection);
	http_head_append(&head, site->fields);
	if (message->decision != NULL)
		head_write_decision(&head, message);
	else if (message->fielded)
		http_head_replace(&head, span_of(message->fields));
	http_head_end(&head);
	assert(!head.overflow);
	return head.size;
}

/*
 * Copies the first `size` bytes of *plain, the fields of a ready-made head, to
 * `room`, and writes Connection behind them; leaves the rest in *plain. Returns
 * the size of what is written.
 */
static size_t
head_copy_fields(struct span *plain, size_t size,
    enum head_connection connection, char *room)
{
	struct http_head head = { .data = room, .room = HEAD_ROOM };

	http_head_append(&head, (struct span){ plain->data, size });
	head_write_connection(&head, connection);
	plain->data += size;
	plain->size -= size;
	return head.size;
}

/* Copies the file's ready-made head, and behind it a small content, where the
 * plan has that next. Returns the size. */
static size_t
head_copy(struct answer *answer, const struct moment *moment,
    enum head_connection connection, char *room)
{
	struct message *message = &answer->message;
	struct file *file = message->file;
	struct span plain = file_plain_head(file, moment);
	size_t size = 0;

	if (plan_is_at(&answer->plan, ACT_CONTENT) &&
	    file_content(file) != NULL && file_size(file) <= HEAD_CONTENT_MAX) {
		plain.size += file_size(file);
		message->yielded = file_size(file);
		answer->plan.next++;
	}
	if (connection != HEAD_KEEP)
		size = head_copy_fields(&plain,
		    file->head_size - strlen("\r\n"), connection, room);
	memcpy(room + size, plain.data, plain.size);
	return size + plain.size;
}

size_t
head_write(struct answer *answer, const struct site_config *site,
    const struct moment *moment, enum head_connection connection, char *room)
{
	if (message_is_plain(&answer->message) && answer->plan.due == 0)
		return head_copy(answer, moment, connection, room);
	return head_compose(answer, site, moment, connection, room);
}
