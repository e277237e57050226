/* Writes heads and contents that go out by and by; the thread that serves. */
#include "config.h"

#include "server/staged.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/response.h"

_Static_assert(FLOW_TRAILERS_MAX + 64 <= MESSAGE_ROOM,
    "the trailers fit the room for pieces, with the last chunk");

/* Longer than the line with the size of a chunk. */
#define STAGED_LINE_MAX 24

static const struct span staged_line_end = SPAN("\r\n");

/* Yields a constant text. */
static void
staged_put(struct span text, char *room, struct piece *piece)
{
	memcpy(room, text.data, text.size);
	piece->kind = PIECE_BYTES;
	piece->bytes = (struct span){ room, text.size };
}

/* Writes all interim responses at once (RFC 9110 15.2). */
static void
staged_interims(struct flow *flow, char *room, struct piece *piece)
{
	char *out = room;

	for (unsigned i = 0; i < flow->interim_count; i++)
		out += sprintf(out, "HTTP/1.1 %u %s\r\n\r\n", flow->interims[i],
		    http_reason(flow->interims[i]));
	flow->interim_count = 0;
	piece->kind = PIECE_BYTES;
	piece->bytes = (struct span){ room, (size_t)(out - room) };
}

/* Yields what may have left of the head by now, or PIECE_UNTIL. */
static void
staged_rest(struct answer *answer, const struct moment *moment, char *room,
    struct piece *piece)
{
	struct flow *flow = message_flow(&answer->message);
	struct flow_head *head = flow->head;
	uint64_t allowed = pace_allow(&head->pace, head->size, head->sent,
	    moment->now, &piece->until);

	if (allowed <= head->sent) {
		piece->kind = PIECE_UNTIL;
		return;
	}
	piece->kind = PIECE_BYTES;
	piece->bytes = (struct span){ room, (size_t)allowed - head->sent };
	memcpy(room, head->text + head->sent, piece->bytes.size);
	head->sent = (size_t)allowed;
	if (head->sent < head->size)
		return;
	free(head);
	flow->head = NULL;
	plan_end_pace(&answer->plan);
}

bool
staged_before(struct answer *answer, const struct moment *moment, char *room,
    struct piece *piece)
{
	struct flow *flow = message_flow(&answer->message);

	if (flow == NULL)
		return false;
	if (flow->interim_count > 0) {
		staged_interims(flow, room, piece);
		return true;
	}
	if (flow->head != NULL) {
		staged_rest(answer, moment, room, piece);
		return true;
	}
	if (flow->chunk == FLOW_CHUNK_DATA) {
		*piece = flow->data;
		flow->chunk = FLOW_CHUNK_END;
		return true;
	}
	if (flow->chunk == FLOW_CHUNK_END) {
		staged_put(staged_line_end, room, piece);
		flow->chunk = FLOW_CHUNK_NONE;
		return true;
	}
	return false;
}

size_t
staged_head(struct answer *answer, const struct moment *moment, char *room,
    size_t size)
{
	struct flow *flow = message_flow(&answer->message);
	struct flow_head *head;
	struct piece piece;

	if (flow == NULL || flow->headrate == 0)
		return size;
	head = malloc(sizeof(*head) + size);
	if (head == NULL) {
		plan_end_pace(&answer->plan);
		return size;
	}
	*head = (struct flow_head){ .size = size };
	head->pace = (struct pace){ .kind = PACE_RATE,
		.value = flow->headrate };
	memcpy(head->text, room, size);
	flow->head = head;
	staged_rest(answer, moment, room, &piece);
	return piece.bytes.size;
}

/* Writes the line that begins a chunk; returns its size. One that has no size on
 * purpose has letters that are no digits. */
static size_t
staged_line(struct flow *flow, size_t size, char line[STAGED_LINE_MAX])
{
	bool none = flow->chunk_is_none;

	flow->chunk_is_none = false;
	return (size_t)snprintf(line, STAGED_LINE_MAX,
	    none ? "no-size\r\n" : "%zx\r\n", size);
}

/* Puts the line of a chunk before the bytes in `room`, and its end behind. */
static void
staged_wrap(struct flow *flow, char *room, struct piece *piece)
{
	char line[STAGED_LINE_MAX];
	size_t size = piece->bytes.size, begin = staged_line(flow, size, line);

	memmove(room + begin, room, size);
	memcpy(room, line, begin);
	memcpy(room + begin + size, staged_line_end.data, staged_line_end.size);
	piece->bytes.size = begin + size + staged_line_end.size;
}

/* Keeps the piece for staged_before(), and yields the line of its chunk. */
static void
staged_begin_chunk(struct flow *flow, size_t size, char *room,
    struct piece *piece)
{
	flow->data = *piece;
	flow->chunk = FLOW_CHUNK_DATA;
	piece->kind = PIECE_BYTES;
	piece->bytes = (struct span){ room, staged_line(flow, size, room) };
}

/* Ends a content by the last chunk (RFC 9112 7.1), which is the first one too
 * where there is nothing, and by the trailers. A fault ends it without, but for a
 * chunk whose size is none. */
static void
staged_end(struct answer *answer, char *room, struct piece *piece)
{
	struct flow *flow = message_flow(&answer->message);
	int fault = decision_fault(answer->message.decision);
	size_t size;

	if (!answer->plan.content ||
	    !message_allows_content(&answer->message) ||
	    flow->chunk == FLOW_CHUNK_LAST ||
	    (fault != -1 && fault != FAULT_CHUNK))
		return;
	flow->chunk = FLOW_CHUNK_LAST;
	size = staged_line(flow, 0, room);
	if (flow->trailers != NULL)
		size = (size_t)(stpcpy(room + size, flow->trailers) - room);
	memcpy(room + size, staged_line_end.data, staged_line_end.size);
	piece->kind = PIECE_BYTES;
	piece->bytes = (struct span){ room, size + staged_line_end.size };
}

void
staged_chunk(struct answer *answer, char *room, struct piece *piece)
{
	struct flow *flow = message_flow(&answer->message);

	switch (piece->kind) {
	case PIECE_BYTES:
		staged_wrap(flow, room, piece);
		return;
	case PIECE_LENT:
		staged_begin_chunk(flow, piece->bytes.size, room, piece);
		return;
	case PIECE_FILE:
		staged_begin_chunk(flow, piece->file.size, room, piece);
		return;
	case PIECE_END:
		staged_end(answer, room, piece);
		return;
	case PIECE_HEAD:
	case PIECE_TURN:
	case PIECE_UNTIL:
	case PIECE_QUEUED:
	case PIECE_HANG:
	case PIECE_RESET:
		return;
	}
}
