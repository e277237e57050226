/* Has applications with the paths of httpbin. */
#include "config.h"

#include "httpbinned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* For moment.who: the first client. */
static void
httpbinned_tell(const void *client, struct asker *asker)
{
	(void)client;
	*asker = (struct asker){ 1, 1, 0, "127.0.0.1", false };
}

int
httpbinned_setup(void **state)
{
	static const struct entrance entrance = {
		.routes = app_httpbin_routes
	};
	struct asking *asking;

	if (asking_setup(state) != 0)
		return -1;
	asking = *state;
	asking->entrance = &entrance;
	asking->moment.who = httpbinned_tell;
	return 0;
}

unsigned
httpbinned_status(const struct running *running)
{
	assert_memory_equal(running->bytes, "HTTP/1.1 ", 9);
	return (unsigned)strtoul(running->bytes + 9, NULL, 10);
}
