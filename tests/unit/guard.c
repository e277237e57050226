/* guard: maps memory between two pages that fault on any access. */
#include "config.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

void
guard_open(struct guard *guard, size_t room)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map;

	room = (room + page - 1) / page * page;
	map = mmap(NULL, room + 2 * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + page, room, PROT_READ | PROT_WRITE), 0);
	guard->data = map + page;
	guard->room = room;
}

void
guard_close(struct guard *guard)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	assert_int_equal(munmap(guard->data - page, guard->room + 2 * page), 0);
}

static struct span
guard_copy(char *to, struct span text)
{
	if (text.size > 0)
		memcpy(to, text.data, text.size);
	return (struct span){ to, text.size };
}

struct span
guard_at_end(const struct guard *guard, struct span text)
{
	assert_true(text.size <= guard->room);
	return guard_copy(guard->data + guard->room - text.size, text);
}

struct span
guard_at_start(const struct guard *guard, struct span text)
{
	assert_true(text.size <= guard->room);
	return guard_copy(guard->data, text);
}
