/*
 * message: what is answered to one request: a status, fields, and the source of
 * the content. It knows neither time nor connection, and holds no span into
 * the request; a protocol writes its head (app/head does for HTTP/1.1).
 */
#ifndef MTASYNC_APP_MESSAGE_H
#define MTASYNC_APP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/decision.h"
#include "app/moment.h"
#include "app/piece.h"
#include "app/site.h"
#include "app/source.h"
#include "base/span.h"
#include "http/ranges.h"

/* Room for the line of text that is the content where there is no file. */
#define MESSAGE_TEXT_MAX 512

/* Room for what message_next() writes. */
#define MESSAGE_ROOM MADE_ROOM

/* Bytes of the field lines that a message may own. */
#define MESSAGE_FIELDS_MAX ((size_t)12 * 1024)
/* Who answers, for the counts of requests. */
enum handler {
	HANDLER_FILE, /* whose number is what a message has at first */
	HANDLER_NONE, /* nobody: the request was malformed, or not whole */
	HANDLER_SLEEP,
	HANDLER_ECHO,
	HANDLER_HTTPBIN,
	HANDLER_ADMIN,
	HANDLERS,
};

struct document;
struct listing;
struct parts;

/*
 * The content comes from a file, whole or a range of it; from several ranges of
 * it, which are framed; from the listing of a directory; from a document; from a source; or,
 * without any of these, it is a line of text: the status, its reason, and the sentence. Where
 * the decision has a flow that makes one, that takes the place of all these.
 */
struct message {
	struct file *file;           /* a counted reference; or NULL */
	union {                      /* owned, or NULL */
		struct parts *parts; /* with a file: several ranges of it */
		char *location;      /* without: Location */
		char *fields;        /* if `fielded`: lines of its own */
	};
	struct decision *decision; /* owned: what words have it be; or NULL */
	union {
		uint64_t start;       /* with a file: the first byte to come */
		const char *sentence; /* without: what the text says more;
				       * or NULL */
		struct listing *listing;   /* if `listed`: owned */
		struct document *document; /* if `written`: owned */
		struct source *source;     /* if `sourced`: owned */
	};
	uint64_t size;    /* with a file: how many bytes; of a 416, its size */
	uint64_t yielded; /* bytes of content so far */
	uint16_t status;
	bool allow : 1;     /* carries Allow */
	bool varies : 1;    /* with the request's Accept */
	bool listed : 1;    /* the content is a listing */
	bool unsettled : 1; /* message_settle() has something to do */
	bool owns : 1;      /* something of what it may own: a decision, say */
	bool front : 1;    /* message_settle() makes it the site's front page */
	bool unstored : 1; /* nobody may store it, as of what any method asks
			    * for: /sleep and /echo */
	bool verbatim : 1; /* `sentence` alone is the content */
	bool heap : 1;     /* `sentence` is owned */
	bool written : 1;  /* the content is a document */
	bool fielded : 1;  /* it has `fields`, and neither parts nor Location */
	bool sourced : 1;  /* the content is the source's affair */
	uint8_t handler : 3; /* enum handler: who answers */
	uint32_t came;       /* see message_note_start() */
};

_Static_assert(sizeof(struct message) == offsetof(struct message, status) + 8,
    "message_is_ordinary() compares no padding");

/* Makes a 200 that holds nothing yet. */
void message_init(struct message *message);

/* Notes that it was asked for at `now`, as clock_now(), unless that has been noted:
 * of an answer that does not end at once. */
static inline void
message_note_start(struct message *message, int64_t now)
{
	if (message->came == 0)
		message->came = (uint32_t)(now >> 16) | 1;
}

/* How long ago that was: ns, in steps of 131 us, modulo 78 hours; 0 where it has not
 * been noted. */
static inline int64_t
message_age(const struct message *message, int64_t now)
{
	if (message->came == 0)
		return 0;
	return (int64_t)(((uint32_t)(now >> 16) | 1) - message->came) << 16;
}

/* Whether it is a 200 from a file that ended at once, with nothing special about it:
 * what almost all are. All that tells is compared at once, since each request pays
 * for it. */
static inline bool
message_is_ordinary(const struct message *message)
{
	static const struct message ordinary = { .status = 200,
		.handler = HANDLER_FILE };

	return memcmp(&message->status, &ordinary.status,
		   sizeof(struct message) - offsetof(struct message, status)) ==
	       0;
}

/* Lets go of the file and of all that the message owns. */
void message_fini(struct message *message);

/*
 * Replaces whatever it is by a status and a sentence, which is constant while
 * the message lives; or NULL.
 */
void message_set(struct message *message, unsigned status,
    const char *sentence);

/* The same with a sentence that the message takes over, to be freed by free(). */
void message_set_owned(struct message *message, unsigned status,
    char *sentence);

/* Makes it a 200 with a source, which the message takes over. */
void message_set_source(struct message *message, struct source *source);

/* Has a document take the source's place, and leaves all else as it is. */
void message_fill(struct message *message, struct document *document);

/* Makes it a 200 with a document, which the message takes over. */
void message_set_document(struct message *message, struct document *document);

/* Shows its source, if it has one, the next bytes of the request's content. */
static inline void
message_hear(struct message *message, struct span content)
{
	if (message->sourced && message->source->kind->hear != NULL)
		message->source->kind->hear(message->source, content);
}

/* Makes it a 200 whose content is a constant text. */
void message_set_text(struct message *message, const char *text);

/*
 * Gives it the status that words want: to what it is, where that has a content of
 * the same kind; else it becomes a line that says so. For HTTP's sake a 304 has
 * the fields of its file, and a 405 Allow.
 */
void message_set_status(struct message *message, unsigned status);

/* Takes over what words have decided about it. */
static inline void
message_set_decision(struct message *message, struct decision *decision)
{
	message->decision = decision;
	message->owns = true;
}

/* Returns how it goes out, or NULL: as fast as it can. */
static inline struct flow *
message_flow(const struct message *message)
{
	return message->decision != NULL ? message->decision->flow : NULL;
}

/*
 * Makes the message what the site has for a query: the file; or what takes its
 * place, as the site is configured: a file with one of its extensions, a
 * directory's listing, the fallback; or the status and page of its absence. May
 * wait for the disk. Only the site's thread.
 */
void message_find(struct message *message, struct site *site,
    const struct site_query *query, const struct moment *moment);

/*
 * Has message_settle() look the front page up, when the head is due: a request
 * that waits for its time holds no file, and gets the page as it is then.
 */
void message_use_front(struct message *message);

/*
 * Looks the front page up, where the message is to be that; where the site has
 * none, it is a line of text. Goes on with a listing. Has a source ready it.
 * Before the head is written. Returns 0 where it may be, or when to ask again, as clock_now(). May
 * wait for the disk. Only the site's thread.
 */
int64_t message_settle(struct message *message, struct site *site,
    const struct moment *moment);

/*
 * Makes a 206 of a 200 with a file. It stays a 200, as RFC 9110 14.2 allows,
 * for several ranges where memory is short, or where the file is coded: their
 * frame is not, so that no Content-Encoding would be true.
 */
void message_select(struct message *message, const struct http_ranges *ranges);

/* Takes a Location over, to be freed by free(). */
static inline void
message_set_location(struct message *message, char *location)
{
	message->location = location;
	message->owns = true;
}

/* Takes field lines over, each with its CRLF, MESSAGE_FIELDS_MAX bytes at most, to
 * be freed by free(); for a message without a file and a Location. They take the
 * place of the fields that it has by itself. */
static inline void
message_set_fields(struct message *message, char *fields)
{
	message->fields = fields;
	message->fielded = message->owns = true;
}

/* Has the content of a message without a file be a constant text, whatever the
 * status is, and what has been decided. */
static inline void
message_say(struct message *message, const char *text)
{
	message->sentence = text;
	message->verbatim = true;
}

/* Makes a 416 of a 200 with a file (RFC 9110 15.5.17). */
void message_refuse_ranges(struct message *message);

/* Whether it is the plain 200 of a whole file, whose head is ready made. */
static inline bool
message_is_plain(const struct message *message)
{
	return message->status == 200 && message->file != NULL &&
	       !message->varies && !message->owns;
}

/* The Content-Type of a content without a file; a constant. */
const char *message_type(const struct message *message);

/* Whether the status allows content (RFC 9110 6.4.1). */
bool message_allows_content(const struct message *message);

/* Whether the status may have content: of a 205, a server sends none (15.3.6). */
static inline bool
message_may_have_content(const struct message *message)
{
	return message_allows_content(message) && message->status != 205;
}

/* Whether there is content to send, and how many bytes in all; before any of
 * it has been yielded. */
bool message_has_content(const struct message *message);
uint64_t message_length(const struct message *message);

/*
 * Yields the next PIECE_BYTES, PIECE_LENT or PIECE_FILE of a content that
 * message_has_content(), of `most` bytes at most, which is not 0; `room` has
 * MESSAGE_ROOM bytes. Returns false where that was the last one.
 */
bool message_next(struct message *message, uint64_t most, char *room,
    struct piece *piece);

/*
 * Whether nobody has written to the file of a PIECE_FILE since its head told of
 * it, unless behind its end; to be asked before its last bytes are sent. Costs
 * one fstat(2).
 */
bool message_file_is_unchanged(const struct message *message);

#endif
