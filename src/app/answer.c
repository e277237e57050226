/* Yields answers piece by piece; the thread that began them. */
#include "config.h"

#include "app/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/parts.h"
#include "base/clock.h"
#include "http/date.h"

/* Head and content up to this size are one piece: copying them once costs less
 * than sending from two places. */
#define ANSWER_WHOLE_MAX ((size_t)16 * 1024)

void
answer_init(struct answer *answer, struct site *site)
{
	*answer = (struct answer){ .site = site,
		.asked = -1,
		.step = ANSWER_HEAD,
		.status = 200 };
}

void
answer_fini(struct answer *answer)
{
	if (answer->file != NULL)
		file_release(answer->file);
	free(answer->location);
	free(answer->parts);
	answer->file = NULL;
	answer->location = NULL;
	answer->parts = NULL;
}

void
answer_replace(struct answer *answer, unsigned status, const char *fault)
{
	answer_fail(answer, status, fault);
	answer->asked = -1;
	answer->step = ANSWER_HEAD;
	answer->allow = false;
}

void
answer_refuse(struct answer *answer, unsigned status, const char *fault)
{
	answer_replace(answer, status, fault);
	answer->keep = false;
}

void
answer_close(struct answer *answer)
{
	answer->keep = false;
}

bool
answer_is_true(const struct answer *answer)
{
	return file_is_unwritten(answer->file);
}

void
answer_fail(struct answer *answer, unsigned status, const char *fault)
{
	answer_fini(answer);
	answer->status = (uint16_t)status;
	answer->fault = fault;
}

/* A file, whole. */
static void
answer_use(struct answer *answer, struct file *file)
{
	answer->file = file;
	answer->start = 0;
	answer->size = file_size(file);
}

static void
answer_miss(struct answer *answer, const struct moment *moment)
{
	const char *missing = answer->site->config->missing;
	struct site_query query = { span_of(missing), NULL };
	struct file *page;

	answer_fail(answer, 404, NULL);
	if (site_find(answer->site, &query, moment, &page) == SITE_FOUND)
		answer_use(answer, page);
}

void
answer_find(struct answer *answer, const struct site_query *query,
    const struct moment *moment)
{
	struct file *file;

	switch (site_find(answer->site, query, moment, &file)) {
	case SITE_FOUND:
		answer_use(answer, file);
		return;
	case SITE_MISSING:
		answer_miss(answer, moment);
		return;
	case SITE_FORBIDDEN:
		answer_fail(answer, 403, NULL);
		return;
	case SITE_DIRECTORY:
		answer_fail(answer, 301, NULL);
		return;
	case SITE_BUSY:
		answer_fail(answer, 503, "no room to open the file just now");
		return;
	}
}

void
answer_refuse_ranges(struct answer *answer)
{
	uint64_t size = answer->size;

	answer_fail(answer, 416, NULL);
	answer->size = size;
}

void
answer_sleep(struct answer *answer, int64_t asked)
{
	answer->asked = asked;
	answer->step = ANSWER_ASLEEP;
}

static bool
answer_has_content(const struct answer *answer)
{
	return answer->status != 204 && answer->status != 304;
}

/* `250`, `0.25`, `0.000001`: milliseconds without needless zeros. */
static void
answer_format_ms(char text[32], int64_t nanoseconds)
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

/* The receipt of a sleep: what was asked, and by how much we were late. */
static void
answer_write_receipt(const struct answer *answer, const struct moment *moment,
    struct http_head *head)
{
	char asked[32], late[32];

	answer_format_ms(asked, answer->asked);
	answer_format_ms(late, moment->now - answer->due);
	http_head_printf(head, "Server-Timing", "sleep;dur=%s, late;dur=%s",
	    asked, late);
	http_head_field(head, "Cache-Control", SPAN("no-store"));
}

/* Without a file, the content is a line that says what is wrong. */
static struct span
answer_format_fault(const struct answer *answer, char *text, size_t room)
{
	const char *fault = answer->fault;
	int size = snprintf(text, room, "%u %s%s%s\n", answer->status,
	    http_reason(answer->status), fault != NULL ? ": " : "",
	    fault != NULL ? fault : "");

	return (struct span){ text, (size_t)size };
}

/* How the connection goes on, where HTTP/1.1 does not say so (RFC 9112 9.3). */
static void
answer_write_connection(const struct answer *answer, struct http_head *head)
{
	if (!answer->keep)
		http_head_field(head, "Connection", SPAN("close"));
	else if (answer->old_version)
		http_head_field(head, "Connection", SPAN("keep-alive"));
}

/* The fields that depend on the request and on how the connection goes on. */
static void
answer_write_circumstances(const struct answer *answer,
    const struct moment *moment, struct http_head *head)
{
	if (answer->allow)
		http_head_field(head, "Allow", SPAN("GET, HEAD, OPTIONS"));
	if (answer->location != NULL)
		http_head_field(head, "Location", span_of(answer->location));
	if (answer->status == 416)
		http_head_printf(head, "Content-Range", "bytes */%" PRIu64,
		    answer->size);
	if (answer->status == 503)
		http_head_field(head, "Retry-After", SPAN("1"));
	if (answer->asked >= 0)
		answer_write_receipt(answer, moment, head);
	answer_write_connection(answer, head);
}

void
answer_select(struct answer *answer, const struct http_ranges *ranges)
{
	if (ranges->count == 1) {
		answer->status = 206;
		answer->start = ranges->list[0].first;
		answer->size = ranges->list[0].size;
		return;
	}
	if (answer->file->facts.coding != HTTP_CODING_IDENTITY)
		return;
	answer->parts = parts_new(ranges, answer->file);
	if (answer->parts == NULL)
		return;
	answer->status = 206;
	answer->size = parts_size(answer->parts);
}

/*
 * A 206's own fields (RFC 9110 14.4, 14.6). To an If-Range, 15.3.7 would have
 * us leave out Content-Type and Last-Modified, which the client has; a client
 * that has lost them, or a cache on the way, can still use the part with them,
 * and no peer leaves them out.
 */
static void
answer_write_ranges(const struct answer *answer, struct http_head *head)
{
	if (answer->parts != NULL) {
		http_head_printf(head, "Content-Type",
		    "multipart/byteranges; boundary=%s",
		    answer->parts->boundary);
		http_head_field(head, "X-Content-Type-Options",
		    SPAN("nosniff"));
		return;
	}
	file_write_content(answer->file, head);
	http_head_printf(head, "Content-Range",
	    "bytes %" PRIu64 "-%" PRIu64 "/%zu", answer->start,
	    answer->start + answer->size - 1, file_size(answer->file));
}

/* The fields that describe the file, as far as they suit the status. */
static void
answer_write_file(const struct answer *answer, struct http_head *head)
{
	bool whole = answer->status == 200 && answer->asked < 0;

	if (answer->status == 304) { /* RFC 9110 15.4.5: no other metadata */
		file_write_identity(answer->file, head);
		return;
	}
	if (answer->status == 206)
		answer_write_ranges(answer, head);
	else
		file_write_content(answer->file, head);
	http_head_number(head, "Content-Length", answer->size);
	if (whole || answer->status == 206) {
		file_write_identity(answer->file, head);
		file_write_validity(answer->file, head);
	}
}

/*
 * Writes a head of any kind, and behind it the text where there is no file;
 * returns its size.
 */
static size_t
answer_compose(struct answer *answer, const struct moment *moment, char *room)
{
	struct http_head head;
	char text[512];
	struct span fault = { text, 0 };

	http_head_begin(&head, room, ANSWER_ROOM, answer->status);
	http_head_field(&head, "Date",
	    (struct span){ moment->date, HTTP_DATE_SIZE });
	if (answer->file != NULL) {
		answer_write_file(answer, &head);
	} else if (answer_has_content(answer)) {
		fault = answer_format_fault(answer, text, sizeof text);
		http_head_field(&head, "Content-Type",
		    SPAN("text/plain; charset=utf-8"));
		http_head_number(&head, "Content-Length", fault.size);
		http_head_field(&head, "X-Content-Type-Options",
		    SPAN("nosniff"));
	}
	answer_write_circumstances(answer, moment, &head);
	http_head_append(&head, answer->site->config->fields);
	http_head_end(&head);
	if (!answer->head_only) {
		http_head_append(&head, fault);
		answer->content = fault.size;
	}
	return head.size;
}

/* Whether the file's ready-made head says all but how the connection goes on. */
static bool
answer_is_plain(const struct answer *answer)
{
	return answer->status == 200 && answer->file != NULL &&
	       answer->asked < 0;
}

/*
 * Copies the fields of a ready-made head, with how the connection goes on
 * behind them; leaves in `plain` what follows. Returns the size.
 */
static size_t
answer_copy_fields(const struct answer *answer, struct span *plain, size_t size,
    char *room)
{
	struct http_head head = { .data = room, .room = ANSWER_ROOM };

	http_head_append(&head, (struct span){ plain->data, size });
	answer_write_connection(answer, &head);
	plain->data += size;
	plain->size -= size;
	return head.size;
}

/* Copies the ready-made head, and a small content with it. */
static size_t
answer_copy(struct answer *answer, const struct moment *moment, char *room)
{
	struct file *file = answer->file;
	struct span plain = { file_plain_head(file, moment), file->head_size };
	size_t size = 0;

	if (answer->step == ANSWER_BODY && file_content(file) != NULL &&
	    file_size(file) <= ANSWER_WHOLE_MAX) {
		plain.size += file_size(file);
		answer->content = file_size(file);
		answer->step = ANSWER_END;
	}
	if (!answer->keep || answer->old_version)
		size = answer_copy_fields(answer, &plain,
		    file->head_size - strlen("\r\n"), room);
	memcpy(room + size, plain.data, plain.size);
	return size + plain.size;
}

/* What follows the head. */
static enum answer_step
answer_after_head(const struct answer *answer)
{
	if (answer->file == NULL || answer->head_only || answer->size == 0 ||
	    !answer_has_content(answer))
		return ANSWER_END;
	return answer->parts != NULL ? ANSWER_PART : ANSWER_BODY;
}

static void
answer_head(struct answer *answer, const struct moment *moment, char *room,
    struct piece *piece)
{
	if (moment->closing)
		answer->keep = false;
	answer->step = (uint8_t)answer_after_head(answer);
	piece->kind = PIECE_BYTES;
	piece->bytes.data = room;
	piece->bytes.size = answer_is_plain(answer)
				? answer_copy(answer, moment, room)
				: answer_compose(answer, moment, room);
}

/* What stands before the next range, or behind the last one. */
static void
answer_part(struct answer *answer, char *room, struct piece *piece)
{
	const struct http_range *range;

	piece->kind = PIECE_BYTES;
	piece->bytes.data = room;
	piece->bytes.size = parts_next(answer->parts, room, &range);
	answer->content += piece->bytes.size;
	if (range == NULL) {
		answer->step = ANSWER_END;
		return;
	}
	answer->start = range->first;
	answer->size = range->size;
	answer->step = ANSWER_BODY;
}

static void
answer_body(struct answer *answer, struct piece *piece)
{
	const struct file *file = answer->file;
	const char *content = file_content(file);

	answer->step = answer->parts != NULL ? ANSWER_PART : ANSWER_END;
	answer->content += answer->size;
	if (content != NULL) {
		piece->kind = PIECE_LENT;
		piece->bytes = (struct span){ content + answer->start,
			answer->size };
	} else {
		piece->kind = PIECE_FILE;
		piece->file.fd = file->fd;
		piece->file.offset = (off_t)answer->start;
		piece->file.size = answer->size;
	}
}

void
answer_next(struct answer *answer, const struct moment *moment, char *room,
    struct piece *piece)
{
	static const struct site_query front = { SPAN(""), NULL };

	switch ((enum answer_step)answer->step) {
	case ANSWER_ASLEEP:
		if (answer->due == 0) /* the turn's time may be too old */
			answer->due = clock_now() + answer->asked;
		if (moment->now < answer->due) {
			piece->kind = PIECE_UNTIL;
			piece->until = answer->due;
			return;
		}
		answer_find(answer, &front, moment);
		answer_head(answer, moment, room, piece);
		return;
	case ANSWER_HEAD:
		answer_head(answer, moment, room, piece);
		return;
	case ANSWER_PART:
		answer_part(answer, room, piece);
		return;
	case ANSWER_BODY:
		answer_body(answer, piece);
		return;
	case ANSWER_END:
		piece->kind = answer->keep ? PIECE_KEEP : PIECE_CLOSE;
		return;
	}
}
