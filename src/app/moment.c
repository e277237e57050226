/* Reads the clocks; whichever thread owns the moment. */
#include "config.h"

#include "app/moment.h"

#include "base/clock.h"

void
moment_renew(struct moment *moment)
{
	struct timespec wall;

	moment->now = clock_now();
	clock_gettime(CLOCK_REALTIME_COARSE, &wall);
	if (wall.tv_sec == moment->wall)
		return;
	moment->wall = wall.tv_sec;
	http_date_format(moment->date, wall.tv_sec);
}
