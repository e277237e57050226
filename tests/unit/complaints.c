/* complaints: texts that are refused, each at a guard page. */
#include "config.h"

#include "complaints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"

#define COMPLAINTS_TEXT_MAX 4096

static void
complaints_check_row(const struct complaints_row *row,
    const struct complaint *why, const char *text)
{
	if (why->at != text + row->column ||
	    strstr(why->wanted, row->wanted) == NULL)
		fail_msg("'%s': column %td, wanted %s", row->text,
		    why->at - text, why->wanted);
	/* nothing of it has been cut off */
	assert_true(strlen(why->wanted) < sizeof(why->wanted) - 1);
}

void
complaints_check(bool (*parse)(struct span text, struct complaint *why),
    const struct complaints_row *rows, size_t count)
{
	struct guard guard;

	guard_open(&guard, COMPLAINTS_TEXT_MAX);
	for (size_t i = 0; i < count; i++) {
		struct complaint why = { 0 }, of_example;
		struct span text = guard_at_end(&guard, span_of(rows[i].text));

		if (parse(text, &why))
			fail_msg("'%s' is accepted", rows[i].text);
		complaints_check_row(&rows[i], &why, text.data);
		if (!parse(span_of(why.example), &of_example))
			fail_msg("'%s': its example '%s' is refused",
			    rows[i].text, why.example);
	}
	guard_close(&guard);
}
