/* Yields answers piece by piece; the thread that began them. */
#include "config.h"

#include "app/answer.h"

#include <stdio.h>
#include <stdlib.h>

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
	answer->file = NULL;
	answer->location = NULL;
}

void
answer_refuse(struct answer *answer, unsigned status, const char *fault)
{
	answer_fini(answer);
	answer->status = (uint16_t)status;
	answer->fault = fault;
	answer->asked = -1;
	answer->step = ANSWER_HEAD;
	answer->keep = false;
	answer->allow = false;
}

void
answer_close(struct answer *answer)
{
	answer->keep = false;
}

void
answer_fail(struct answer *answer, unsigned status, const char *fault)
{
	answer->status = (uint16_t)status;
	answer->fault = fault;
}

void
answer_find(struct answer *answer, struct span path,
    const struct moment *moment)
{
	const char *missing = answer->site->config->missing;

	switch (site_find(answer->site, path, moment, &answer->file)) {
	case SITE_FOUND:
		return;
	case SITE_MISSING:
		answer_fail(answer, 404, NULL);
		site_find(answer->site, span_of(missing), moment,
		    &answer->file);
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

/* The fields that depend on the request and on how the connection goes on. */
static void
answer_write_circumstances(const struct answer *answer,
    const struct moment *moment, struct http_head *head)
{
	if (answer->allow)
		http_head_field(head, "Allow", SPAN("GET, HEAD, OPTIONS"));
	if (answer->location != NULL)
		http_head_field(head, "Location", span_of(answer->location));
	if (answer->status == 503)
		http_head_field(head, "Retry-After", SPAN("1"));
	if (answer->asked >= 0)
		answer_write_receipt(answer, moment, head);
	if (!answer->keep)
		http_head_field(head, "Connection", SPAN("close"));
	else if (answer->old_version)
		http_head_field(head, "Connection", SPAN("keep-alive"));
}

/* The fields that describe the file, as far as they suit the status. */
static void
answer_write_file(const struct answer *answer, struct http_head *head)
{
	if (answer->status == 304) { /* RFC 9110 15.4.5: no other metadata */
		http_head_field(head, "ETag", span_of(answer->file->etag));
		return;
	}
	file_write_content(answer->file, head);
	if (answer->status == 200 && answer->asked < 0)
		file_write_validators(answer->file, head);
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
	}
	answer_write_circumstances(answer, moment, &head);
	http_head_end(&head);
	if (!answer->head_only) {
		http_head_append(&head, fault);
		answer->content = fault.size;
	}
	return head.size;
}

/* Whether the file's ready-made head says it all. */
static bool
answer_is_plain(const struct answer *answer)
{
	return answer->status == 200 && answer->file != NULL && answer->keep &&
	       !answer->old_version && answer->asked < 0;
}

/* Copies the ready-made head, and a small content with it. */
static size_t
answer_copy(struct answer *answer, const struct moment *moment, char *room)
{
	struct file *file = answer->file;
	size_t size = file->head_size;

	if (answer->step == ANSWER_BODY && file_content(file) != NULL &&
	    file_size(file) <= ANSWER_WHOLE_MAX) {
		size += file_size(file);
		answer->content = file_size(file);
		answer->step = ANSWER_END;
	}
	memcpy(room, file_plain_head(file, moment), size);
	return size;
}

static void
answer_head(struct answer *answer, const struct moment *moment, char *room,
    struct piece *piece)
{
	bool content = answer->file != NULL && !answer->head_only &&
		       answer_has_content(answer) &&
		       file_size(answer->file) > 0;

	if (moment->closing)
		answer->keep = false;
	answer->step = content ? ANSWER_BODY : ANSWER_END;
	piece->kind = PIECE_BYTES;
	piece->bytes.data = room;
	piece->bytes.size = answer_is_plain(answer)
				? answer_copy(answer, moment, room)
				: answer_compose(answer, moment, room);
}

static void
answer_body(struct answer *answer, struct piece *piece)
{
	const struct file *file = answer->file;
	const char *content = file_content(file);

	answer->step = ANSWER_END;
	answer->content = file_size(file);
	if (content != NULL) {
		piece->kind = PIECE_LENT;
		piece->bytes = (struct span){ content, file_size(file) };
	} else {
		piece->kind = PIECE_FILE;
		piece->file.fd = file->fd;
		piece->file.offset = 0;
		piece->file.size = file_size(file);
	}
}

void
answer_next(struct answer *answer, const struct moment *moment, char *room,
    struct piece *piece)
{
	switch ((enum answer_step)answer->step) {
	case ANSWER_ASLEEP:
		if (answer->due == 0) /* the turn's time may be too old */
			answer->due = clock_now() + answer->asked;
		if (moment->now < answer->due) {
			piece->kind = PIECE_UNTIL;
			piece->until = answer->due;
			return;
		}
		answer_find(answer, SPAN(""), moment);
		answer_head(answer, moment, room, piece);
		return;
	case ANSWER_HEAD:
		answer_head(answer, moment, room, piece);
		return;
	case ANSWER_BODY:
		answer_body(answer, piece);
		return;
	case ANSWER_END:
		piece->kind = answer->keep ? PIECE_KEEP : PIECE_CLOSE;
		return;
	}
}
