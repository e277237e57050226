/* The grammar of /sleep and /sleep/DURATION; any thread. */
#include "config.h"

#include "app/sleep.h"

#include "base/units.h"

enum sleep_result
sleep_parse(struct span rest, int64_t limit, int64_t *nanoseconds)
{
	int64_t asked = SLEEP_DEFAULT;

	if (rest.size > 0) {
		struct span text = { rest.data + 1, rest.size - 1 };

		switch (units_parse_duration(text, &asked)) {
		case UNITS_OK:
			break;
		case UNITS_MALFORMED:
			return SLEEP_MALFORMED;
		case UNITS_TOO_LARGE:
			return SLEEP_TOO_LONG;
		}
	}
	if (asked > limit)
		return SLEEP_TOO_LONG;
	*nanoseconds = asked;
	return SLEEP_OK;
}
