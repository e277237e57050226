/* Fills complaints in; any thread. */
#include "config.h"

#include "app/complaint.h"

#include <stdarg.h>
#include <stdio.h>

bool
complain(struct complaint *complaint, const char *at, const char *example,
    const char *wanted, ...)
{
	va_list arguments;

	complaint->at = at;
	complaint->example = example;
	va_start(arguments, wanted);
	vsnprintf(complaint->wanted, sizeof(complaint->wanted), wanted,
	    arguments);
	va_end(arguments);
	return false;
}
