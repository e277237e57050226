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

#include "base/clock.h"
#include "http/parser.h"
#include "tree.h"

const char asking_date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

int
asking_setup(void **state)
{
	static struct asking asking;

	tree_enter();
	tree_write("hello.html", 'h', 5);
	tree_write("404.html", 'n', 3);
	tree_write("medium", 'm', MEDIUM);
	tree_write("large", 'l', LARGE);
	tree_write("empty", 'e', 0);
	mkdir("sub", 0755);
	asking.config = (struct app_config){
		.site = { .index = "hello.html",
		    .missing = "404.html",
		    .open_files = 4 },
		.max_sleep = 60 * CLOCK_S,
	};
	asking.moment = (struct moment){ .now = clock_now(),
		.wall = time(NULL),
		.date = asking_date };
	assert_return_code(app_open(&asking.app, &asking.config), 0);
	app_use_root(&asking.app, generation_new(open(".", O_PATH)));
	*state = &asking;
	return 0;
}

int
asking_teardown(void **state)
{
	struct asking *asking = *state;

	app_close(&asking->app);
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
	app_answer(&asking->app, &request, &asking->moment, &asking->answer);
}

struct piece
asking_next(struct asking *asking)
{
	struct piece piece;

	answer_next(&asking->answer, &asking->moment, asking->room, &piece);
	return piece;
}

const char *
asking_next_bytes(struct asking *asking)
{
	struct piece piece = asking_next(asking);

	assert_int_equal(piece.kind, PIECE_BYTES);
	assert_ptr_equal(piece.bytes.data, asking->room);
	assert_true(piece.bytes.size < ANSWER_ROOM);
	asking->room[piece.bytes.size] = '\0';
	return asking->room;
}

void
asking_assert_end(struct asking *asking, enum piece_kind kind)
{
	assert_int_equal(asking_next(asking).kind, kind);
	answer_fini(&asking->answer);
}
