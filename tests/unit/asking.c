/* Asks an application as a connection would, without one. */
#include "config.h"

#include "asking.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/tally.h"
#include "base/clock.h"
#include "http/parser.h"
#include "tree.h"

const struct entrance asking_entrance = { .routes = app_site_routes };
const char asking_date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

int
asking_setup(void **state)
{
	static const char *const indexes[] = { "hello.html", "index.html",
		NULL };
	static _Atomic uint64_t drawn;
	static struct asking asking;

	drawn = 0;
	tree_enter();
	tree_write("hello.html", 'h', 5);
	tree_write("404.html", 'n', 3);
	tree_write("medium", 'm', MEDIUM);
	tree_write("large", 'l', LARGE);
	tree_write("empty", 'e', 0);
	mkdir("sub", 0755);
	mkdir("\\\xc3\xa9:", 0755);
	asking.config = (struct server_config){
		.app = { .site = { .indexes = indexes,
			     .missing = "404.html",
			     .open_files = 4 },
		    .limits = { { 60 * CLOCK_S, NULL, NULL }, 1 << 20, NULL },
		    .seed = 7,
		    .drawn = &drawn,
		    .tally = tally_new(100) },
		.max_body = 10,
	};
	asking.entrance = &asking_entrance;
	asking.moment = (struct moment){ .now = clock_now(),
		.wall = time(NULL) };
	memcpy(asking.moment.date, asking_date, HTTP_DATE_SIZE + 1);
	asking.totals = (struct totals){ .max_sleepers = 1,
		.crowded = "crowded" };
	memset(&asking.stats, 0, sizeof(asking.stats));
	asking.host = (struct exchange_host){ &asking.config, &asking.totals,
		&asking.app, &asking.moment, 0, &asking.stats };
	assert_return_code(app_open(&asking.app, &asking.config.app), 0);
	app_use_root(&asking.app, generation_new(open(".", O_PATH), NULL));
	*state = &asking;
	return 0;
}

int
asking_teardown(void **state)
{
	struct asking *asking = *state;

	app_close(&asking->app);
	tally_free(asking->config.app.tally);
	tree_leave();
	return 0;
}

void
asking_begin(struct asking *asking, const char *text)
{
	static struct http_request request;

	int line = (int)strcspn(text, "\r");

	print_message("# %.*s\n", line < 60 ? line : 60, text);
	assert_int_equal(http_request_parse(&request, span_of(text), 0),
	    HTTP_OK);
	exchange_begin(&asking->exchange, &asking->host, asking->entrance,
	    &request);
}

struct piece
asking_next(struct asking *asking)
{
	struct piece piece;

	exchange_next(&asking->exchange, &asking->host, asking->room, &piece);
	return piece;
}

/* Whether a text, which is a piece of its own, comes next. */
static bool
asking_has_text(const struct asking *asking)
{
	const struct answer *answer = &asking->exchange.answer;

	return plan_is_at(&answer->plan, ACT_CONTENT) &&
	       answer->message.file == NULL &&
	       message_has_content(&answer->message);
}

const char *
asking_next_bytes(struct asking *asking)
{
	struct piece piece = asking_next(asking);
	char text[MESSAGE_TEXT_MAX];
	size_t size = piece.bytes.size;

	assert_int_equal(piece.kind, PIECE_BYTES);
	assert_ptr_equal(piece.bytes.data, asking->room);
	assert_true(size < EXCHANGE_ROOM);
	if (asking_has_text(asking)) {
		exchange_next(&asking->exchange, &asking->host, text, &piece);
		assert_int_equal(piece.kind, PIECE_BYTES);
		assert_true(size + piece.bytes.size < EXCHANGE_ROOM);
		memcpy(asking->room + size, text, piece.bytes.size);
		size += piece.bytes.size;
	}
	asking->room[size] = '\0';
	return asking->room;
}

void
asking_end(struct asking *asking)
{
	exchange_end(&asking->exchange, &asking->host, NULL);
}

void
asking_assert_end(struct asking *asking, bool keep)
{
	assert_int_equal(asking_next(asking).kind, PIECE_END);
	assert_int_equal(asking->exchange.keep, keep);
	asking_end(asking);
}
